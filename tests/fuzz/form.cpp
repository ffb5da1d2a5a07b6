// Fuzzes the form parser. The first line of the input is the Content-Type; the body follows.
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
    fuzz::require(parts->size() <= 8, "the number of parts is within the limit");
    for (const auto& part : *parts) {
        const auto* first = part.content.data();
        fuzz::require(
            first >= body.data() && first + part.content.size() <= body.data() + body.size(),
            "a part is inside the body");
    }
    return 0;
}
