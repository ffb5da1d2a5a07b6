// Fuzzes the parser of .pub files.
#include "bus/curve.hpp"
#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto key = bus::parse_public_key(fuzz::text(data, size));
    if (!key) return 0;
    fuzz::require(bus::valid_role(key->role), "an accepted role is valid");
    const auto again = bus::parse_public_key(bus::format(*key));
    fuzz::require(again && again->role == key->role && again->key == key->key &&
                      again->name == key->name && again->cameras == key->cameras,
                  "an accepted key is unchanged after writing and reading");
    return 0;
}
