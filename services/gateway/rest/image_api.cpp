#include "gateway/rest/image_api.hpp"

#include <utility>

#include "base/embedding.hpp"
#include "gallery/id.hpp"
#include "gateway/rest/face_json.hpp"
#include "gateway/rest/upload.hpp"

namespace facebus::gateway {
namespace {

/// Faces detected in an uploaded image, and the options of the request.
struct AnalysedImage {
    ImageOptions options;
    DetectedFaces detected;
    std::string model_id;
};

class ImageApi {
  public:
    explicit ImageApi(const Backend& backend) : backend_(backend) {}

    HttpResult<http::Response> detect(const AuthorizedRequest& request) const {
        const auto analysed = analyse_upload(request, false);
        if (!analysed) return std::unexpected(analysed.error());
        Json body{{"result", Json::array()}};
        for (const auto& face : analysed->detected.faces) {
            body["result"].push_back(face_json(analysed->detected, face, analysed->options));
        }
        return finish(std::move(body), *analysed);
    }

    HttpResult<http::Response> recognise(const AuthorizedRequest& request) const {
        const auto analysed = analyse_upload(request, true);
        if (!analysed) return std::unexpected(analysed.error());
        const auto view = backend_.gallery();
        const auto recognised = FaceStage::recognise(analysed->detected, analysed->options,
                                                     *view.snapshot, view.policy);
        Json body{{"result", Json::array()}};
        for (std::size_t i = 0; i < recognised.size(); ++i) {
            auto& face = body["result"].emplace_back(
                face_json(analysed->detected, analysed->detected.faces[i], analysed->options));
            add_recognised(face, recognised[i]);
        }
        return finish(std::move(body), *analysed);
    }

    /// Compares each face of an uploaded image with an enrolled face.
    HttpResult<http::Response> verify_sample(const AuthorizedRequest& request) const {
        const auto enrolled = find_sample(request.path_parameters.at("image_id"));
        if (!enrolled) return std::unexpected(enrolled.error());
        const auto analysed = analyse_upload(request, true);
        if (!analysed) return std::unexpected(analysed.error());
        if (enrolled->sample.model_id != analysed->model_id) {
            return http_error(
                400, fault_code::bad_argument,
                "this face was enrolled with a different model; run `facebus gallery reembed`");
        }
        Json body{{"result", Json::array()}};
        for (const auto& face : analysed->detected.faces) {
            auto& json =
                body["result"].emplace_back(face_json(analysed->detected, face, analysed->options));
            json["subject"] = enrolled->subject;
            add_comparison(json, *face.embedding, enrolled->sample.embedding, backend_.gallery());
        }
        return finish(std::move(body), *analysed);
    }

    /// Compares the largest face of the source image with each face of the target image.
    HttpResult<http::Response> verify(const AuthorizedRequest& request) const {
        const auto options = parse_image_options(request.http_request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = read_form(request.http_request);
        if (!form) return std::unexpected(form.error());
        auto source_options = *options;
        source_options.limit = 1;
        const auto source = analyse_part(*form, "source_image", source_options, true);
        if (!source) return std::unexpected(source.error());
        const auto target = analyse_part(*form, "target_image", *options, true);
        if (!target) return std::unexpected(target.error());

        const auto& one = source->detected.faces.front();
        Json result{{"source_image_face", face_json(source->detected, one, *options)},
                    {"face_matches", Json::array()}};
        for (const auto& face : target->detected.faces) {
            auto& json =
                result["face_matches"].emplace_back(face_json(target->detected, face, *options));
            add_comparison(json, *one.embedding, *face.embedding, backend_.gallery());
        }
        add_versions(result, to_string(backend_.detector), target->model_id, *options);
        return http::Response{.body = dump({{"result", Json::array({std::move(result)})}})};
    }

  private:
    /// Finds the enrolled face with this id. Releases the connection to Redis before it returns,
    /// because the caller then analyses an image, which can take seconds.
    HttpResult<gallery::NamedSample> find_sample(const std::string& image_id) const {
        auto store = lease(backend_.stores, backend_);
        if (!store) return std::unexpected(store.error());
        auto sample = (*store)->find_sample(gallery::from_uuid(image_id));
        if (!sample) return std::unexpected(to_fault(sample.error()));
        if (*sample) return std::move(**sample);
        return http_error(404, fault_code::no_such_image,
                          "image_id not found; GET /api/v1/recognition/faces lists all ids");
    }

    /// Detects faces in the image that the form part `file` of the request contains. If `embed` is
    /// true, computes their embeddings even if the client did not request them.
    HttpResult<AnalysedImage> analyse_upload(const AuthorizedRequest& request, bool embed) const {
        const auto options = parse_image_options(request.http_request.query);
        if (!options) return std::unexpected(options.error());
        const auto form = read_form(request.http_request);
        if (!form) return std::unexpected(form.error());
        return analyse_part(*form, "file", *options, embed);
    }

    /// Like analyse_upload(), but for the form part `name` and with parsed options.
    HttpResult<AnalysedImage> analyse_part(const std::vector<http::FormPart>& form,
                                           std::string_view name, const ImageOptions& options,
                                           bool embed) const {
        const auto part = find_part(form, name);
        if (!part) return std::unexpected(part.error());
        const auto image = backend_.images.decode(*part);
        if (!image) return std::unexpected(image.error());
        auto stage = lease(backend_.stages, backend_);
        if (!stage) return std::unexpected(stage.error());
        auto detected = (*stage)->detect(**image, options, embed);
        if (!detected) return std::unexpected(detected.error());
        return AnalysedImage{options, std::move(*detected), (*stage)->model_id()};
    }

    /// Adds the versions if the client requested them, and returns the response.
    [[nodiscard]] http::Response finish(Json body, const AnalysedImage& analysed) const {
        add_versions(body, to_string(backend_.detector), analysed.model_id, analysed.options);
        return {.body = dump(body)};
    }

    const Backend& backend_;
};

}  // namespace

std::vector<Route> image_routes(const Backend& backend) {
    const ImageApi api(backend);
    const auto max_upload = static_cast<std::size_t>(backend.options.max_upload) * 1'000'000;
    return {
        {"POST", "/api/v1/recognition/recognize", api_keys::Role::read, max_upload,
         [api](const AuthorizedRequest& request) { return api.recognise(request); }},
        {"POST", "/api/v1/detection/detect", api_keys::Role::read, max_upload,
         [api](const AuthorizedRequest& request) { return api.detect(request); }},
        {"POST", "/api/v1/verification/verify", api_keys::Role::read, max_upload,
         [api](const AuthorizedRequest& request) { return api.verify(request); }},
        {"POST", "/api/v1/recognition/faces/{image_id}/verify", api_keys::Role::read, max_upload,
         [api](const AuthorizedRequest& request) { return api.verify_sample(request); }}};
}

}  // namespace facebus::gateway
