#include "vision/embed/embedding_network.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <opencv2/dnn.hpp>

#include "base/error.hpp"
#include "vision/network/network.hpp"

#if defined(FACEBUS_ONNXRUNTIME)
#include <dlfcn.h>

#include "base/output/stderr_redirect.hpp"

// ONNX Runtime is loaded on demand, so that programs that do not use it start without it.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
#undef ORT_API_MANUAL_INIT
#endif

namespace facebus::vision {
namespace {

EmbeddingNetwork open_with_opencv(const std::filesystem::path& file) {
    return [net = load_network(file)](const cv::Mat& blob) mutable {
        net.setInput(blob);
        return net.forward();
    };
}

#if defined(FACEBUS_ONNXRUNTIME)

/// Loads ONNX Runtime, in the version with which facebus was built. Throws `FatalError` (config) if
/// this version is not installed.
void load_onnxruntime() {
    void* library = dlopen(FACEBUS_ONNXRUNTIME, RTLD_NOW | RTLD_LOCAL);
    using GetBase = const OrtApiBase* (*)();
    const auto get_base =
        library == nullptr ? nullptr : reinterpret_cast<GetBase>(dlsym(library, "OrtGetApiBase"));
    const auto* api = get_base == nullptr ? nullptr : get_base()->GetApi(ORT_API_VERSION);
    if (api == nullptr) {
        throw FatalError(Exit::config, std::string("ONNX Runtime (") + FACEBUS_ONNXRUNTIME +
                                           ") is not installed: install its package, or set "
                                           "recognize.engine to opencv");
    }
    Ort::InitApi(api);
}

class OnnxRuntimeNetwork {
  public:
    explicit OnnxRuntimeNetwork(const std::filesystem::path& file)
        : session_(environment_, file.c_str(), options()) {
        const Ort::AllocatorWithDefaultOptions allocator;
        input_ = session_.GetInputNameAllocated(0, allocator).get();
        output_ = session_.GetOutputNameAllocated(0, allocator).get();
    }

    cv::Mat run(const cv::Mat& blob) {
        const std::array<std::int64_t, 4> shape{blob.size[0], blob.size[1], blob.size[2],
                                                blob.size[3]};
        const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
        // The API requires a pointer to mutable memory but does not write to it.
        auto* pixels = const_cast<float*>(blob.ptr<float>());
        const auto in = Ort::Value::CreateTensor<float>(memory, pixels, blob.total(), shape.data(),
                                                        shape.size());
        const char* input = input_.c_str();
        const char* output = output_.c_str();
        const auto out = session_.Run(Ort::RunOptions(nullptr), &input, &in, 1, &output, 1);
        const int rows = blob.size[0];
        const auto values =
            static_cast<int>(out.front().GetTensorTypeAndShapeInfo().GetElementCount());
        // Copy the values, because `out` owns them.
        return cv::Mat(rows, values / rows, CV_32F,
                       const_cast<float*>(out.front().GetTensorData<float>()))
            .clone();
    }

  private:
    static Ort::SessionOptions options() {
        Ort::SessionOptions options;
        options.SetIntraOpNumThreads(cv::getNumThreads());
        options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
        // A thread that spins while it waits for work would keep a core from other processes.
        options.AddConfigEntry("session.intra_op.allow_spinning", "0");
        return options;
    }

    Ort::Env environment_{ORT_LOGGING_LEVEL_ERROR, "facebus"};
    Ort::Session session_;
    std::string input_;
    std::string output_;
};

EmbeddingNetwork open_with_onnxruntime(const std::filesystem::path& file) {
    require_file(file);
    // During initialisation, Debian's ONNX Runtime prints about a thousand harmless lines about
    // duplicate registrations.
    const StderrRedirect quiet(nullptr);
    load_onnxruntime();
    try {
        const auto network = std::make_shared<OnnxRuntimeNetwork>(file);
        return [network](const cv::Mat& blob) {
            try {
                return network->run(blob);
            } catch (const Ort::Exception& exception) {
                // Callers catch only OpenCV exceptions.
                CV_Error(cv::Error::StsError, exception.what());
            }
        };
    } catch (const Ort::Exception& exception) {
        model_failed(file,
                     std::string("cannot be read by ONNX Runtime (") + exception.what() + ")");
    }
}

#else

EmbeddingNetwork open_with_onnxruntime(const std::filesystem::path&) {
    throw FatalError(Exit::config,
                     "this build does not support ONNX Runtime: set recognize.engine to opencv, "
                     "or install libonnxruntime-dev and build again");
}

#endif

}  // namespace

EmbeddingNetwork open_embedding_network(const std::filesystem::path& file, Engine engine) {
    return engine == Engine::onnxruntime ? open_with_onnxruntime(file) : open_with_opencv(file);
}

}  // namespace facebus::vision
