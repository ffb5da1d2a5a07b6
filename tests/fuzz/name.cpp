// A subject's name, as it comes from a command, a folder, an archive or Redis.
#include "gallery/name.hpp"

#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto name = gallery::clean_name(fuzz::text(data, size));
    if (!name) return 0;
    fuzz::require(!name->empty() && name->size() <= gallery::max_name_bytes, "a name has a length");
    fuzz::require(gallery::printable(*name), "an accepted name can be shown");
    fuzz::require(gallery::clean_name(*name) == *name, "a clean name stays as it is");
    return 0;
}
