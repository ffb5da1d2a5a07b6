// Private to libs/vision: the numbers in an ONNX file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace facebus::vision {

/// The 32-bit float tensors of an ONNX file by their names. Reads no more of the format than that,
/// and gives the same with any version of OpenCV.
class OnnxWeights {
  public:
    /// Throws StartupError (unavailable) as load_network() does if the file is missing or damaged.
    explicit OnnxWeights(const std::filesystem::path& file);

    /// The numbers of the tensor with this name, or the only one whose name begins so, in the order
    /// of the file. Throws the same if there is none of `count` numbers.
    [[nodiscard]] const std::vector<float>& get(const std::string& name, std::size_t count) const;

  private:
    std::filesystem::path file_;
    std::map<std::string, std::vector<float>> tensors_;
};

}  // namespace facebus::vision
