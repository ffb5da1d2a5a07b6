// Gallery routes that CompreFace lacks.
#include "gateway/rest/gallery_api.hpp"

#include <filesystem>
#include <fstream>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/temporary_folder.hpp"
#include "gallery/id.hpp"
#include "gallery_file/gallery_file.hpp"
#include "gateway/rest/enrolment.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

using http::Response;

constexpr std::size_t max_json = 64'000;
constexpr std::size_t max_passphrase = 1024;

/// Derives the subject from a file name like `facebus gallery add`: "Alice/1.jpg" and "Alice.jpg"
/// both belong to Alice.
std::string subject_of(std::string_view filename) {
    const std::filesystem::path path(filename);
    const auto folder = path.parent_path().filename().string();
    return folder.empty() ? path.stem().string() : folder;
}

class GalleryApi {
  public:
    explicit GalleryApi(const Backend& backend) : backend_(backend) {}

    Answered<http::Response> subjects(const Call&) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        Json answer{{"subjects", Json::array()}};
        for (const auto& entry : *all) {
            answer["subjects"].push_back({{"subject", entry.subject.name},
                                          {"id", entry.subject.id},
                                          {"faces", entry.samples},
                                          {"ignored", entry.subject.ignored},
                                          {"created", iso8601(entry.subject.created)}});
        }
        return http::Response{.body = dump(answer)};
    }

    Answered<http::Response> change(const Call& call) const {
        const auto json = Json::parse(call.request.body, nullptr, false);
        if (!json.is_object() || !json.contains("ignored") || !json["ignored"].is_boolean()) {
            return refuse(400, fault_code::missing_parameter,
                          "the body must be JSON, for example {\"ignored\": true}");
        }
        const bool ignored = json["ignored"].get<bool>();
        const auto name = subject_name(call.path.at("subject"));
        if (!name) return std::unexpected(name.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        if (const auto set = (*store)->set_ignored(*name, ignored); !set) {
            if (set.error().kind == ErrorKind::refused) {
                return std::unexpected(no_such_subject(*name));
            }
            return std::unexpected(to_fault(set.error()));
        }
        backend_.changed();
        return http::Response{.body = dump({{"subject", *name}, {"ignored", ignored}})};
    }

    /// Enrols each photo independently: a rejected photo does not affect the others.
    Answered<http::Response> add_many(const Call& call) const {
        const auto common_subject = optional_subject(call.request.query);
        if (!common_subject) return std::unexpected(common_subject.error());
        const auto options = image_options(call.request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = form_of(call.request);
        if (!form) return std::unexpected(form.error());
        if (const auto part = part_of(*form, "file"); !part) return std::unexpected(part.error());

        Json faces = Json::array();
        std::size_t added = 0;
        std::size_t already = 0;
        for (const auto& part : *form) {
            if (part.name != "file") continue;
            Json face{{"file", part.filename}};
            const auto subject = subject_name(common_subject->value_or(subject_of(part.filename)));
            const auto enrolled = subject ? enrol(backend_, *subject, part, options->min_score)
                                          : std::unexpected(subject.error());
            if (enrolled) {
                ++(enrolled->already ? already : added);
                face["subject"] = *subject;
                face["image_id"] = gallery::to_uuid(enrolled->sample);
                face["quality"] = rounded(enrolled->quality);
                face["already_enrolled"] = enrolled->already;
            } else if (enrolled.error().status == 503) {
                // Redis is unavailable or the gateway busy; the remaining photos would fail too.
                backend_.changed();
                return std::unexpected(enrolled.error());
            } else {
                face["message"] = enrolled.error().message;
                face["code"] = enrolled.error().code;
            }
            faces.push_back(std::move(face));
        }
        backend_.changed();
        return http::Response{.body = dump({{"added", added},
                                            {"already_enrolled", already},
                                            {"refused", faces.size() - added - already},
                                            {"faces", std::move(faces)}})};
    }

    Answered<http::Response> merge(const Call& call) const {
        const auto json = Json::parse(call.request.body, nullptr, false);
        const auto text = [&](const char* key) {
            return json.is_object() && json.contains(key) && json[key].is_string()
                       ? json[key].get<std::string>()
                       : std::string();
        };
        if (text("from").empty() || text("into").empty()) {
            return refuse(400, fault_code::missing_parameter,
                          "the body must be JSON, for example {\"from\": \"Al\", \"into\": "
                          "\"Alice\"}");
        }
        const auto from = subject_name(text("from"));
        if (!from) return std::unexpected(from.error());
        const auto into = subject_name(text("into"));
        if (!into) return std::unexpected(into.error());
        if (*from == *into) {
            return refuse(409, 409, "from and into are the same subject");
        }
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        for (const auto& name : {*from, *into}) {
            const auto found = (*store)->find(name);
            if (!found) return std::unexpected(to_fault(found.error()));
            if (!*found) return std::unexpected(no_such_subject(name));
        }
        const auto merged = (*store)->rename(*from, *into);
        if (!merged) return std::unexpected(to_fault(merged.error()));
        backend_.changed();
        return http::Response{.body = dump({{"subject", *into}, {"merged", *merged}})};
    }

    Answered<http::Response> export_all(const Call& call) const {
        const auto passphrase = passphrase_in(call.request.body);
        if (!passphrase) return std::unexpected(passphrase.error());
        // One at a time: deriving a key from the passphrase takes a second and 256 MB.
        const std::unique_lock turn(turn_, backend_.timeout());
        if (!turn) return refuse(503, 503, "another export or import is running; try again");
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        // Deleted on return. The open stream keeps the data until the response is sent.
        const TemporaryFolder folder;
        const auto file = folder / "facebus.gallery";
        const auto written = gallery_file::export_gallery(**store, file, *passphrase);
        if (!written) return std::unexpected(to_fault(written.error()));
        auto archive = std::make_shared<std::ifstream>(file, std::ios::binary);
        if (!*archive) return refuse(503, 503, "the archive can't be opened; try again");
        return http::Response{
            .type = "application/octet-stream",
            .headers = {{"Content-Disposition", "attachment; filename=\"facebus.gallery\""}},
            .stream = std::move(archive)};
    }

    Answered<http::Response> import_all(const Call& call) const {
        const auto form = form_of(call.request);
        if (!form) return std::unexpected(form.error());
        const auto archive = part_of(*form, "file");
        if (!archive) return std::unexpected(archive.error());
        const auto secret = std::ranges::find(*form, "passphrase", &http::FormPart::name);
        const std::string passphrase(secret == form->end() ? "" : secret->content);
        if (passphrase.size() > max_passphrase) return too_long();

        const std::unique_lock turn(turn_, backend_.timeout());
        if (!turn) return refuse(503, 503, "another export or import is running; try again");
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const TemporaryFolder folder;
        const auto file = folder / "the archive";
        {
            std::ofstream out(file, std::ios::binary);
            out << archive->content;
            if (!out.flush()) {
                return refuse(503, 503, "no space for the archive on the gateway's disk");
            }
        }
        auto imported = gallery_file::import_gallery(**store, file, passphrase);
        backend_.changed();
        if (!imported) {
            auto fault = to_fault(imported.error(), fault_code::bad_argument);
            // Hide the path on the gateway's disk from the client.
            if (const auto at = fault.message.find(file.string()); at != std::string::npos) {
                fault.message.replace(at, file.string().size(), "the archive");
            }
            return std::unexpected(std::move(fault));
        }
        return http::Response{.body = dump({{"added", imported->added},
                                            {"already_enrolled", imported->already},
                                            {"expected", imported->expected}})};
    }

  private:
    static std::unexpected<Fault> too_long() {
        return refuse(400, fault_code::bad_argument,
                      fmt::format("the passphrase is longer than {} bytes", max_passphrase));
    }

    /// Returns the value of {"passphrase": "..."}; empty if there is no body.
    static Answered<std::string> passphrase_in(const std::string& body) {
        if (body.empty()) return std::string();
        const auto json = Json::parse(body, nullptr, false);
        if (!json.is_object() || (json.contains("passphrase") && !json["passphrase"].is_string())) {
            return refuse(400, fault_code::bad_argument,
                          "the body must be empty or JSON, for example {\"passphrase\": \"...\"}");
        }
        auto passphrase = json.value("passphrase", std::string());
        if (json.contains("passphrase") && passphrase.empty()) {
            return refuse(400, fault_code::bad_argument,
                          "the passphrase is empty; omit it for an unencrypted archive");
        }
        if (passphrase.size() > max_passphrase) return too_long();
        return passphrase;
    }

    const Backend& backend_;
    mutable std::timed_mutex turn_;  ///< held during an export or import
};

}  // namespace

std::vector<Route> gallery_routes(const Backend& backend) {
    const auto api = std::make_shared<const GalleryApi>(backend);
    const auto& set = backend.options;
    const auto upload = static_cast<std::size_t>(set.max_upload) * 1'000'000;
    const auto import = static_cast<std::size_t>(set.max_import) * 1'000'000;
    return {{"GET", "/api/v1/gallery/subjects", api_keys::Role::read, max_json,
             [api](const Call& call) { return api->subjects(call); }},
            {"PUT", "/api/v1/gallery/subjects/{subject*}", api_keys::Role::enrol, max_json,
             [api](const Call& call) { return api->change(call); }},
            {"POST", "/api/v1/gallery/faces", api_keys::Role::enrol, upload,
             [api](const Call& call) { return api->add_many(call); }},
            {"POST", "/api/v1/gallery/merge", api_keys::Role::enrol, max_json,
             [api](const Call& call) { return api->merge(call); }},
            {"POST", "/api/v1/gallery/export", api_keys::Role::admin, max_json,
             [api](const Call& call) { return api->export_all(call); }},
            {"POST", "/api/v1/gallery/import", api_keys::Role::admin, import,
             [api](const Call& call) { return api->import_all(call); }}};
}

}  // namespace facebus::gateway
