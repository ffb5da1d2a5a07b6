// Fuzzes the decoder of gallery samples from Redis. Passes arbitrary replies, and replies in the
// form of a valid reply: arrays of six strings.
#include <fuzzer/FuzzedDataProvider.h>

#include "fuzz.hpp"
#include "gallery/store/record.hpp"

using namespace facebus;

namespace {

const std::string id(32, 'a');

/// Returns an arbitrary reply that is nested in `depth` arrays. Creates no array if `depth` is 4.
gallery::Reply arbitrary_reply(FuzzedDataProvider& input, int depth) {
    switch (input.ConsumeIntegralInRange(0, depth > 3 ? 2 : 3)) {
        case 0:
            return {input.ConsumeRandomLengthString(4096)};
        case 1:
            return {input.ConsumeIntegral<std::int64_t>()};
        case 2:
            return {};
        default: {
            std::vector<gallery::Reply> elements;
            const auto count = input.ConsumeIntegralInRange<std::size_t>(0, 8);
            for (std::size_t i = 0; i < count; ++i) {
                elements.push_back(arbitrary_reply(input, depth + 1));
            }
            return {std::move(elements)};
        }
    }
}

/// Returns an array of the first five lines of `bytes`, all bytes after these lines, and two nils,
/// because the sample has no further embedding.
gallery::Reply sample_reply(std::string_view bytes) {
    std::vector<gallery::Reply> elements;
    for (int i = 0; i < 5; ++i) {
        const auto end = bytes.find('\n');
        elements.push_back({std::string(bytes.substr(0, end))});
        bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
    }
    elements.push_back({std::string(bytes)});
    elements.resize(8);
    return {std::move(elements)};
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    FuzzedDataProvider input(data, size);
    static_cast<void>(gallery::decode_sample(id, arbitrary_reply(input, 0)));
    const auto sample = gallery::decode_sample(id, sample_reply(fuzz::text(data, size)));
    if (!sample) return 0;
    fuzz::require(gallery::check_sample(*sample).has_value(), "an accepted sample can be stored");
    const auto command = gallery::write_sample(*sample);
    std::vector<gallery::Reply> written;
    for (std::size_t i = 3; i < command.size(); i += 2) written.push_back({command[i]});
    written.resize(8);
    const auto again = gallery::decode_sample(id, {std::move(written)});
    fuzz::require(again && again->embedding == sample->embedding && again->source == sample->source,
                  "an accepted sample is unchanged after writing and reading");
    return 0;
}
