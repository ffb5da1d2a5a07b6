#include "enrolment/enroller.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "gallery/decide/duplicates.hpp"
#include "vision/crop/align.hpp"
#include "vision/crop/crop_file.hpp"
#include "vision/crop/quality.hpp"
#include "vision/image/image_file.hpp"

namespace facebus::enrolment {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_samples_per_video = 5;
// Limits below which a photo is not enrolled. With a sample of a sharpness below 4, searches miss
// the person in at least 88% of cases instead of 15%; see docs/accuracy.md. All faces in LFW have a
// score of at least 0.97 from MTCNN and of at least 0.98 from YuNet, also if they are blurred.
constexpr Options useless{.min_eye_distance = 12, .min_sharpness = 4, .min_quality = 0};
constexpr float useless_score = 0.9F;
// Maximum area of a face in the background, as a share of the area of the largest face, if that one
// is in the centre. Measured on 289 photos of LFW with several faces and on 19 group photos: with
// these values, one face remains in 195 of the former, always the right one, and in none of the
// latter.
constexpr float background_area = 0.5F;
constexpr float background_area_if_cut_off = 0.8F;

/// Returns a message for users that explains the flaw. `verb`: "required" or "recommended".
std::string explain(Flaw flaw, const Quality& quality, const Options& rules, const char* verb) {
    switch (flaw) {
        case Flaw::too_small:
            return fmt::format(
                "the face is too small: {:.0f} pixels between the eyes; at least {:.0f} are {}",
                quality.eye_distance, rules.min_eye_distance, verb);
        case Flaw::blurred:
            return fmt::format("the face is blurred: sharpness {:.0f}; at least {:.0f} is {}",
                               quality.sharpness, rules.min_sharpness, verb);
        case Flaw::poor:
            break;
    }
    return fmt::format(
        "the face quality is too low: {:.2f}; at least {:.2f} is {} (sharpness {:.0f}, yaw {:.2f}, "
        "detector score {:.2f})",
        quality.overall, rules.min_quality, verb, quality.sharpness, quality.yaw, quality.detector);
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
    return Error{ErrorKind::refused, explain(*found, quality, rules, "required")};
}

std::vector<vision::Sighting> prominent_faces(std::vector<vision::Sighting> faces, int width,
                                              int height) {
    if (faces.empty()) return faces;
    std::ranges::sort(faces, std::greater{},
                      [](const vision::Sighting& face) { return face.box.area(); });
    const auto w = static_cast<float>(width);
    const auto h = static_cast<float>(height);
    const auto box = faces.front().box;
    const float eyes = eye_distance(faces.front().landmarks);
    const bool central = box.x <= w / 2 && box.x + box.width >= w / 2 && box.y <= h / 2 &&
                         box.y + box.height >= h / 2;
    faces.erase(std::remove_if(std::next(faces.begin()), faces.end(),
                               [&](const vision::Sighting& face) {
                                   if (eye_distance(face.landmarks) * 3 < eyes) return true;
                                   const auto& other = face.box;
                                   const bool cut_off = other.x <= 0 || other.y <= 0 ||
                                                        other.x + other.width >= w ||
                                                        other.y + other.height >= h;
                                   const float share =
                                       cut_off ? background_area_if_cut_off : background_area;
                                   return central && other.area() <= share * box.area();
                               }),
                faces.end());
    return faces;
}

Error face_count_error(std::size_t faces, const Options& rules) {
    if (faces == 0) {
        return {ErrorKind::refused,
                fmt::format("no face of at least {} pixels found; use a larger or clearer image",
                            rules.min_eye_distance * 2)};
    }
    return {
        ErrorKind::refused,
        fmt::format("{} faces found; crop the image so that it shows one person, or so that the "
                    "face of the person is in the centre and at least twice as large",
                    faces)};
}

Enroller::Enroller(const fs::path& models, const vision::DetectorOptions& detector,
                   const Options& rules, const vision::EmbedderOptions& embedder)
    : rules_(rules), detector_(models, detector), embedder_(models, embedder) {}

Result<FaceSample> Enroller::sample(const Image& image, const std::string& source) {
    const auto faces = prominent_faces(sightings(image), image.width, image.height);
    if (faces.size() != 1) return std::unexpected(face_count_error(faces.size(), rules_));
    return sample(faces.front().crop, faces.front().quality, source, rules_.refuse_poor);
}

Result<FaceSample> Enroller::sample(const fs::path& file) {
    const auto source = file.filename().string();
    const auto crop = vision::read_crop(file);
    // read_crop() returns nothing if the file is an ordinary image or missing. It fails if the file
    // is marked as a crop but cannot be used.
    if (!crop) return std::unexpected(crop.error());
    if (*crop) {
        return sample((*crop)->image, (*crop)->quality, source, rules_.refuse_poor);
    }
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
                                    const std::string& source, bool refuse_poor) {
    const auto flaw = find_flaw(quality, rules_);
    if (flaw && (refuse_poor || find_flaw(quality, useless) || quality.detector < useless_score)) {
        return fail(ErrorKind::refused, explain(*flaw, quality, rules_, "required"));
    }
    FaceSample face;
    if (flaw) face.warning = explain(*flaw, quality, rules_, "recommended");
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

Result<std::optional<gallery::Candidate>> find_other_person(gallery::Store& store,
                                                            const std::string& name,
                                                            const Embedding& face,
                                                            Matcher& matcher) {
    auto gallery = store.refresh(matcher.gallery);
    if (!gallery) return std::unexpected(std::move(gallery.error()));
    matcher.gallery = std::move(*gallery);
    const auto subject = store.find(name);
    if (!subject) return std::unexpected(subject.error());
    return gallery::find_other_subject(face, *subject ? (*subject)->id : std::string(),
                                       *matcher.gallery, matcher.policy);
}

std::string looks_like(const gallery::Candidate& person) {
    const auto who = person.ignored ? "an ignored person" : fmt::format("\"{}\"", person.name);
    return fmt::format("the face looks like {}, {:.2f}", who, person.similarity);
}

Result<Enrolled> enrol(gallery::Store& store, const std::string& name, const FaceSample& face) {
    auto added = store.add(name, face.sample, face.photo);
    if (added) return Enrolled{.added = 1};
    if (added.error().kind == ErrorKind::exists) return Enrolled{.already = 1};
    return std::unexpected(std::move(added.error()));
}

Result<Enrolled> Enroller::add(gallery::Store& store, const std::string& name,
                               const std::vector<vision::Sighting>& faces,
                               const std::string& source, Matcher* matcher) {
    Enrolled enrolled;
    Error rejection{ErrorKind::refused, "no face found"};
    for (const auto& sighting : faces) {
        if (enrolled.added + enrolled.already == max_samples_per_video) break;
        const auto face = sample(sighting.crop, sighting.quality, source, true);
        if (face && matcher != nullptr) {
            const auto other = find_other_person(store, name, face->sample.embedding, *matcher);
            if (!other) return std::unexpected(other.error());
            if (*other) {
                rejection.message = looks_like(**other);
                continue;
            }
        }
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
