// Private to libs/vision: reads weights from an ONNX file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facebus::vision {

/// The 32-bit float tensors of an ONNX file, by name. Ignores the rest of the file. Does not use
/// OpenCV, so the result does not depend on OpenCV's version.
class OnnxWeights {
  public:
    /// Reads the file. Throws as load_network() does if the file is missing or damaged, or contains
    /// no 32-bit float tensors.
    explicit OnnxWeights(const std::filesystem::path& file);

    /// Returns the values of the tensor `name`, in the order of the file. If no tensor has this
    /// name, uses the alphabetically first tensor whose name starts with `name`. Throws
    /// `FatalError` (unavailable) if there is no such tensor or it does not have `count` values.
    [[nodiscard]] const std::vector<float>& get(const std::string& name, std::size_t count) const;

  private:
    std::filesystem::path file_;
    std::map<std::string, std::vector<float>> tensors_;
};

}  // namespace facebus::vision
