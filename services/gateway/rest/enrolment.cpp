#include "gateway/rest/enrolment.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/embedding.hpp"
#include "gallery/name.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

/// Finds the stored sample that `sample` duplicates: the most similar sample of the subject.
HttpResult<Enrolment> find_duplicate(gallery::Store& store, const std::string& subject,
                                     const gallery::Sample& sample) {
    const auto samples = store.show(subject);
    if (!samples) return std::unexpected(to_fault(samples.error()));
    if (samples->empty()) return std::unexpected(no_such_subject(subject));
    const auto same = std::ranges::max_element(*samples, {}, [&](const gallery::Sample& other) {
        return similarity(other.embedding, sample.embedding);
    });
    return Enrolment{
        .sample = same->id, .already_enrolled = true, .quality = same->quality, .warning = {}};
}

}  // namespace

Fault no_such_subject(const std::string& name) {
    return {404, fault_code::no_such_subject,
            fmt::format("subject \"{}\" not found; GET /api/v1/recognition/subjects lists all "
                        "subjects",
                        name)};
}

HttpResult<gallery::Subject> find_subject(gallery::Store& store, const std::string& name) {
    auto found = store.find(name);
    if (!found) return std::unexpected(to_fault(found.error()));
    if (!*found) return std::unexpected(no_such_subject(name));
    return std::move(**found);
}

HttpResult<std::string> subject_name(const std::string& name) {
    auto clean = gallery::clean_name(name);
    if (clean) return std::move(*clean);
    return std::unexpected(to_fault(clean.error()));
}

HttpResult<void> check_person(const Backend& backend, gallery::Store& store,
                              const std::string& subject, const Embedding& face) {
    const auto view = backend.gallery();
    enrolment::Matcher matcher{view.snapshot, view.policy};
    const auto other = enrolment::find_other_person(store, subject, face, matcher);
    if (!other) return std::unexpected(to_fault(other.error()));
    if (!*other) return {};
    return http_error(
        409, 409,
        enrolment::looks_like(**other) + "; to enrol it all the same, send allow_duplicate=true");
}

HttpResult<Enrolment> enrol(const Backend& backend, const std::string& subject,
                            const http::FormPart& photo, const ImageOptions& options) {
    enrolment::FaceSample face;
    {
        const auto image = backend.images.decode(photo);
        if (!image) return std::unexpected(image.error());
        auto stage = lease(backend.stages, backend);
        if (!stage) return std::unexpected(stage.error());
        auto sample = (*stage)->sample(**image, options.min_score, file_name_of(photo));
        if (!sample) return std::unexpected(sample.error());
        face = std::move(*sample);
    }
    auto store = lease(backend.stores, backend);
    if (!store) return std::unexpected(store.error());
    if (!options.allow_duplicate) {
        const auto checked = check_person(backend, **store, subject, face.sample.embedding);
        if (!checked) return std::unexpected(checked.error());
    }
    const auto added = (*store)->add(subject, face.sample, face.photo);
    if (added) {
        return Enrolment{.sample = added->id, .quality = added->quality, .warning = face.warning};
    }
    if (added.error().kind == ErrorKind::exists)
        return find_duplicate(**store, subject, face.sample);
    return std::unexpected(to_fault(added.error()));
}

}  // namespace facebus::gateway
