// Gallery routes that are compatible with CompreFace. CompreFace calls the gallery a face
// collection.
#include <utility>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/enrolment.hpp"
#include "gateway/rest/gallery_api.hpp"
#include "gateway/rest/removal.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

constexpr std::size_t max_json_bytes = 64'000;

class CompreFaceGalleryApi {
  public:
    explicit CompreFaceGalleryApi(const Backend& backend) : backend_(backend) {}

    HttpResult<http::Response> list_subjects(const AuthorizedRequest&) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        Json body{{"subjects", Json::array()}};
        for (const auto& entry : *all) body["subjects"].push_back(entry.subject.name);
        return http::Response{.body = dump(body)};
    }

    HttpResult<http::Response> add_subject(const AuthorizedRequest& request) const {
        const auto name = parse_subject(request.http_request.body);
        if (!name) return std::unexpected(name.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto added = (*store)->add_subject(*name);
        if (!added) return std::unexpected(to_fault(added.error(), fault_code::subject_exists));
        backend_.refresh_gallery();
        return http::Response{.status = 201, .body = dump({{"subject", added->name}})};
    }

    HttpResult<http::Response> rename_subject(const AuthorizedRequest& request) const {
        const auto name = parse_subject(request.http_request.body);
        if (!name) return std::unexpected(name.error());
        auto found = find_subject(request.path_parameters.at("subject"));
        if (!found) return std::unexpected(found.error());
        const auto merged = found->store->rename(found->name, *name);
        if (!merged) return std::unexpected(to_fault(merged.error()));
        found->store.end();
        backend_.refresh_gallery();
        Json body{{"updated", true}, {"merged", *merged}};
        return http::Response{.body = *merged ? erase_traces(backend_, body) : dump(body)};
    }

    HttpResult<http::Response> remove_subject(const AuthorizedRequest& request) const {
        auto found = find_subject(request.path_parameters.at("subject"));
        if (!found) return std::unexpected(found.error());
        const auto removed = found->store->remove(found->name);
        found->store.end();
        backend_.refresh_gallery();
        if (!removed) return std::unexpected(to_fault(removed.error()));
        return http::Response{.body = erase_traces(backend_, {{"subject", found->name}})};
    }

    HttpResult<http::Response> remove_all_subjects(const AuthorizedRequest&) const {
        return remove_all(true);
    }

    HttpResult<http::Response> list_faces(const AuthorizedRequest& request) const {
        const auto requested = parse_list_page(request.http_request.query);
        if (!requested) return std::unexpected(requested.error());
        const auto subject = optional_parameter(request.http_request.query, "subject");
        if (!subject) return std::unexpected(subject.error());
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto all = (*store)->list();
        if (!all) return std::unexpected(to_fault(all.error()));
        if (*subject) {
            const auto found = (*store)->find(**subject);
            if (!found) return std::unexpected(to_fault(found.error()));
            std::erase_if(*all, [&](const auto& entry) {
                return !*found || entry.subject.id != (*found)->id;
            });
        }
        std::size_t total = 0;
        for (const auto& entry : *all) total += entry.samples;
        const auto faces =
            (*store)->samples(*all, requested->number * requested->size, requested->size);
        if (!faces) return std::unexpected(to_fault(faces.error()));
        Json body{{"faces", Json::array()},
                  {"page_number", requested->number},
                  {"page_size", requested->size},
                  {"total_pages", (total + requested->size - 1) / requested->size},
                  {"total_elements", total}};
        for (const auto& [name, sample] : *faces) {
            body["faces"].push_back({{"image_id", gallery::to_uuid(sample.id)},
                                     {"subject", name},
                                     {"source", sample.source},
                                     {"quality", rounded(sample.quality)},
                                     {"created", iso8601(sample.created)},
                                     {"model", sample.model_id}});
        }
        return http::Response{.body = dump(body)};
    }

    HttpResult<http::Response> add_face(const AuthorizedRequest& request) const {
        const auto text = required_parameter(request.http_request.query, "subject");
        const auto subject = text ? subject_name(*text) : text;
        if (!subject) return std::unexpected(subject.error());
        const auto options = parse_image_options(request.http_request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = read_form(request.http_request);
        if (!form) return std::unexpected(form.error());
        const auto part = find_part(*form, "file");
        if (!part) return std::unexpected(part.error());
        const auto enrolled = enrol(backend_, *subject, *part, *options);
        if (!enrolled) return std::unexpected(enrolled.error());
        backend_.refresh_gallery();
        Json body{{"image_id", gallery::to_uuid(enrolled->sample)},
                  {"subject", *subject},
                  {"quality", rounded(enrolled->quality)},
                  {"already_enrolled", enrolled->already_enrolled}};
        if (!enrolled->warning.empty()) body["warning"] = enrolled->warning;
        return http::Response{.status = enrolled->already_enrolled ? 200 : 201, .body = dump(body)};
    }

    HttpResult<http::Response> remove_faces(const AuthorizedRequest& request) const {
        const auto subject = optional_parameter(request.http_request.query, "subject");
        if (!subject) return std::unexpected(subject.error());
        if (!*subject) {
            if (request.role == api_keys::Role::admin) return remove_all(false);
            return http_error(
                403, 403,
                "removing the faces of all subjects requires a key with the role admin; "
                "add ?subject=NAME to remove the faces of one subject");
        }
        auto found = find_subject(**subject);
        if (!found) return std::unexpected(found.error());
        const auto count = found->store->remove_samples(found->name);
        found->store.end();
        backend_.refresh_gallery();
        if (!count) return std::unexpected(to_fault(count.error()));
        return http::Response{.body = erase_traces(backend_, {{"deleted", *count}})};
    }

    HttpResult<http::Response> get_photo(const AuthorizedRequest& request) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto photo = (*store)->photo(gallery::from_uuid(request.path_parameters.at("image_id")));
        if (!photo) return std::unexpected(to_fault(photo.error()));
        if (!*photo) {
            return http_error(
                404, fault_code::no_such_image,
                "no photo is stored for this image_id; GET /api/v1/recognition/faces "
                "lists all ids, and photos are stored only if gallery.keep_photos is true");
        }
        return http::Response{.body = std::move(**photo), .type = "image/jpeg"};
    }

    HttpResult<http::Response> remove_face(const AuthorizedRequest& request) const {
        const auto& id = request.path_parameters.at("image_id");
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto subject = (*store)->remove_sample(gallery::from_uuid(id));
        store->end();
        // Refresh even after an error, because the sample may have been removed before the error.
        backend_.refresh_gallery();
        if (!subject) {
            auto fault = to_fault(subject.error(), fault_code::no_such_image);
            if (subject.error().kind == ErrorKind::refused) fault.status = 404;
            return std::unexpected(std::move(fault));
        }
        return http::Response{
            .body = erase_traces(backend_, {{"image_id", id}, {"subject", *subject}})};
    }

  private:
    /// Name of an existing subject, with a connection to the gallery.
    struct ExistingSubject {
        Pool<gallery::Store>::Lease store;
        std::string name;
    };

    /// Returns the subject named `text`. Fails if the name is invalid, the gallery has no such
    /// subject, or the gallery is unavailable.
    HttpResult<ExistingSubject> find_subject(const std::string& text) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto subject = gateway::find_subject(**store, text);
        if (!subject) return std::unexpected(subject.error());
        return ExistingSubject{std::move(*store), std::move(subject->name)};
    }

    /// Returns the name in a body {"subject": "..."}. Ignores other keys, as CompreFace does,
    /// because its clients may send them.
    static HttpResult<std::string> parse_subject(const std::string& body) {
        const auto json = Json::parse(body, nullptr, false);
        if (!json.is_object() || !json.contains("subject") || !json["subject"].is_string()) {
            return http_error(400, fault_code::missing_parameter,
                              "the body must be JSON, for example {\"subject\": \"Alice\"}");
        }
        return subject_name(json["subject"].get<std::string>());
    }

    HttpResult<http::Response> remove_all(bool subjects_too) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto count = (*store)->remove_all(subjects_too);
        store->end();
        backend_.refresh_gallery();
        auto body = erase_traces(backend_, {{"deleted", count.value_or(0)}});
        if (!count) return std::unexpected(to_fault(count.error()));
        return http::Response{.body = std::move(body)};
    }

    const Backend& backend_;
};

}  // namespace

std::vector<Route> compreface_gallery_routes(const Backend& backend) {
    const CompreFaceGalleryApi api(backend);
    const auto max_upload = static_cast<std::size_t>(backend.options.max_upload) * 1'000'000;
    const std::string subjects = "/api/v1/recognition/subjects";
    const std::string faces = "/api/v1/recognition/faces";
    using Method =
        HttpResult<http::Response> (CompreFaceGalleryApi::*)(const AuthorizedRequest&) const;
    const auto to = [&](Method method) {
        return [api, method](const AuthorizedRequest& request) { return (api.*method)(request); };
    };
    return {
        {"GET", subjects, api_keys::Role::read, max_json_bytes,
         to(&CompreFaceGalleryApi::list_subjects)},
        {"POST", subjects, api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::add_subject)},
        {"DELETE", subjects, api_keys::Role::admin, max_json_bytes,
         to(&CompreFaceGalleryApi::remove_all_subjects)},
        {"PUT", subjects + "/{subject*}", api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::rename_subject)},
        {"DELETE", subjects + "/{subject*}", api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::remove_subject)},
        {"GET", faces, api_keys::Role::read, max_json_bytes, to(&CompreFaceGalleryApi::list_faces)},
        {"POST", faces, api_keys::Role::enrol, max_upload, to(&CompreFaceGalleryApi::add_face)},
        {"DELETE", faces, api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::remove_faces)},
        {"GET", faces + "/{image_id}/img", api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::get_photo)},
        {"DELETE", faces + "/{image_id}", api_keys::Role::enrol, max_json_bytes,
         to(&CompreFaceGalleryApi::remove_face)}};
}

}  // namespace facebus::gateway
