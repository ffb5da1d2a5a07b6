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

constexpr std::size_t most_json = 64'000;
// As many as are enrolled of a video: more of the same visits tell little more.
constexpr std::size_t most_samples = 5;
constexpr std::size_t made_up_digits = 6;

class InboxApi {
  public:
    InboxApi(const Backend& backend, Inbox& inbox) : backend_(backend), inbox_(inbox) {}

    Answered<http::Response> list(const Call&) const {
        Json groups = Json::array();
        // The similarity that makes a face somebody's makes two faces one person's: who is grouped
        // here would be recognised by one another's pictures.
        for (const auto& group : inbox_.groups(backend_.gallery().policy.threshold)) {
            Json faces = Json::array();
            for (const auto& face : group) faces.push_back(face_json(*face));
            groups.push_back({{"faces", std::move(faces)}});
        }
        return http::Response{.body = dump({{"groups", std::move(groups)}})};
    }

    Answered<http::Response> picture(const Call& call) const {
        const auto faces = inbox_.find({gallery::from_uuid(call.path.at("face_id"))});
        if (faces.empty()) return std::unexpected(gone());
        return http::Response{.body = faces.front()->picture, .type = "image/jpeg"};
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
        // Somebody whom nobody names needs a name all the same, to be found in the gallery.
        const auto subject = json.contains("subject")
                                 ? subject_in(json)
                                 : "not reported " + faces->front()->id.substr(0, made_up_digits);
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
        if (const auto refused = enrolment::refusal(face.quality, backend_.rules)) {
            json["refusal"] = refused->message;
        }
        return json;
    }

    static Answered<std::string> subject_in(const Json& json) {
        if (json.is_object() && json.contains("subject") && json["subject"].is_string()) {
            return subject_name(json["subject"].get<std::string>());
        }
        return refuse(400, fault_code::missing_parameter,
                      "the body has to be JSON such as {\"subject\": \"Alice\", \"faces\": "
                      "[\"...\"]}");
    }

    static Fault gone() {
        return {404, fault_code::no_such_image,
                "these faces are not here any more; GET /api/v1/unknown lists those that are"};
    }

    /// The faces of {"faces": [...]} that are there.
    [[nodiscard]] Answered<std::vector<Inbox::Face>> faces_in(const Json& json) const {
        std::vector<std::string> ids;
        const bool good =
            json.is_object() && json.contains("faces") && json["faces"].is_array() &&
            !json["faces"].empty() &&
            std::ranges::all_of(json["faces"], [](const Json& id) { return id.is_string(); });
        if (!good) {
            return refuse(400, fault_code::missing_parameter,
                          "the body has to be JSON with \"faces\", a list of ids of GET "
                          "/api/v1/unknown");
        }
        ids.reserve(json["faces"].size());
        for (const auto& id : json["faces"])
            ids.push_back(gallery::from_uuid(id.get<std::string>()));
        auto found = inbox_.find(ids);
        if (found.empty()) return std::unexpected(gone());
        return found;
    }

    /// The best of those that may be enrolled.
    [[nodiscard]] Answered<std::vector<Inbox::Face>> fit(std::vector<Inbox::Face> faces) const {
        std::ranges::sort(faces, std::greater{},
                          [](const Inbox::Face& face) { return face->quality.overall; });
        const auto best = faces.front();
        std::erase_if(faces, [&](const Inbox::Face& face) {
            return enrolment::refusal(face->quality, backend_.rules).has_value();
        });
        if (faces.empty()) {
            const auto why = enrolment::refusal(best->quality, backend_.rules);
            return std::unexpected(to_fault(why.value(), fault_code::bad_picture));
        }
        if (faces.size() > most_samples) faces.resize(most_samples);
        return faces;
    }

    [[nodiscard]] Answered<http::Response> enrol(const std::string& subject, bool ignored,
                                                 const std::vector<Inbox::Face>& faces) const {
        const auto samples = fit(faces);
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
                                            {"left_out", faces.size() - added - already}})};
    }

    [[nodiscard]] enrolment::FaceSample sample_of(const InboxFace& face) const {
        enrolment::FaceSample made;
        made.sample.source = fmt::format("camera {}, {}", face.camera, iso8601(face.seen));
        made.sample.model_id = backend_.gallery().snapshot->model_id();
        made.sample.quality = face.quality.overall;
        made.sample.embedding = face.embedding;
        if (backend_.rules.keep_photos) made.picture = face.picture;
        return made;
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
        {"GET", unknown + "/{face_id}/img", api_keys::Role::read, 0, to(&InboxApi::picture)},
        {"POST", unknown + "/name", api_keys::Role::enrol, most_json, to(&InboxApi::name)},
        {"POST", unknown + "/ignore", api_keys::Role::enrol, most_json, to(&InboxApi::ignore)},
        {"POST", unknown + "/dismiss", api_keys::Role::enrol, most_json, to(&InboxApi::dismiss)}};
}

}  // namespace facebus::gateway
