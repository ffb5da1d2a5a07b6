// Fuzzes the parser of API key files.
#include "api_keys/api_key.hpp"
#include "fuzz.hpp"

using namespace facebus;
using namespace facebus::api_keys;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto content = parse(fuzz::text(data, size));
    for (const auto& key : content.keys) {
        fuzz::require(key.hash.size() == 64, "the hash of a key has 64 digits");
        fuzz::require(!key.name.empty(), "a key has a name");
        fuzz::require(parse_role(to_string(key.role)).has_value(),
                      "the name of a role can be parsed");
    }
    return 0;
}
