#include "vision/embed/engine.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <opencv2/dnn.hpp>

#include "vision/embed/openvino.hpp"
#include "vision/image/mat.hpp"
#include "vision/network/network.hpp"

namespace facebus::vision {
namespace {

// Rounding to bf16 changes an embedding more than other rounding errors do. On LFW, such embeddings
// identify people equally well; see docs/accuracy.md.
constexpr double minimum_cosine_bf16 = 0.999;

const char* name_of(Precision precision) {
    return precision == Precision::bf16 ? "bf16" : "f32";
}

/// Returns why the network fails the golden check, or nothing if it passes.
std::optional<std::string> golden_error(const RunNetwork& run, const NetworkFile& network,
                                        Precision precision) {
    try {
        const cv::Mat output = run(network.golden_input);
        const auto size = network.golden.values.size();
        if (output.total() != size) {
            return fmt::format("returns vectors of {} numbers instead of {}", output.total(), size);
        }
        const double minimum =
            precision == Precision::bf16 ? minimum_cosine_bf16 : network.golden.minimum_cosine;
        const double cosine = golden_cosine({output.ptr<float>(), size}, network.golden);
        // Also rejects NaN.
        if (!(cosine >= minimum)) {
            return fmt::format(
                "returns a wrong embedding (cosine {:.5f} with the golden "
                "embedding, required: {})",
                cosine, minimum);
        }
        return std::nullopt;
    } catch (const cv::Exception& exception) {
        return "cannot be run (" + reason(exception) + ")";
    }
}

/// Loads the network with OpenVINO. The errors of the attempts are appended to `errors`.
std::optional<LoadedNetwork> load_with_openvino(const NetworkFile& network, Precision precision,
                                                std::vector<std::string>& errors) {
    const auto openvino = OpenVino::load(network.models);
    if (!openvino) {
        errors.push_back(openvino.error().message);
        return std::nullopt;
    }
    std::vector<Precision> attempts{precision};
    if (precision == Precision::automatic) {
        attempts = {Precision::f32};
        if (openvino->has_bf16()) attempts.insert(attempts.begin(), Precision::bf16);
    } else if (precision == Precision::bf16 && !openvino->has_bf16()) {
        errors.emplace_back(
            "this processor has no bf16 instructions; set recognize.precision to auto");
        return std::nullopt;
    }
    for (const auto attempt : attempts) {
        auto run = openvino->open(network.file, attempt);
        if (!run) {
            errors.push_back(run.error().message);
            continue;
        }
        if (const auto error = golden_error(*run, network, attempt)) {
            errors.push_back(fmt::format("{} {} with OpenVINO in {}", network.file.string(), *error,
                                         name_of(attempt)));
            continue;
        }
        return LoadedNetwork{std::move(*run), {"openvino", name_of(attempt), {}}};
    }
    return std::nullopt;
}

RunNetwork load_with_opencv(const NetworkFile& network) {
    RunNetwork run = [net = load_network(network.file)](const cv::Mat& blob) mutable {
        net.setInput(blob);
        return net.forward();
    };
    if (const auto error = golden_error(run, network, Precision::f32)) {
        model_failed(network.file, *error);
    }
    return run;
}

}  // namespace

LoadedNetwork load_with_engine(const NetworkFile& network, const EmbedderOptions& options) {
    require_file(network.file);
    const bool only_bf16 = options.precision == Precision::bf16;
    if (options.engine == Engine::opencv && only_bf16) {
        throw FatalError(Exit::config,
                         "the engine opencv does not support bf16; set "
                         "recognize.precision to auto or recognize.engine to "
                         "openvino");
    }
    std::vector<std::string> errors;
    if (options.engine != Engine::opencv) {
        auto loaded = load_with_openvino(network, options.precision, errors);
        if (loaded) {
            loaded->engine.skipped = std::move(errors);
            return std::move(*loaded);
        }
        if (options.engine == Engine::openvino || only_bf16) {
            throw FatalError(Exit::unavailable,
                             fmt::format("the engine openvino cannot be used: {}", errors.back()));
        }
    }
    return {load_with_opencv(network), {"opencv", name_of(Precision::f32), std::move(errors)}};
}

}  // namespace facebus::vision
