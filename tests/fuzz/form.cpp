// The body of a request to the gateway: its type on the first line, and a form below.
#include "fuzz.hpp"
#include "http/multipart.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto text = fuzz::text(data, size);
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return 0;
    const auto body = text.substr(end + 1);
    const auto parts = http::parse_form(text.substr(0, end), body, 8);
    if (!parts) return 0;
    fuzz::require(parts->size() <= 8, "there are no more parts than may be");
    for (const auto& part : *parts) {
        const auto* first = part.content.data();
        fuzz::require(
            first >= body.data() && first + part.content.size() <= body.data() + body.size(),
            "a part lies in the body");
    }
    return 0;
}
