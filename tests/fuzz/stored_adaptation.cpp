// Fuzzes the decoder of the adaptation that Redis stores. The input is its text.
#include "fuzz.hpp"
#include "gallery/store/record.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string text(fuzz::text(data, size));
    const auto stored = gallery::decode_adaptation(
        {std::vector<gallery::Reply>{{gallery::adaptation_id(text)}, {text}}});
    if (!stored) return 0;
    const auto again = gallery::read_adaptation(gallery::write_adaptation(stored->adaptation));
    fuzz::require(again.has_value(), "an accepted adaptation can be stored");
    Embedding probe{};
    probe[0] = 1;
    const auto centred = stored->adaptation.centred(probe);
    fuzz::require(similarity(centred, centred) < 1.01F, "a mapped probe is a unit vector or zero");
    return 0;
}
