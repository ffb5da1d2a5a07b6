#include "gateway/live/unknown_faces_api.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "enrolment/enroller.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/enrolment.hpp"
#include "gateway/rest/json_body.hpp"
#include "gateway/rest/removal.hpp"
#include "json.hpp"

namespace facebus::gateway {
namespace {

constexpr std::size_t max_json_bytes = 64'000;
// Maximum number of faces that one request enrols. The same limit as max_samples_per_video in
// enrolment/enroller.cpp, because further samples from the same few tracks add little information.
constexpr std::size_t max_samples = 5;
constexpr std::size_t generated_name_digits = 6;

class UnknownFacesApi {
  public:
    UnknownFacesApi(const Backend& backend, UnknownFaces& unknown_faces)
        : backend_(backend), unknown_faces_(unknown_faces) {}

    HttpResult<http::Response> list(const AuthorizedRequest&) const {
        Json groups = Json::array();
        const auto view = backend_.gallery();
        for (const auto& group : unknown_faces_.groups(view.snapshot->space())) {
            Json faces = Json::array();
            for (const auto& face : group) faces.push_back(face_json(*face));
            groups.push_back({{"faces", std::move(faces)}});
        }
        return http::Response{.body = dump({{"groups", std::move(groups)}})};
    }

    HttpResult<http::Response> get_image(const AuthorizedRequest& request) const {
        const auto faces =
            unknown_faces_.find({gallery::from_uuid(request.path_parameters.at("face_id"))});
        if (faces.empty()) return std::unexpected(no_such_faces());
        return http::Response{.body = faces.front()->jpeg, .type = "image/jpeg"};
    }

    HttpResult<http::Response> name(const AuthorizedRequest& request) const {
        const auto json =
            parse_json(request.http_request.body, {"subject", "faces", "allow_duplicate"});
        if (!json) return std::unexpected(json.error());
        const auto subject = parse_subject(*json);
        if (!subject) return std::unexpected(subject.error());
        const auto faces = parse_faces(*json);
        if (!faces) return std::unexpected(faces.error());
        return enrol(*subject, false, *faces, *json);
    }

    HttpResult<http::Response> ignore(const AuthorizedRequest& request) const {
        const auto json =
            parse_json(request.http_request.body, {"subject", "faces", "allow_duplicate"});
        if (!json) return std::unexpected(json.error());
        const auto faces = parse_faces(*json);
        if (!faces) return std::unexpected(faces.error());
        // Every subject requires a name. Generate one if the request has none.
        const auto subject = json->contains("subject")
                                 ? parse_subject(*json)
                                 : "ignored " + faces->front()->id.substr(0, generated_name_digits);
        if (!subject) return std::unexpected(subject.error());
        return enrol(*subject, true, *faces, *json);
    }

    HttpResult<http::Response> dismiss(const AuthorizedRequest& request) const {
        const auto json = parse_json(request.http_request.body, {"faces"});
        if (!json) return std::unexpected(json.error());
        const auto faces = parse_faces(*json);
        if (!faces) return std::unexpected(faces.error());
        unknown_faces_.remove(*faces);
        return http::Response{.body = dump({{"dismissed", faces->size()}})};
    }

  private:
    [[nodiscard]] Json face_json(const UnknownFace& face) const {
        Json json{{"id", gallery::to_uuid(face.id)},
                  {"camera", face.camera},
                  {"track", face.track},
                  {"time", iso8601(face.seen)},
                  {"quality", rounded(face.quality.overall)}};
        if (const auto error =
                enrolment::enrolment_error(face.quality, backend_.enrolment_options)) {
            json["refusal"] = error->message;
        }
        return json;
    }

    static HttpResult<std::string> parse_subject(const Json& json) {
        if (json.is_object() && json.contains("subject") && json["subject"].is_string()) {
            return subject_name(json["subject"].get<std::string>());
        }
        return http_error(400, fault_code::missing_parameter,
                          "the body must be JSON, for example {\"subject\": \"Alice\", \"faces\": "
                          "[\"...\"]}");
    }

    static Fault no_such_faces() {
        return {404, fault_code::no_such_image,
                "face not found; GET /api/v1/unknown lists the faces of unknown people"};
    }

    /// Returns the faces whose ids are in the body {"faces": [...]}. Skips ids that do not exist.
    /// Fails if the body is invalid or none of the ids exists.
    [[nodiscard]] HttpResult<std::vector<UnknownFaces::Face>> parse_faces(const Json& json) const {
        std::vector<std::string> ids;
        const bool valid =
            json.is_object() && json.contains("faces") && json["faces"].is_array() &&
            !json["faces"].empty() &&
            std::ranges::all_of(json["faces"], [](const Json& id) { return id.is_string(); });
        if (!valid) {
            return http_error(400, fault_code::missing_parameter,
                              "the body must be JSON with \"faces\", a list of ids from GET "
                              "/api/v1/unknown");
        }
        ids.reserve(json["faces"].size());
        for (const auto& id : json["faces"])
            ids.push_back(gallery::from_uuid(id.get<std::string>()));
        auto found = unknown_faces_.find(ids);
        if (found.empty()) return std::unexpected(no_such_faces());
        return found;
    }

    /// Returns the best faces among those that are good enough to be enrolled, at most
    /// `max_samples`. If no face is good enough, fails with the reason why the best face is
    /// rejected.
    [[nodiscard]] HttpResult<std::vector<UnknownFaces::Face>> best_enrollable(
        std::vector<UnknownFaces::Face> faces) const {
        std::ranges::sort(faces, std::greater{},
                          [](const UnknownFaces::Face& face) { return face->quality.overall; });
        const auto best = faces.front();
        std::erase_if(faces, [&](const UnknownFaces::Face& face) {
            return enrolment::enrolment_error(face->quality, backend_.enrolment_options)
                .has_value();
        });
        if (faces.empty()) {
            const auto error =
                enrolment::enrolment_error(best->quality, backend_.enrolment_options);
            return std::unexpected(to_fault(error.value(), fault_code::bad_image));
        }
        if (faces.size() > max_samples) faces.resize(max_samples);
        return faces;
    }

    /// Returns the value of the key `allow_duplicate`, or false if it is missing.
    static HttpResult<bool> parse_allow_duplicate(const Json& json) {
        if (!json.contains("allow_duplicate")) return false;
        if (json["allow_duplicate"].is_boolean()) return json["allow_duplicate"].get<bool>();
        return http_error(400, fault_code::bad_argument, "allow_duplicate must be true or false");
    }

    /// Enrols the best of `faces` as `subject`, marks it as ignored if `ignored` is true, and
    /// removes all `faces` from the list of unknown people. Fails with the error of check_person()
    /// if one of the best faces belongs to another subject, unless `body` allows this.
    [[nodiscard]] HttpResult<http::Response> enrol(const std::string& subject, bool ignored,
                                                   const std::vector<UnknownFaces::Face>& faces,
                                                   const Json& body) const {
        const auto allowed = parse_allow_duplicate(body);
        if (!allowed) return std::unexpected(allowed.error());
        const auto samples = best_enrollable(faces);
        if (!samples) return std::unexpected(samples.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        for (const auto& face : *samples) {
            if (*allowed) break;
            const auto checked = check_person(backend_, **store, subject, face->embedding);
            if (!checked) return std::unexpected(checked.error());
        }
        std::size_t added = 0;
        std::size_t already = 0;
        for (const auto& face : *samples) {
            const auto outcome = enrolment::enrol(**store, subject, to_sample(*face));
            if (!outcome) {
                backend_.refresh_gallery();
                return std::unexpected(to_fault(outcome.error()));
            }
            added += outcome->added;
            already += outcome->already;
        }
        if (ignored) {
            const auto changed = (*store)->set_ignored(subject, true);
            if (!changed) return std::unexpected(to_fault(changed.error()));
        }
        store->end();
        unknown_faces_.remove(faces);
        backend_.refresh_gallery();
        Json reply{{"subject", subject},
                   {"added", added},
                   {"already_enrolled", already},
                   {"skipped", faces.size() - added - already}};
        return http::Response{.body = ignored ? erase_traces(backend_, reply) : dump(reply)};
    }

    [[nodiscard]] enrolment::FaceSample to_sample(const UnknownFace& face) const {
        enrolment::FaceSample face_sample;
        face_sample.sample.source = fmt::format("camera {}, {}", face.camera, iso8601(face.seen));
        face_sample.sample.model_id = backend_.gallery().snapshot->model_id();
        face_sample.sample.quality = face.quality.overall;
        face_sample.sample.embedding = face.embedding;
        if (backend_.enrolment_options.keep_photos) face_sample.photo = face.jpeg;
        return face_sample;
    }

    const Backend& backend_;
    UnknownFaces& unknown_faces_;
};

}  // namespace

std::vector<Route> unknown_faces_routes(const Backend& backend, UnknownFaces& unknown_faces) {
    const UnknownFacesApi api(backend, unknown_faces);
    using Method = HttpResult<http::Response> (UnknownFacesApi::*)(const AuthorizedRequest&) const;
    const auto to = [&](Method method) {
        return [api, method](const AuthorizedRequest& request) { return (api.*method)(request); };
    };
    const std::string unknown = "/api/v1/unknown";
    return {{"GET", unknown, api_keys::Role::read, 0, to(&UnknownFacesApi::list)},
            {"GET", unknown + "/{face_id}/img", api_keys::Role::read, 0,
             to(&UnknownFacesApi::get_image)},
            {"POST", unknown + "/name", api_keys::Role::enrol, max_json_bytes,
             to(&UnknownFacesApi::name)},
            {"POST", unknown + "/ignore", api_keys::Role::enrol, max_json_bytes,
             to(&UnknownFacesApi::ignore)},
            {"POST", unknown + "/dismiss", api_keys::Role::enrol, max_json_bytes,
             to(&UnknownFacesApi::dismiss)}};
}

}  // namespace facebus::gateway
