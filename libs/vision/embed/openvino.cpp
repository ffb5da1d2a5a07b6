#include "vision/embed/openvino.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>

namespace facebus::vision {
namespace {

// The types of OpenVINO's C API that facebus uses. Objects of the library are opaque.
using Status = int;  // 0: success
struct Core;
struct ReadModel;
struct CompiledModel;
struct InferRequest;
struct Tensor;
struct Shape {
    std::int64_t rank;
    std::int64_t* sizes;
};
constexpr int element_f32 = 4;

// Clang's address sanitizer ends a program that loads oneTBB, because oneTBB loads a library with
// RTLD_DEEPBIND.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FACEBUS_WITHOUT_OPENVINO
#endif
#endif

#if defined(FACEBUS_WITHOUT_OPENVINO)
constexpr std::string_view machine = "";
#elif defined(__x86_64__)
constexpr std::string_view machine = "x86_64";
#elif defined(__aarch64__)
constexpr std::string_view machine = "aarch64";
#else
constexpr std::string_view machine = "";  // OpenVINO is not available
#endif

constexpr const char* device = "CPU";

}  // namespace

struct OpenVino::Api {
    const char* (*last_error)() = nullptr;
    void (*free_text)(const char*) = nullptr;
    Status (*create_core)(Core**) = nullptr;
    void (*free_core)(Core*) = nullptr;
    Status (*get_property)(const Core*, const char* device, const char* key,
                           char** value) = nullptr;
    Status (*read_model)(const Core*, const char* file, const char* weights_file,
                         ReadModel**) = nullptr;
    void (*free_model)(ReadModel*) = nullptr;
    /// The count is that of the arguments after `CompiledModel**`: pairs of keys and values.
    Status (*compile_model)(const Core*, const ReadModel*, const char* device, std::size_t count,
                            CompiledModel**, ...) = nullptr;
    void (*free_compiled_model)(CompiledModel*) = nullptr;
    Status (*create_request)(const CompiledModel*, InferRequest**) = nullptr;
    void (*free_request)(InferRequest*) = nullptr;
    Status (*set_input)(InferRequest*, std::size_t index, const Tensor*) = nullptr;
    Status (*infer)(InferRequest*) = nullptr;
    Status (*get_output)(const InferRequest*, std::size_t index, Tensor**) = nullptr;
    Status (*wrap_tensor)(int element_type, Shape, void* data, Tensor**) = nullptr;
    Status (*tensor_size)(const Tensor*, std::size_t* elements) = nullptr;
    Status (*tensor_data)(const Tensor*, void** data) = nullptr;
    void (*free_tensor)(Tensor*) = nullptr;

    /// Returns the error of the last call on one line.
    [[nodiscard]] std::string error() const {
        const char* text = last_error();
        std::string line = text == nullptr ? "" : text;
        if (text != nullptr) free_text(text);
        // A message has several lines: where in OpenVINO the error occurred, then what happened.
        while (!line.empty() && line.back() == '\n') line.pop_back();
        line.erase(0, line.rfind('\n') + 1);
        return line.empty() ? "no reason given" : line;
    }
};

/// A network and the objects that run it.
struct OpenVino::Network {
    std::shared_ptr<const Api> api;
    Core* core = nullptr;
    CompiledModel* compiled = nullptr;
    InferRequest* request = nullptr;

    explicit Network(std::shared_ptr<const Api> loaded) : api(std::move(loaded)) {}
    ~Network() {
        if (request != nullptr) api->free_request(request);
        if (compiled != nullptr) api->free_compiled_model(compiled);
        if (core != nullptr) api->free_core(core);
    }
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    /// Returns whether all steps succeeded.
    bool open(const std::string& file, Precision precision) {
        if (api->create_core(&core) != 0) return false;
        ReadModel* model = nullptr;
        if (api->read_model(core, file.c_str(), nullptr, &model) != 0) return false;
        const std::array<std::string, 8> properties{
            "INFERENCE_PRECISION_HINT", precision == Precision::bf16 ? "bf16" : "f32",
            "INFERENCE_NUM_THREADS", std::to_string(std::max(1, cv::getNumThreads())),
            "PERFORMANCE_HINT", "LATENCY",
            // Otherwise, all workers of a machine would run on the same cores.
            "ENABLE_CPU_PINNING", "NO"};
        const auto& p = properties;
        const bool compiles =
            api->compile_model(core, model, device, p.size(), &compiled, p[0].c_str(), p[1].c_str(),
                               p[2].c_str(), p[3].c_str(), p[4].c_str(), p[5].c_str(), p[6].c_str(),
                               p[7].c_str()) == 0;
        // The compiled model has its own copy of the weights.
        api->free_model(model);
        return compiles && api->create_request(compiled, &request) == 0;
    }

    cv::Mat run(const cv::Mat& blob) const {
        std::array<std::int64_t, 4> sizes{blob.size[0], blob.size[1], blob.size[2], blob.size[3]};
        Tensor* input = nullptr;
        // The API requires a pointer to mutable memory but does not write to it.
        check(api->wrap_tensor(element_f32, {sizes.size(), sizes.data()},
                               const_cast<float*>(blob.ptr<float>()), &input));
        const bool succeeded = api->set_input(request, 0, input) == 0 && api->infer(request) == 0;
        api->free_tensor(input);
        check(succeeded ? 0 : -1);
        Tensor* output = nullptr;
        check(api->get_output(request, 0, &output));
        std::size_t count = 0;
        void* values = nullptr;
        cv::Mat rows;
        if (api->tensor_size(output, &count) == 0 && api->tensor_data(output, &values) == 0) {
            rows = cv::Mat(blob.size[0], static_cast<int>(count) / blob.size[0], CV_32F, values)
                       .clone();
        }
        api->free_tensor(output);
        check(rows.empty() ? -1 : 0);
        return rows;
    }

    void check(Status status) const {
        // Callers catch only OpenCV exceptions.
        if (status != 0) CV_Error(cv::Error::StsError, "OpenVINO: " + api->error());
    }
};

Result<OpenVino> OpenVino::load(const std::filesystem::path& models) {
    if (machine.empty()) {
        return fail(ErrorKind::unavailable,
                    "OpenVINO is not available for this processor or build");
    }
    const auto folder = models / "openvino" / machine;
    const auto file = folder / "libopenvino_c.so";
    std::error_code failed;
    if (!std::filesystem::exists(file, failed)) {
        return fail(ErrorKind::unavailable,
                    fmt::format("{} is missing; fetch it with: models/prepare --only engine",
                                file.string()));
    }
    // Never closed, because OpenVINO starts threads.
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return fail(ErrorKind::unavailable,
                    fmt::format("OpenVINO cannot be loaded ({}); if a file is damaged, replace it "
                                "with: models/prepare --only engine --verify",
                                dlerror()));
    }
    auto api = std::make_shared<Api>();
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* name) {
        function =
            reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
        if (function == nullptr) missing = name;
    };
    find(api->last_error, "ov_get_last_err_msg");
    find(api->free_text, "ov_free");
    find(api->create_core, "ov_core_create");
    find(api->free_core, "ov_core_free");
    find(api->get_property, "ov_core_get_property");
    find(api->read_model, "ov_core_read_model");
    find(api->free_model, "ov_model_free");
    find(api->compile_model, "ov_core_compile_model");
    find(api->free_compiled_model, "ov_compiled_model_free");
    find(api->create_request, "ov_compiled_model_create_infer_request");
    find(api->free_request, "ov_infer_request_free");
    find(api->set_input, "ov_infer_request_set_input_tensor_by_index");
    find(api->infer, "ov_infer_request_infer");
    find(api->get_output, "ov_infer_request_get_output_tensor_by_index");
    find(api->wrap_tensor, "ov_tensor_create_from_host_ptr");
    find(api->tensor_size, "ov_tensor_get_size");
    find(api->tensor_data, "ov_tensor_data");
    find(api->free_tensor, "ov_tensor_free");
    if (missing != nullptr) {
        return fail(ErrorKind::unavailable,
                    fmt::format("{} has no function {}; replace it with: models/prepare --only "
                                "engine --verify",
                                file.string(), missing));
    }
    return OpenVino(std::move(api));
}

bool OpenVino::has_bf16() const {
    Core* core = nullptr;
    if (api_->create_core(&core) != 0) return false;
    char* text = nullptr;
    bool found = false;
    if (api_->get_property(core, device, "OPTIMIZATION_CAPABILITIES", &text) == 0) {
        found = fmt::format(" {} ", text).find(" BF16 ") != std::string::npos;
        api_->free_text(text);
    }
    api_->free_core(core);
    return found;
}

Result<RunNetwork> OpenVino::open(const std::filesystem::path& file, Precision precision) const {
    const auto network = std::make_shared<Network>(api_);
    if (!network->open(file.string(), precision)) {
        return fail(ErrorKind::unavailable,
                    "OpenVINO cannot load " + file.string() + " (" + api_->error() + ")");
    }
    return [network](const cv::Mat& blob) { return network->run(blob); };
}

}  // namespace facebus::vision
