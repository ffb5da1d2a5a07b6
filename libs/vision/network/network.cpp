#include "vision/network/network.hpp"

#include <array>
#include <fstream>
#include <span>
#include <string>

#include <fmt/format.h>

#include "vision/image/mat.hpp"
#include "vision/video/silence.hpp"

namespace facebus::vision {

void require_file(const std::filesystem::path& file) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(file, failed)) model_failed(file, "is missing");
}

namespace {

template <class Read>
cv::dnn::Net load(const std::filesystem::path& file, Read read) {
    silence_opencv();
    try {
        cv::dnn::Net net = read();
        if (net.empty()) model_failed(file, "contains no network");
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
        return net;
    } catch (const cv::Exception& exception) {
        model_failed(file, "cannot be read by OpenCV (" + reason(exception) + ")");
    }
}

}  // namespace

void model_failed(const std::filesystem::path& file, const std::string& why) {
    // By default, models/prepare does not fetch these networks, because most installations do not
    // need them.
    std::string group;
    if (file.parent_path().filename() == "ssd") group = "ssd";
    if (file.stem() == "sface" || file.stem() == "yunet") group = file.stem().string();
    throw FatalError(Exit::unavailable,
                     fmt::format("model {} {}; fetch it with: models/prepare{}", file.string(), why,
                                 group.empty() ? "" : " --only " + group));
}

cv::dnn::Net load_network(const std::filesystem::path& file) {
    require_file(file);
    return load(file, [&] { return cv::dnn::readNetFromONNX(file.string()); });
}

cv::dnn::Net load_caffe_network(const std::filesystem::path& description,
                                const std::filesystem::path& weights) {
    require_file(description);
    require_file(weights);
    return load(weights,
                [&] { return cv::dnn::readNetFromCaffe(description.string(), weights.string()); });
}

std::uint64_t file_hash(const std::filesystem::path& file) {
    require_file(file);
    std::ifstream in(file, std::ios::binary);
    std::uint64_t hash = 0xcbf29ce484222325U;
    std::array<char, 1 << 16> block{};
    while (in) {
        in.read(block.data(), block.size());
        for (const char c : std::span(block).first(static_cast<std::size_t>(in.gcount())))
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    if (!in.eof()) model_failed(file, "cannot be read");
    return hash;
}

}  // namespace facebus::vision
