#include "gateway/live/inbox_api.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "enrolment/enroller.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/enrolment.hpp"
#include "json.hpp"

namespace facebus::gateway {
namespace {

using http::Response;

constexpr std::size_t max_json = 64'000;
// As many as are enrolled from a video: more samples of the same visits add little.
constexpr std::size_t max_samples = 5;
constexpr std::size_t generated_name_digits = 6;

class InboxApi {
  public:
    InboxApi(const Backend& backend, Inbox& inbox) : backend_(backend), inbox_(inbox) {}

    Answered<http::Response> list(const Call&) const {
        Json groups = Json::array();
        // Group with the decision threshold: faces in a group would recognise each other.
        for (const auto& group : inbox_.groups(backend_.gallery().policy.threshold)) {
            Json faces = Json::array();
            for (const auto& face : group) faces.push_back(face_json(*face));
            groups.push_back({{"faces", std::move(faces)}});
        }
        return http::Response{.body = dump({{"groups", std::move(groups)}})};
    }

    Answered<http::Response> image(const Call& call) const {
        const auto faces = inbox_.find({gallery::from_uuid(call.path.at("face_id"))});
        if (faces.empty()) return std::unexpected(no_such_faces());
        return http::Response{.body = faces.front()->jpeg, .type = "image/jpeg"};
    }

    Answered<http::Response> name(const Call& call) const {
        const auto json = Json::parse(call.request.body, nullptr, false);
        const auto subject = subject_in(json);
        if (!subject) return std::unexpected(subject.error());
        const auto faces = faces_in(json);
        if (!faces) return std::unexpected(faces.error());
        return enrol(*subject, false, *faces);
    }

    Answered<http::Response> ignore(const Call& call) const {
        const auto json = Json::parse(call.request.body, nullptr, false);
        const auto faces = faces_in(json);
        if (!faces) return std::unexpected(faces.error());
        // Every subject needs a name; generate one if the request has none.
        const auto subject = json.contains("subject")
                                 ? subject_in(json)
                                 : "ignored " + faces->front()->id.substr(0, generated_name_digits);
        if (!subject) return std::unexpected(subject.error());
        return enrol(*subject, true, *faces);
    }

    Answered<http::Response> dismiss(const Call& call) const {
        const auto faces = faces_in(Json::parse(call.request.body, nullptr, false));
        if (!faces) return std::unexpected(faces.error());
        inbox_.remove(*faces);
        return http::Response{.body = dump({{"dismissed", faces->size()}})};
    }

  private:
    [[nodiscard]] Json face_json(const InboxFace& face) const {
        Json json{{"id", gallery::to_uuid(face.id)},
                  {"camera", face.camera},
                  {"track", face.track},
                  {"time", iso8601(face.seen)},
                  {"quality", rounded(face.quality.overall)}};
        if (const auto refused = enrolment::enrolment_error(face.quality, backend_.rules)) {
            json["refusal"] = refused->message;
        }
        return json;
    }

    static Answered<std::string> subject_in(const Json& json) {
        if (json.is_object() && json.contains("subject") && json["subject"].is_string()) {
            return subject_name(json["subject"].get<std::string>());
        }
        return refuse(400, fault_code::missing_parameter,
                      "the body must be JSON, for example {\"subject\": \"Alice\", \"faces\": "
                      "[\"...\"]}");
    }

    static Fault no_such_faces() {
        return {404, fault_code::no_such_image,
                "these faces no longer exist; GET /api/v1/unknown lists the current ones"};
    }

    /// Returns the existing faces of {"faces": [...]}.
    [[nodiscard]] Answered<std::vector<Inbox::Face>> faces_in(const Json& json) const {
        std::vector<std::string> ids;
        const bool good =
            json.is_object() && json.contains("faces") && json["faces"].is_array() &&
            !json["faces"].empty() &&
            std::ranges::all_of(json["faces"], [](const Json& id) { return id.is_string(); });
        if (!good) {
            return refuse(400, fault_code::missing_parameter,
                          "the body must be JSON with \"faces\", a list of ids from GET "
                          "/api/v1/unknown");
        }
        ids.reserve(json["faces"].size());
        for (const auto& id : json["faces"])
            ids.push_back(gallery::from_uuid(id.get<std::string>()));
        auto found = inbox_.find(ids);
        if (found.empty()) return std::unexpected(no_such_faces());
        return found;
    }

    /// Returns the best faces that the enrolment rules allow.
    [[nodiscard]] Answered<std::vector<Inbox::Face>> best_allowed(
        std::vector<Inbox::Face> faces) const {
        std::ranges::sort(faces, std::greater{},
                          [](const Inbox::Face& face) { return face->quality.overall; });
        const auto best = faces.front();
        std::erase_if(faces, [&](const Inbox::Face& face) {
            return enrolment::enrolment_error(face->quality, backend_.rules).has_value();
        });
        if (faces.empty()) {
            const auto why = enrolment::enrolment_error(best->quality, backend_.rules);
            return std::unexpected(to_fault(why.value(), fault_code::bad_image));
        }
        if (faces.size() > max_samples) faces.resize(max_samples);
        return faces;
    }

    [[nodiscard]] Answered<http::Response> enrol(const std::string& subject, bool ignored,
                                                 const std::vector<Inbox::Face>& faces) const {
        const auto samples = best_allowed(faces);
        if (!samples) return std::unexpected(samples.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        std::size_t added = 0;
        std::size_t already = 0;
        for (const auto& face : *samples) {
            const auto one = enrolment::enrol(**store, subject, sample_of(*face));
            if (!one) {
                backend_.changed();
                return std::unexpected(to_fault(one.error()));
            }
            added += one->added;
            already += one->already;
        }
        if (ignored) {
            const auto set = (*store)->set_ignored(subject, true);
            if (!set) return std::unexpected(to_fault(set.error()));
        }
        inbox_.remove(faces);
        backend_.changed();
        return http::Response{.body = dump({{"subject", subject},
                                            {"added", added},
                                            {"already_enrolled", already},
                                            {"skipped", faces.size() - added - already}})};
    }

    [[nodiscard]] enrolment::FaceSample sample_of(const InboxFace& face) const {
        enrolment::FaceSample face_sample;
        face_sample.sample.source = fmt::format("camera {}, {}", face.camera, iso8601(face.seen));
        face_sample.sample.model_id = backend_.gallery().snapshot->model_id();
        face_sample.sample.quality = face.quality.overall;
        face_sample.sample.embedding = face.embedding;
        if (backend_.rules.keep_photos) face_sample.photo = face.jpeg;
        return face_sample;
    }

    const Backend& backend_;
    Inbox& inbox_;
};

}  // namespace

std::vector<Route> inbox_routes(const Backend& backend, Inbox& inbox) {
    const InboxApi api(backend, inbox);
    using Answer = Answered<http::Response> (InboxApi::*)(const Call&) const;
    const auto to = [&](Answer answer) {
        return [api, answer](const Call& call) { return (api.*answer)(call); };
    };
    const std::string unknown = "/api/v1/unknown";
    return {
        {"GET", unknown, api_keys::Role::read, 0, to(&InboxApi::list)},
        {"GET", unknown + "/{face_id}/img", api_keys::Role::read, 0, to(&InboxApi::image)},
        {"POST", unknown + "/name", api_keys::Role::enrol, max_json, to(&InboxApi::name)},
        {"POST", unknown + "/ignore", api_keys::Role::enrol, max_json, to(&InboxApi::ignore)},
        {"POST", unknown + "/dismiss", api_keys::Role::enrol, max_json, to(&InboxApi::dismiss)}};
}

}  // namespace facebus::gateway
