// Fuzzes the decoder of the message type FACEBUS_MESSAGE with several payload sizes.
#include "fuzz.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using Message = wire::FACEBUS_MESSAGE;

namespace {

void try_payload(std::string_view header, std::size_t payload_bytes) {
    const auto message = wire::decode<Message>(header, payload_bytes);
    if (!message) {
        fuzz::require(!message.error().message.empty(), "an error has a message");
        return;
    }
    // An accepted message can be forwarded unchanged.
    const auto encoded = wire::encode(*message);
    fuzz::require(encoded.size() <= wire::max_header_bytes,
                  "an accepted message is within the header limit");
    const auto again = wire::decode<Message>(encoded, payload_bytes);
    fuzz::require(again.has_value(), "an accepted message is accepted again after encoding");
    fuzz::require(wire::encode(*again) == encoded, "encoding is stable");
    fuzz::require(wire::kind(wire::topic(*message)) == Message::kind,
                  "the topic begins with the message type");
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto header = fuzz::text(data, size);
    // The payload sizes of the golden messages: none, the pixels of the samples, one crop, two
    // crops.
    for (const std::size_t payload :
         {std::size_t{0}, std::size_t{24}, crop_bytes, 2 * crop_bytes}) {
        try_payload(header, payload);
    }
    return 0;
}
