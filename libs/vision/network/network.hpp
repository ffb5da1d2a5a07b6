// Private to libs/vision: loads neural networks from files.
#pragma once

#include <cstdint>
#include <filesystem>

#include <opencv2/dnn.hpp>

namespace facebus::vision {

/// Loads an ONNX file as a network that runs on the CPU. If the file is missing or OpenCV cannot
/// read it, throws `FatalError` (unavailable), whose message names the file and the command that
/// fetches it.
cv::dnn::Net load_network(const std::filesystem::path& file);

/// Loads a Caffe network from its description and its weights. Throws as load_network() does.
cv::dnn::Net load_caffe_network(const std::filesystem::path& description,
                                const std::filesystem::path& weights);

/// Throws as load_network() does if the file does not exist.
void require_file(const std::filesystem::path& file);

/// Returns the 64-bit FNV-1a hash of the whole file. Throws as load_network() does if the file is
/// missing or cannot be read.
std::uint64_t file_hash(const std::filesystem::path& file);

/// Throws `FatalError` (unavailable) with the message "model FILE WHY; fetch it with: COMMAND".
/// `why` describes the error, for example "is missing".
[[noreturn]] void model_failed(const std::filesystem::path& file, const std::string& why);

}  // namespace facebus::vision
