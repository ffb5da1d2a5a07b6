#include "vision/detect/face_detector.hpp"

namespace facebus::vision {

namespace {

std::variant<Mtcnn, Ssd, Yunet> load(const std::filesystem::path& models,
                                     const DetectorOptions& options) {
    if (options.detector == DetectorKind::ssd) return Ssd(models, options);
    if (options.detector == DetectorKind::yunet) return Yunet(models, options);
    return Mtcnn(models, options);
}

}  // namespace

FaceDetector::FaceDetector(const std::filesystem::path& models, const DetectorOptions& options)
    : detector_(load(models, options)) {}

std::vector<Detection> FaceDetector::detect(const Image& image) {
    return std::visit([&](auto& detector) { return detector.detect(image); }, detector_);
}

}  // namespace facebus::vision
