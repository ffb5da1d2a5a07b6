// Private to libs/vision: runs networks with OpenVINO.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.hpp"
#include "vision/embed/engine.hpp"

namespace facebus::vision {

/// OpenVINO, loaded from the folder of the models when it is needed. Only its C API is used,
/// because its C++ API has the string type of older compilers.
class OpenVino {
  public:
    /// Fails with `unavailable` if the library is missing or cannot be loaded. The message states a
    /// remedy.
    static Result<OpenVino> load(const std::filesystem::path& models);

    /// Returns whether the processor has instructions for bf16. OpenVINO can emulate bf16 on other
    /// processors, but that is slower than f32.
    [[nodiscard]] bool has_bf16() const;

    /// Loads a network, for batches of any size. Uses the number of threads set by use_threads().
    /// Fails with `unavailable` if OpenVINO cannot read or compile the file.
    [[nodiscard]] Result<RunNetwork> open(const std::filesystem::path& file,
                                          Precision precision) const;

  private:
    struct Api;
    struct Network;
    explicit OpenVino(std::shared_ptr<const Api> api) : api_(std::move(api)) {}

    std::shared_ptr<const Api> api_;
};

}  // namespace facebus::vision
