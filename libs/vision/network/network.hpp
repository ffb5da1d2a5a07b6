// Private to libs/vision: loading network files.
#pragma once

#include <cstdint>
#include <filesystem>

#include <opencv2/dnn.hpp>

namespace facebus::vision {

/// An ONNX file as a network on the CPU. Throws StartupError (unavailable) naming the file and the
/// command that fetches it if it is missing or OpenCV can't read it.
cv::dnn::Net load_network(const std::filesystem::path& file);

/// A Caffe network, from its description and its weights. Throws as load_network does.
cv::dnn::Net load_caffe_network(const std::filesystem::path& description,
                                const std::filesystem::path& weights);

/// Throws StartupError (unavailable) if there is no such file.
void require_file(const std::filesystem::path& file);

/// FNV-1a, 64 bits, over the whole file. Throws as load_network does.
std::uint64_t file_hash(const std::filesystem::path& file);

/// The StartupError both throw, with a reason.
[[noreturn]] void model_failed(const std::filesystem::path& file, const std::string& why);

}  // namespace facebus::vision
