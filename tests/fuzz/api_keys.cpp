// A file of API keys.
#include "fuzz.hpp"
#include "shared/api_key.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto keys = parse_api_keys(fuzz::text(data, size));
    if (!keys) return 0;
    for (const auto& key : *keys) {
        fuzz::require(key.hash.size() == 64, "a hash has 64 digits");
        fuzz::require(!key.name.empty(), "a key has a name");
        fuzz::require(parse_api_role(to_string(key.role)).has_value(), "a role is one");
    }
    return 0;
}
