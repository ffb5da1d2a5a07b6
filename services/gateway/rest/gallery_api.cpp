// Gallery routes that CompreFace does not have.
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
#include "gateway/rest/json_body.hpp"
#include "gateway/rest/removal.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

constexpr std::size_t max_json_bytes = 64'000;
constexpr std::size_t max_passphrase_bytes = 1024;

/// Derives the name of the subject from the file name of a photo: both "Alice/1.jpg" and
/// "Alice.jpg" show Alice.
std::string subject_from(std::string_view filename) {
    const std::filesystem::path path(filename);
    const auto folder = path.parent_path().filename().string();
    return folder.empty() ? path.stem().string() : folder;
}

class GalleryApi {
  public:
    explicit GalleryApi(const Backend& backend) : backend_(backend) {}

    HttpResult<http::Response> subjects(const AuthorizedRequest&) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        Json body{{"subjects", Json::array()}};
        for (const auto& entry : *all) {
            body["subjects"].push_back({{"subject", entry.subject.name},
                                        {"id", entry.subject.id},
                                        {"faces", entry.samples},
                                        {"ignored", entry.subject.ignored},
                                        {"created", iso8601(entry.subject.created)}});
        }
        return http::Response{.body = dump(body)};
    }

    /// Sets whether a subject is ignored.
    HttpResult<http::Response> set_ignored(const AuthorizedRequest& request) const {
        const auto json = parse_json(request.http_request.body, {"ignored"});
        if (!json) return std::unexpected(json.error());
        if (!json->is_object() || !json->contains("ignored") || !(*json)["ignored"].is_boolean()) {
            return http_error(400, fault_code::missing_parameter,
                              "the body must be JSON, for example {\"ignored\": true}");
        }
        const bool ignored = (*json)["ignored"].get<bool>();
        const auto& text = request.path_parameters.at("subject");
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto subject = find_subject(**store, text);
        if (!subject) return std::unexpected(subject.error());
        if (const auto changed = (*store)->set_ignored(subject->name, ignored); !changed) {
            return std::unexpected(changed.error().kind == ErrorKind::refused
                                       ? no_such_subject(text)
                                       : to_fault(changed.error()));
        }
        store->end();
        backend_.refresh_gallery();
        Json body{{"subject", subject->name}, {"ignored", ignored}};
        return http::Response{.body = ignored ? erase_traces(backend_, body) : dump(body)};
    }

    /// Enrols each photo independently: a rejected photo does not affect the others. But if an
    /// error concerns the gateway instead of the photo (status 503), fails with this error and
    /// skips the remaining photos.
    HttpResult<http::Response> add_many(const AuthorizedRequest& request) const {
        const auto common_subject = optional_parameter(request.http_request.query, "subject");
        if (!common_subject) return std::unexpected(common_subject.error());
        if (*common_subject) {
            const auto name = subject_name(**common_subject);
            if (!name) return std::unexpected(name.error());
        }
        const auto options = parse_image_options(request.http_request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = read_form(request.http_request);
        if (!form) return std::unexpected(form.error());
        if (const auto part = find_part(*form, "file"); !part) return std::unexpected(part.error());

        Json faces = Json::array();
        std::size_t added = 0;
        std::size_t already = 0;
        for (const auto& part : *form) {
            if (part.name != "file") continue;
            Json face{{"file", part.filename}};
            const auto subject =
                subject_name(common_subject->value_or(subject_from(part.filename)));
            const auto enrolled = subject ? enrol(backend_, *subject, part, *options)
                                          : std::unexpected(subject.error());
            if (enrolled) {
                ++(enrolled->already_enrolled ? already : added);
                face["subject"] = *subject;
                face["image_id"] = gallery::to_uuid(enrolled->sample);
                face["quality"] = rounded(enrolled->quality);
                face["already_enrolled"] = enrolled->already_enrolled;
                if (!enrolled->warning.empty()) face["warning"] = enrolled->warning;
            } else if (enrolled.error().status == 503) {
                // Redis is unavailable or the gateway is busy, so the remaining photos would
                // probably fail, too. The photos before this one stay enrolled.
                backend_.refresh_gallery();
                return std::unexpected(enrolled.error());
            } else {
                face["message"] = enrolled.error().message;
                face["code"] = enrolled.error().code;
            }
            faces.push_back(std::move(face));
        }
        backend_.refresh_gallery();
        return http::Response{.body = dump({{"added", added},
                                            {"already_enrolled", already},
                                            {"refused", faces.size() - added - already},
                                            {"faces", std::move(faces)}})};
    }

    HttpResult<http::Response> merge(const AuthorizedRequest& request) const {
        const auto json = parse_json(request.http_request.body, {"from", "into"});
        if (!json) return std::unexpected(json.error());
        const auto text = [&](const char* key) {
            return json->is_object() && json->contains(key) && (*json)[key].is_string()
                       ? (*json)[key].get<std::string>()
                       : std::string();
        };
        if (text("from").empty() || text("into").empty()) {
            return http_error(400, fault_code::missing_parameter,
                              "the body must be JSON, for example {\"from\": \"Al\", \"into\": "
                              "\"Alice\"}");
        }
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto from = find_subject(**store, text("from"));
        if (!from) return std::unexpected(from.error());
        const auto into = find_subject(**store, text("into"));
        if (!into) return std::unexpected(into.error());
        if (from->id == into->id) {
            return http_error(409, 409,
                              "`from` and `into` are the same subject; send two different names");
        }
        const auto moved = (*store)->merge(from->name, into->name);
        if (!moved) return std::unexpected(to_fault(moved.error()));
        store->end();
        backend_.refresh_gallery();
        return http::Response{
            .body = erase_traces(backend_, {{"subject", into->name}, {"merged", true}})};
    }

    HttpResult<http::Response> export_all(const AuthorizedRequest& request) const {
        // Reject a passphrase in the URL. If it were ignored, the archive would not be encrypted;
        // if it were accepted, proxies could log it.
        if (!request.http_request.query.empty()) {
            return http_error(400, fault_code::bad_argument,
                              "this request has no query parameters; send the passphrase in the "
                              "body, for example {\"passphrase\": \"...\"}");
        }
        const auto passphrase = parse_passphrase(request.http_request.body);
        if (!passphrase) return std::unexpected(passphrase.error());
        // One export or import at a time: deriving a key from the passphrase takes about a second
        // and requires 256 MB.
        const std::unique_lock lock(mutex_, backend_.timeout());
        if (!lock) {
            return http_error(503, 503, "another export or import is running; try again later");
        }
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        // The folder is deleted when this function returns. The open stream keeps the data of the
        // file until the response has been sent.
        const TemporaryFolder folder;
        const auto file = folder / "facebus.gallery";
        const auto written = gallery_file::export_gallery(**store, file, *passphrase);
        if (!written) return std::unexpected(to_fault(written.error()));
        auto archive = std::make_shared<std::ifstream>(file, std::ios::binary);
        if (!*archive) {
            return http_error(503, 503, "the exported archive cannot be opened; try again");
        }
        return http::Response{
            .type = "application/octet-stream",
            .headers = {{"Content-Disposition", "attachment; filename=\"facebus.gallery\""}},
            .stream = std::move(archive)};
    }

    HttpResult<http::Response> import_all(const AuthorizedRequest& request) const {
        const auto form = read_form(request.http_request);
        if (!form) return std::unexpected(form.error());
        const auto archive = find_part(*form, "file");
        if (!archive) return std::unexpected(archive.error());
        const auto secret = std::ranges::find(*form, "passphrase", &http::FormPart::name);
        const std::string passphrase(secret == form->end() ? "" : secret->content);
        if (passphrase.size() > max_passphrase_bytes) return passphrase_too_long();

        const std::unique_lock lock(mutex_, backend_.timeout());
        if (!lock) {
            return http_error(503, 503, "another export or import is running; try again later");
        }
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const TemporaryFolder folder;
        const auto file = folder / "the archive";
        {
            std::ofstream out(file, std::ios::binary);
            out << archive->content;
            if (!out.flush()) {
                return http_error(503, 503,
                                  "the archive cannot be stored on the gateway's disk; free some "
                                  "space in TMPDIR or, if that is not set, in /tmp");
            }
        }
        auto imported = gallery_file::import_gallery(**store, file, passphrase);
        store->end();
        backend_.refresh_gallery();
        if (!imported) {
            backend_.erase();
            auto fault = to_fault(imported.error(), fault_code::bad_argument);
            // Hide the path on the gateway's disk from the client.
            if (const auto at = fault.message.find(file.string()); at != std::string::npos) {
                fault.message.replace(at, file.string().size(), "the archive");
            }
            return std::unexpected(std::move(fault));
        }
        // Erase the results that name imported people who are ignored.
        return http::Response{.body =
                                  erase_traces(backend_, {{"added", imported->added},
                                                          {"already_enrolled", imported->already},
                                                          {"expected", imported->expected}})};
    }

  private:
    static std::unexpected<Fault> passphrase_too_long() {
        return http_error(
            400, fault_code::bad_argument,
            fmt::format("the passphrase is too long; the limit is {} bytes", max_passphrase_bytes));
    }

    /// Returns the passphrase in the body {"passphrase": "..."}, or an empty string if the body has
    /// none.
    static HttpResult<std::string> parse_passphrase(const std::string& body) {
        if (body.empty()) return std::string();
        const auto json = parse_json(body, {"passphrase"});
        if (!json) return std::unexpected(json.error());
        const bool given = json->is_object() && json->contains("passphrase");
        if (!json->is_object() || (given && !(*json)["passphrase"].is_string())) {
            return http_error(
                400, fault_code::bad_argument,
                "the body must be empty or JSON, for example {\"passphrase\": \"...\"}");
        }
        auto passphrase = json->value("passphrase", std::string());
        if (given && passphrase.empty()) {
            return http_error(400, fault_code::bad_argument,
                              "the passphrase is empty; omit it for an unencrypted archive");
        }
        if (passphrase.size() > max_passphrase_bytes) return passphrase_too_long();
        return passphrase;
    }

    const Backend& backend_;
    mutable std::timed_mutex mutex_;  ///< locked during an export or import
};

}  // namespace

std::vector<Route> gallery_routes(const Backend& backend) {
    const auto api = std::make_shared<const GalleryApi>(backend);
    const auto max_upload = static_cast<std::size_t>(backend.options.max_upload) * 1'000'000;
    const auto max_import = static_cast<std::size_t>(backend.options.max_import) * 1'000'000;
    return {{"GET", "/api/v1/gallery/subjects", api_keys::Role::read, max_json_bytes,
             [api](const AuthorizedRequest& request) { return api->subjects(request); }},
            {"PUT", "/api/v1/gallery/subjects/{subject*}", api_keys::Role::enrol, max_json_bytes,
             [api](const AuthorizedRequest& request) { return api->set_ignored(request); }},
            {"POST", "/api/v1/gallery/faces", api_keys::Role::enrol, max_upload,
             [api](const AuthorizedRequest& request) { return api->add_many(request); }},
            {"POST", "/api/v1/gallery/merge", api_keys::Role::enrol, max_json_bytes,
             [api](const AuthorizedRequest& request) { return api->merge(request); }},
            {"POST", "/api/v1/gallery/export", api_keys::Role::admin, max_json_bytes,
             [api](const AuthorizedRequest& request) { return api->export_all(request); }},
            {"POST", "/api/v1/gallery/import", api_keys::Role::admin, max_import,
             [api](const AuthorizedRequest& request) { return api->import_all(request); }}};
}

}  // namespace facebus::gateway
