#include "vision/network/onnx_weights.hpp"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "vision/network/network.hpp"

namespace facebus::vision {
namespace {

// An ONNX file is a Protocol Buffers message: a model that contains a graph. The initializers of
// the graph are the tensors with the weights. The constants are from onnx.proto: `type_float` is a
// data type, the others are field numbers.
constexpr std::uint64_t model_graph = 7;
constexpr std::uint64_t graph_initializer = 5;
constexpr std::uint64_t tensor_data_type = 2;
constexpr std::uint64_t tensor_float_data = 4;
constexpr std::uint64_t tensor_name = 8;
constexpr std::uint64_t tensor_raw_data = 9;
constexpr std::uint64_t type_float = 1;

/// One field of a Protocol Buffers message.
struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;  ///< value of a varint, otherwise 0
    std::string_view bytes;   ///< content of any other field, otherwise empty
};

/// Removes the first field from `bytes` and returns it. Returns nothing if the field is malformed.
std::optional<Field> next_field(std::string_view& bytes) {
    // Reads a variable-length integer: seven bits per byte, lowest bits first. The top bit of a
    // byte is set if more bytes follow.
    const auto varint = [&]() -> std::optional<std::uint64_t> {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes.front());
            bytes.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return value;
        }
        return std::nullopt;
    };
    const auto take = [&](std::uint64_t size) -> std::optional<std::string_view> {
        if (size > bytes.size()) return std::nullopt;
        const auto taken = bytes.substr(0, size);
        bytes.remove_prefix(size);
        return taken;
    };
    const auto key = varint();
    if (!key) return std::nullopt;
    Field field{.number = *key >> 3U, .value = 0, .bytes = {}};
    std::optional<std::string_view> taken{""};
    // The low three bits of the key are the wire type: 0 varint, 1 eight bytes, 2 length and
    // bytes, 5 four bytes. All other types are deprecated or undefined.
    switch (*key & 7U) {
        case 0: {
            const auto value = varint();
            if (!value) return std::nullopt;
            field.value = *value;
            break;
        }
        case 1:
            taken = take(8);
            break;
        case 2: {
            const auto size = varint();
            taken = size ? take(*size) : std::nullopt;
            break;
        }
        case 5:
            taken = take(4);
            break;
        default:
            return std::nullopt;
    }
    if (!taken) return std::nullopt;
    field.bytes = *taken;
    return field;
}

/// Calls use(field) for each field. Returns false if a field is malformed or use() returned false.
template <class Use>
bool for_each_field(std::string_view bytes, Use use) {
    while (!bytes.empty()) {
        const auto field = next_field(bytes);
        if (!field) return false;
        if (!use(*field)) return false;
    }
    return true;
}

}  // namespace

OnnxWeights::OnnxWeights(const std::filesystem::path& file) : file_(file) {
    require_file(file);
    std::ifstream in(file, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    const auto read_tensor = [&](std::string_view bytes) {
        std::string name;
        std::string_view data;
        bool floats = false;
        const bool well_formed = for_each_field(bytes, [&](const Field& field) {
            if (field.number == tensor_name) name = field.bytes;
            if (field.number == tensor_data_type) floats = field.value == type_float;
            // A tensor has only one of these two fields. Either contains packed 32-bit floats.
            if (field.number == tensor_raw_data || field.number == tensor_float_data) {
                data = field.bytes;
            }
            return true;
        });
        if (!well_formed || data.size() % sizeof(float) != 0) return false;
        if (!floats) return true;
        std::vector<float> numbers(data.size() / sizeof(float));
        if (!numbers.empty()) std::memcpy(numbers.data(), data.data(), data.size());
        tensors_.insert_or_assign(std::move(name), std::move(numbers));
        return true;
    };
    const bool well_formed = for_each_field(content, [&](const Field& field) {
        if (field.number != model_graph) return true;
        return for_each_field(field.bytes, [&](const Field& part) {
            return part.number != graph_initializer || read_tensor(part.bytes);
        });
    });
    if (!well_formed) model_failed(file, "is not a valid ONNX file");
    if (tensors_.empty()) model_failed(file, "is not an ONNX file with 32-bit float weights");
}

const std::vector<float>& OnnxWeights::get(const std::string& name, std::size_t count) const {
    auto found = tensors_.find(name);
    // Callers such as CandidateNetwork may pass only the beginning of a name.
    if (found == tensors_.end()) {
        found = tensors_.lower_bound(name);
        if (found != tensors_.end() && !found->first.starts_with(name)) found = tensors_.end();
    }
    if (found == tensors_.end() || found->second.size() != count) {
        model_failed(file_, "is not the expected network (tensor " + name + ")");
    }
    return found->second;
}

}  // namespace facebus::vision
