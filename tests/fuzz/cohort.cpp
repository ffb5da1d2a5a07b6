// Fuzzes the parser of cohort files (statistics of many faces).
#include "gallery/score/cohort.hpp"

#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto cohort = gallery::read_cohort(std::string(fuzz::text(data, size)));
    if (!cohort) return 0;
    const auto again = gallery::read_cohort(gallery::write_cohort(*cohort));
    fuzz::require(again.has_value(), "an accepted cohort is accepted again after writing");
    return 0;
}
