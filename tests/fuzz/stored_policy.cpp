// Fuzzes the decoder of the calibration that Redis stores. Each line of the input is one value.
#include "fuzz.hpp"
#include "gallery/store/record.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::vector<gallery::Reply> values;
    auto rest = fuzz::text(data, size);
    while (!rest.empty() && values.size() < 16) {
        const auto end = rest.find('\n');
        values.push_back({std::string(rest.substr(0, end))});
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    const auto options = gallery::decode_calibration({std::move(values)});
    if (!options) return 0;
    fuzz::require(gallery::check_calibration(*options).has_value(),
                  "an accepted calibration can be stored");
    return 0;
}
