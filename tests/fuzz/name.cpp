// Fuzzes the validation of subject names.
#include "gallery/name.hpp"

#include "base/text/unicode.hpp"
#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto name = gallery::clean_name(fuzz::text(data, size));
    if (!name) return 0;
    fuzz::require(!name->empty() && name->size() <= gallery::max_name_bytes,
                  "the length of a name is within the limits");
    fuzz::require(printable(*name) == *name, "an accepted name can be printed unchanged");
    fuzz::require(gallery::is_stored_name(*name), "an accepted name can be stored");
    fuzz::require(gallery::clean_name(*name) == *name, "a clean name is unchanged by cleaning");
    return 0;
}
