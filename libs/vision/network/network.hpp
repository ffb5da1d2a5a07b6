// Private to libs/vision: loads network files.
#pragma once

#include <cstdint>
#include <filesystem>

#include <opencv2/dnn.hpp>

namespace facebus::vision {

/// Loads an ONNX file as a network that runs on the CPU. Throws `FatalError` (unavailable) with
/// the file and the command that fetches it if it is missing or OpenCV can't read it.
cv::dnn::Net load_network(const std::filesystem::path& file);

/// Loads a Caffe network from its description and its weights. Throws as load_network() does.
cv::dnn::Net load_caffe_network(const std::filesystem::path& description,
                                const std::filesystem::path& weights);

/// Throws `FatalError` (unavailable) if there is no such file.
void require_file(const std::filesystem::path& file);

/// Returns the 64-bit FNV-1a hash of the whole file. Throws as load_network() does.
std::uint64_t file_hash(const std::filesystem::path& file);

/// Throws the `FatalError` of the functions above. `why` follows the name of the file, as in "is
/// missing".
[[noreturn]] void model_failed(const std::filesystem::path& file, const std::string& why);

}  // namespace facebus::vision
