// The header of one kind of message, FACEBUS_MESSAGE, with payloads of sizes that may fit it.
#include "fuzz.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using Message = wire::FACEBUS_MESSAGE;

namespace {

void try_payload(std::string_view header, std::size_t payload_bytes) {
    const auto message = wire::decode<Message>(header, payload_bytes);
    if (!message) {
        fuzz::require(!message.error().message.empty(), "a refusal says why");
        return;
    }
    // What was accepted can be sent on, and means the same then.
    const auto encoded = wire::encode(*message);
    fuzz::require(encoded.size() <= wire::max_header_bytes, "an accepted message can be sent");
    const auto again = wire::decode<Message>(encoded, payload_bytes);
    fuzz::require(again.has_value(), "an accepted message is accepted again");
    fuzz::require(wire::encode(*again) == encoded, "and is the same message");
    fuzz::require(wire::kind(wire::topic(*message)) == Message::topic, "and has its topic");
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto header = fuzz::text(data, size);
    // The sizes in the golden messages: nothing, a crop, two crops, the pixels of the samples.
    for (const std::size_t payload :
         {std::size_t{0}, std::size_t{24}, crop_bytes, 2 * crop_bytes}) {
        try_payload(header, payload);
    }
    return 0;
}
