// Fuzzes the decoder of one kind of message, with several payload sizes. The macro FACEBUS_MESSAGE
// is the name of the message's struct.
#include "fuzz.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using Message = wire::FACEBUS_MESSAGE;

namespace {

/// Checks the decoder with this header and payload size.
void check_decoder(std::string_view header, std::size_t payload_bytes) {
    const auto message = wire::decode<Message>(header, payload_bytes);
    if (!message) {
        fuzz::require(!message.error().message.empty(), "an error has a message");
        return;
    }
    const auto encoded = wire::encode(*message);
    fuzz::require(encoded.size() <= wire::max_header_bytes,
                  "the encoding of an accepted message is within the header limit");
    const auto again = wire::decode<Message>(encoded, payload_bytes);
    fuzz::require(again.has_value(), "an accepted message is accepted again after encoding");
    fuzz::require(wire::encode(*again) == encoded,
                  "decoding an encoded message and encoding it again gives the same bytes");
    fuzz::require(wire::kind(wire::topic(*message)) == Message::kind,
                  "the topic begins with the kind of message");
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto header = fuzz::text(data, size);
    // Payload sizes: none; the pixels of the frame and of the region in
    // tests/support/example_messages.hpp; one crop; two crops.
    for (const std::size_t payload :
         {std::size_t{0}, std::size_t{24}, std::size_t{126}, crop_bytes, 2 * crop_bytes}) {
        check_decoder(header, payload);
    }
    return 0;
}
