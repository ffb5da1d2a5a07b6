#include "enrolment/enroller.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "vision/crop/align.hpp"
#include "vision/crop/crop_file.hpp"
#include "vision/crop/quality.hpp"
#include "vision/image/image_file.hpp"

namespace facebus::enrolment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_samples_per_video = 5;

/// Returns a message for users that explains the flaw.
std::string explain(Flaw flaw, const Quality& quality, const Options& rules) {
    switch (flaw) {
        case Flaw::too_small:
            return fmt::format(
                "the face is too small: {:.0f} pixels between the eyes; at least {:.0f} are "
                "required",
                quality.eye_distance, rules.min_eye_distance);
        case Flaw::blurred:
            return fmt::format("the face is blurred: sharpness {:.0f}; at least {:.0f} is required",
                               quality.sharpness, rules.min_sharpness);
        case Flaw::poor:
            break;
    }
    return fmt::format(
        "the face quality is too low: {:.2f}; at least {:.2f} is required (sharpness {:.0f}, yaw "
        "{:.2f}, detector score {:.2f})",
        quality.overall, rules.min_quality, quality.sharpness, quality.yaw, quality.detector);
}

}  // namespace

std::optional<Flaw> find_flaw(const Quality& quality, const Options& rules) {
    if (quality.eye_distance < rules.min_eye_distance) return Flaw::too_small;
    if (quality.sharpness < rules.min_sharpness) return Flaw::blurred;
    if (quality.overall < rules.min_quality) return Flaw::poor;
    return std::nullopt;
}

std::optional<Error> enrolment_error(const Quality& quality, const Options& rules) {
    const auto found = find_flaw(quality, rules);
    if (!found) return std::nullopt;
    return Error{ErrorKind::refused, explain(*found, quality, rules)};
}

std::vector<vision::Sighting> prominent_faces(std::vector<vision::Sighting> faces) {
    std::ranges::sort(faces, std::greater{},
                      [](const vision::Sighting& face) { return eye_distance(face.landmarks); });
    std::erase_if(faces, [largest = faces.empty() ? 0 : eye_distance(faces.front().landmarks)](
                             const vision::Sighting& face) {
        return eye_distance(face.landmarks) * 3 < largest;
    });
    return faces;
}

Error face_count_error(std::size_t faces, const Options& rules) {
    if (faces == 0) {
        return {ErrorKind::refused,
                fmt::format("no face of at least {} pixels found; use a larger or clearer image",
                            rules.min_eye_distance * 2)};
    }
    return {ErrorKind::refused,
            fmt::format("{} faces found; crop the image so that it shows one person", faces)};
}

Enroller::Enroller(const fs::path& models, const vision::DetectorOptions& detector,
                   const Options& rules)
    : rules_(rules), detector_(models, detector), embedder_(models) {}

Result<FaceSample> Enroller::sample(const Image& image, const std::string& source) {
    const auto faces = prominent_faces(sightings(image));
    if (faces.size() != 1) return std::unexpected(face_count_error(faces.size(), rules_));
    return sample(faces.front().crop, faces.front().quality, source);
}

Result<FaceSample> Enroller::sample(const fs::path& file) {
    const auto source = file.filename().string();
    const auto crop = vision::read_crop(file);
    // read_crop() returns nothing if the file is an ordinary image or missing. It fails if the file
    // is marked as a crop but cannot be used.
    if (!crop) return std::unexpected(crop.error());
    if (*crop) return sample((*crop)->image, (*crop)->quality, source);
    const auto image = vision::read_image(file);
    if (!image) return std::unexpected(image.error());
    return sample(*image, source);
}

std::vector<vision::Sighting> Enroller::sightings(const Image& image) {
    std::vector<vision::Sighting> all;
    for (const auto& face : detector_.detect(image)) {
        auto crop = vision::align(image, face);
        const auto quality = vision::assess(crop, face);
        all.push_back({face.box, face.landmarks, quality, std::move(crop)});
    }
    return all;
}

Result<FaceSample> Enroller::sample(const Image& crop, const Quality& quality,
                                    const std::string& source) {
    if (auto error = enrolment_error(quality, rules_)) return std::unexpected(std::move(*error));
    FaceSample face;
    if (rules_.keep_photos) {
        auto photo = vision::encode_image(crop, ".jpg");
        if (!photo) return std::unexpected(std::move(photo.error()));
        face.photo = std::move(*photo);
    }
    face.sample.source = source;
    face.sample.model_id = embedder_.model_id();
    face.sample.quality = quality.overall;
    face.sample.embedding = embedder_.embed({&crop, 1}).front();
    return face;
}

Result<Enrolled> enrol(gallery::Store& store, const std::string& name, const FaceSample& face) {
    auto added = store.add(name, face.sample, face.photo);
    if (added) return Enrolled{.added = 1};
    if (added.error().kind == ErrorKind::exists) return Enrolled{.already = 1};
    return std::unexpected(std::move(added.error()));
}

Result<Enrolled> Enroller::add(gallery::Store& store, const std::string& name,
                               const std::vector<vision::Sighting>& faces,
                               const std::string& source) {
    Enrolled enrolled;
    Error rejection{ErrorKind::refused, "no face found"};
    for (const auto& sighting : faces) {
        if (enrolled.added + enrolled.already == max_samples_per_video) break;
        const auto face = sample(sighting.crop, sighting.quality, source);
        auto result = face ? enrol(store, name, *face) : std::unexpected(face.error());
        if (result) {
            enrolled.added += result->added;
            enrolled.already += result->already;
        } else if (result.error().kind == ErrorKind::unavailable) {
            return result;
        } else {
            rejection = std::move(result.error());
        }
    }
    if (enrolled.added + enrolled.already == 0) return std::unexpected(std::move(rejection));
    return enrolled;
}

}  // namespace facebus::enrolment
