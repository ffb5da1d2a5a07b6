// Routes of CompreFace's face collection: subjects and their enrolled faces.
#include <utility>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/enrolment.hpp"
#include "gateway/rest/gallery_api.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

using http::Response;

constexpr std::size_t max_json = 64'000;

class CollectionApi {
  public:
    explicit CollectionApi(const Backend& backend) : backend_(backend) {}

    Answered<http::Response> list_subjects(const Call&) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        Json answer{{"subjects", Json::array()}};
        for (const auto& entry : *all) answer["subjects"].push_back(entry.subject.name);
        return http::Response{.body = dump(answer)};
    }

    Answered<http::Response> add_subject(const Call& call) const {
        const auto name = name_in(call.request.body);
        if (!name) return std::unexpected(name.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto added = (*store)->add_subject(*name);
        if (!added) return std::unexpected(to_fault(added.error(), fault_code::subject_exists));
        backend_.changed();
        return http::Response{.status = 201, .body = dump({{"subject", added->name}})};
    }

    Answered<http::Response> rename_subject(const Call& call) const {
        const auto name = name_in(call.request.body);
        if (!name) return std::unexpected(name.error());
        auto found = existing(call.path.at("subject"));
        if (!found) return std::unexpected(found.error());
        const auto merged = found->store->rename(found->name, *name);
        if (!merged) return std::unexpected(to_fault(merged.error()));
        backend_.changed();
        return http::Response{.body = dump({{"updated", true}, {"merged", *merged}})};
    }

    Answered<http::Response> remove_subject(const Call& call) const {
        auto found = existing(call.path.at("subject"));
        if (!found) return std::unexpected(found.error());
        const auto manual_commands = found->store->remove(found->name);
        backend_.changed();
        if (!manual_commands) return std::unexpected(to_fault(manual_commands.error()));
        return http::Response{.body = removed({{"subject", found->name}}, *manual_commands)};
    }

    Answered<http::Response> remove_all_subjects(const Call&) const { return remove_all(true); }

    Answered<http::Response> list_faces(const Call& call) const {
        const auto requested = page(call.request.query);
        if (!requested) return std::unexpected(requested.error());
        const auto subject = optional_subject(call.request.query);
        if (!subject) return std::unexpected(subject.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        if (*subject) {
            std::erase_if(*all, [&](const auto& entry) { return entry.subject.name != **subject; });
        }
        std::size_t total = 0;
        for (const auto& entry : *all) total += entry.samples;
        const auto faces =
            (*store)->samples(*all, requested->number * requested->size, requested->size);
        if (!faces) return std::unexpected(to_fault(faces.error()));
        Json answer{{"faces", Json::array()},
                    {"page_number", requested->number},
                    {"page_size", requested->size},
                    {"total_pages", (total + requested->size - 1) / requested->size},
                    {"total_elements", total}};
        for (const auto& [name, sample] : *faces) {
            answer["faces"].push_back({{"image_id", gallery::to_uuid(sample.id)},
                                       {"subject", name},
                                       {"source", sample.source},
                                       {"quality", rounded(sample.quality)},
                                       {"created", iso8601(sample.created)},
                                       {"model", sample.model_id}});
        }
        return http::Response{.body = dump(answer)};
    }

    Answered<http::Response> add_face(const Call& call) const {
        const auto text = required_text(call.request.query, "subject");
        const auto subject = text ? subject_name(*text) : text;
        if (!subject) return std::unexpected(subject.error());
        const auto options = image_options(call.request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = form_of(call.request);
        if (!form) return std::unexpected(form.error());
        const auto part = part_of(*form, "file");
        if (!part) return std::unexpected(part.error());
        const auto enrolled = enrol(backend_, *subject, *part, options->min_score);
        if (!enrolled) return std::unexpected(enrolled.error());
        backend_.changed();
        return http::Response{.status = enrolled->already ? 200 : 201,
                              .body = dump({{"image_id", gallery::to_uuid(enrolled->sample)},
                                            {"subject", *subject},
                                            {"quality", rounded(enrolled->quality)},
                                            {"already_enrolled", enrolled->already}})};
    }

    Answered<http::Response> remove_faces(const Call& call) const {
        const auto subject = optional_subject(call.request.query);
        if (!subject) return std::unexpected(subject.error());
        if (!*subject) {
            if (call.role == api_keys::Role::admin) return remove_all(false);
            return refuse(403, 403,
                          "removing the faces of all subjects requires a key with the role admin; "
                          "add ?subject=NAME to remove the faces of one");
        }
        auto found = existing(**subject);
        if (!found) return std::unexpected(found.error());
        const auto outcome = found->store->remove_samples(found->name);
        backend_.changed();
        if (!outcome) return std::unexpected(to_fault(outcome.error()));
        return http::Response{.body =
                                  removed({{"deleted", outcome->count}}, outcome->manual_commands)};
    }

    Answered<http::Response> image(const Call& call) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto photo = (*store)->photo(gallery::from_uuid(call.path.at("image_id")));
        if (!photo) return std::unexpected(to_fault(photo.error()));
        if (!*photo) {
            return refuse(404, fault_code::no_such_image,
                          "no image is stored for this image_id; GET /api/v1/recognition/faces "
                          "lists all ids, and gallery.keep_photos stores images");
        }
        return http::Response{.body = std::move(**photo), .type = "image/jpeg"};
    }

    Answered<http::Response> remove_face(const Call& call) const {
        const auto& id = call.path.at("image_id");
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto outcome = (*store)->remove_sample(gallery::from_uuid(id));
        if (!outcome) {
            auto fault = to_fault(outcome.error(), fault_code::no_such_image);
            if (outcome.error().kind == ErrorKind::refused) fault.status = 404;
            return std::unexpected(std::move(fault));
        }
        backend_.changed();
        return http::Response{.body = removed({{"image_id", id}, {"subject", outcome->subject}},
                                              outcome->manual_commands)};
    }

  private:
    /// Name of a subject in the gallery, with the leased store.
    struct Existing {
        Pool<gallery::Store>::Lease store;
        std::string name;
    };

    Answered<Existing> existing(const std::string& text) const {
        auto name = subject_name(text);
        if (!name) return std::unexpected(name.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto subject = (*store)->find(*name);
        if (!subject) return std::unexpected(to_fault(subject.error()));
        if (!*subject) return std::unexpected(no_such_subject(*name));
        return Existing{std::move(*store), std::move(*name)};
    }

    /// Returns the name in {"subject": "..."}.
    static Answered<std::string> name_in(const std::string& body) {
        const auto json = Json::parse(body, nullptr, false);
        if (!json.is_object() || !json.contains("subject") || !json["subject"].is_string()) {
            return refuse(400, fault_code::missing_parameter,
                          "the body must be JSON, for example {\"subject\": \"Alice\"}");
        }
        return subject_name(json["subject"].get<std::string>());
    }

    Answered<http::Response> remove_all(bool subjects_too) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto outcome = (*store)->remove_all(subjects_too);
        backend_.changed();
        if (!outcome) return std::unexpected(to_fault(outcome.error()));
        return http::Response{.body =
                                  removed({{"deleted", outcome->count}}, outcome->manual_commands)};
    }

    /// Returns the JSON of `answer`. `commands`, if not empty, must be run on Redis manually to
    /// erase the data from its files.
    static std::string removed(Json answer, const std::string& commands) {
        if (!commands.empty()) answer["run_on_redis"] = commands;
        return dump(answer);
    }

    const Backend& backend_;
};

}  // namespace

std::vector<Route> collection_routes(const Backend& backend) {
    const CollectionApi api(backend);
    const auto max_upload = static_cast<std::size_t>(backend.options.max_upload) * 1'000'000;
    const std::string subjects = "/api/v1/recognition/subjects";
    const std::string faces = "/api/v1/recognition/faces";
    using Answer = Answered<http::Response> (CollectionApi::*)(const Call&) const;
    const auto to = [&](Answer answer) {
        return [api, answer](const Call& call) { return (api.*answer)(call); };
    };
    return {{"GET", subjects, api_keys::Role::read, max_json, to(&CollectionApi::list_subjects)},
            {"POST", subjects, api_keys::Role::enrol, max_json, to(&CollectionApi::add_subject)},
            {"DELETE", subjects, api_keys::Role::admin, max_json,
             to(&CollectionApi::remove_all_subjects)},
            {"PUT", subjects + "/{subject*}", api_keys::Role::enrol, max_json,
             to(&CollectionApi::rename_subject)},
            {"DELETE", subjects + "/{subject*}", api_keys::Role::enrol, max_json,
             to(&CollectionApi::remove_subject)},
            {"GET", faces, api_keys::Role::read, max_json, to(&CollectionApi::list_faces)},
            {"POST", faces, api_keys::Role::enrol, max_upload, to(&CollectionApi::add_face)},
            {"DELETE", faces, api_keys::Role::enrol, max_json, to(&CollectionApi::remove_faces)},
            {"GET", faces + "/{image_id}/img", api_keys::Role::enrol, max_json,
             to(&CollectionApi::image)},
            {"DELETE", faces + "/{image_id}", api_keys::Role::enrol, max_json,
             to(&CollectionApi::remove_face)}};
}

}  // namespace facebus::gateway
