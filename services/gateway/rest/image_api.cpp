#include "gateway/rest/image_api.hpp"

#include <utility>

#include "base/embedding.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/face_json.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

using http::Response;

/// Faces found in an uploaded image, with the options of the request.
struct Search {
    ImageOptions options;
    DetectedFaces found;
    std::string model_id;
};

class ImageApi {
  public:
    explicit ImageApi(const Backend& backend) : backend_(backend) {}

    Answered<http::Response> detect(const Call& call) const {
        const auto search = search_upload(call, false);
        if (!search) return std::unexpected(search.error());
        Json answer{{"result", Json::array()}};
        for (const auto& face : search->found.faces) {
            answer["result"].push_back(face_json(search->found, face, search->options));
        }
        return finish(std::move(answer), *search);
    }

    Answered<http::Response> recognise(const Call& call) const {
        const auto search = search_upload(call, true);
        if (!search) return std::unexpected(search.error());
        const auto view = backend_.gallery();
        const auto recognised =
            FaceStage::recognise(search->found, search->options, *view.snapshot, view.policy);
        Json answer{{"result", Json::array()}};
        for (std::size_t i = 0; i < recognised.size(); ++i) {
            auto& face = answer["result"].emplace_back(
                face_json(search->found, search->found.faces[i], search->options));
            add_recognised(face, recognised[i]);
        }
        return finish(std::move(answer), *search);
    }

    /// Compares the faces of an image with an enrolled face.
    Answered<http::Response> verify_sample(const Call& call) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        const auto sample = (*store)->find_sample(gallery::from_uuid(call.path.at("image_id")));
        if (!sample) return std::unexpected(to_fault(sample.error()));
        if (!*sample) {
            return refuse(404, fault_code::no_such_image,
                          "image_id not found; GET /api/v1/recognition/faces lists all ids");
        }
        const auto search = search_upload(call, true);
        if (!search) return std::unexpected(search.error());
        if ((*sample)->sample.model_id != search->model_id) {
            return refuse(400, fault_code::bad_argument,
                          "this face was enrolled with another model; enrol the photo again");
        }
        Json answer{{"result", Json::array()}};
        for (const auto& face : search->found.faces) {
            auto& json =
                answer["result"].emplace_back(face_json(search->found, face, search->options));
            json["subject"] = (*sample)->subject;
            add_comparison(json, similarity(*face.embedding, (*sample)->sample.embedding),
                           backend_.gallery().policy);
        }
        return finish(std::move(answer), *search);
    }

    /// Compares the largest face of the source image with the faces of the target image.
    Answered<http::Response> verify(const Call& call) const {
        const auto options = image_options(call.request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = form_of(call.request);
        if (!form) return std::unexpected(form.error());
        auto source_options = *options;
        source_options.limit = 1;
        const auto source = search_part(*form, "source_image", source_options, true);
        if (!source) return std::unexpected(source.error());
        const auto target = search_part(*form, "target_image", *options, true);
        if (!target) return std::unexpected(target.error());

        const auto& one = source->found.faces.front();
        Json result{{"source_image_face", face_json(source->found, one, *options)},
                    {"face_matches", Json::array()}};
        for (const auto& face : target->found.faces) {
            auto& json =
                result["face_matches"].emplace_back(face_json(target->found, face, *options));
            add_comparison(json, similarity(*one.embedding, *face.embedding),
                           backend_.gallery().policy);
        }
        add_versions(result, to_string(backend_.detector), target->model_id, *options);
        return http::Response{.body = dump({{"result", Json::array({std::move(result)})}})};
    }

  private:
    /// Searches the form part `file` of the request.
    Answered<Search> search_upload(const Call& call, bool embed) const {
        const auto options = image_options(call.request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = form_of(call.request);
        if (!form) return std::unexpected(form.error());
        return search_part(*form, "file", *options, embed);
    }

    Answered<Search> search_part(const std::vector<http::FormPart>& form, std::string_view name,
                                 const ImageOptions& options, bool embed) const {
        const auto part = part_of(form, name);
        if (!part) return std::unexpected(part.error());
        // Lease before decoding, so that at most concurrent_images decoded images are in memory.
        auto stage = lease(backend_.stages, backend_);
        if (!stage) return std::unexpected(stage.error());
        const auto image = image_of(*part, backend_.options.max_megapixels);
        if (!image) return std::unexpected(image.error());
        auto found = (*stage)->find(*image, options, embed);
        if (!found) return std::unexpected(found.error());
        return Search{options, std::move(*found), (*stage)->model_id()};
    }

    [[nodiscard]] http::Response finish(Json answer, const Search& search) const {
        add_versions(answer, to_string(backend_.detector), search.model_id, search.options);
        return {.body = dump(answer)};
    }

    const Backend& backend_;
};

}  // namespace

std::vector<Route> image_routes(const Backend& backend) {
    const ImageApi api(backend);
    const auto max_upload = static_cast<std::size_t>(backend.options.max_upload) * 1'000'000;
    return {{"POST", "/api/v1/recognition/recognize", api_keys::Role::read, max_upload,
             [api](const Call& call) { return api.recognise(call); }},
            {"POST", "/api/v1/detection/detect", api_keys::Role::read, max_upload,
             [api](const Call& call) { return api.detect(call); }},
            {"POST", "/api/v1/verification/verify", api_keys::Role::read, max_upload,
             [api](const Call& call) { return api.verify(call); }},
            {"POST", "/api/v1/recognition/faces/{image_id}/verify", api_keys::Role::read,
             max_upload, [api](const Call& call) { return api.verify_sample(call); }}};
}

}  // namespace facebus::gateway
