// Fuzzes the decoder of probes that Redis stores for each track.
#include "fuzz.hpp"
#include "gallery/store/record.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto bytes = fuzz::text(data, size);
    const auto stored = gallery::unpack_probe("a probe", bytes);
    if (!stored) return 0;
    fuzz::require(gallery::check_embedding(stored->probe.embedding).has_value(),
                  "an accepted embedding has unit norm");
    fuzz::require(gallery::pack_probe(stored->probe, stored->model_id) == bytes,
                  "an accepted probe is encoded to the same bytes");
    return 0;
}
