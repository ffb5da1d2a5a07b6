// Tests of quantised embeddings and of the kernels that scan them.
#include <cmath>
#include <cstdlib>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "gallery/match/compact.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::face;

BOOST_AUTO_TEST_CASE(quantised_embeddings_keep_their_similarities) {
    std::vector<Embedding> faces{axis(0), axis(511), between(3, 4, 0.001F), between(3, 4, -0.7F)};
    for (std::uint32_t i = 0; i < 40; ++i) faces.push_back(face(i));
    for (const auto& each : faces) {
        const auto row = compact(each);
        for (const auto& probe : faces) {
            const float exact = similarity(each, probe);
            const float quantised =
                row_similarity(row.high.data(), row.low.data(), row.scale, probe);
            BOOST_TEST(std::abs(exact - quantised) < 2e-5F);
        }
    }
}

BOOST_AUTO_TEST_CASE(quantises_vectors_of_any_norm) {
    for (const float value : {0.0F, 1.0F, -1.0F, 3.0F, 1e-20F}) {
        Embedding all{};
        all.fill(value);
        const auto row = compact(all);
        for (const float back : expand(row.high.data(), row.low.data(), row.scale)) {
            BOOST_TEST(std::abs(back - value) <= std::abs(value) * 1e-4F);
        }
    }
}

BOOST_AUTO_TEST_CASE(all_supported_instruction_sets_give_the_same_coarse_products) {
    constexpr std::size_t rows = 37;
    std::vector<std::int8_t> bytes;
    for (std::uint32_t i = 0; i < rows; ++i) {
        auto row = compact(face(i));
        // Include the largest and the smallest possible high part.
        if (i == 0) row.high.fill(127);
        if (i == 1) row.high.fill(-127);
        bytes.insert(bytes.end(), row.high.begin(), row.high.end());
    }
    for (std::size_t count = 1; count <= 17; ++count) {
        std::vector<Embedding> probes;
        for (std::uint32_t i = 0; i < count; ++i) probes.push_back(face(100 + i));
        probes.back().fill(-1);
        const CoarseProbes coarse(probes);
        std::vector<std::int32_t> expected;
        for (std::size_t p = 0; p < count; ++p) {
            for (std::size_t r = 0; r < rows; ++r) {
                std::int32_t sum = 0;
                for (std::size_t i = 0; i < embedding_size; ++i) {
                    sum += bytes[r * embedding_size + i] * coarse.bytes(p)[i];
                }
                expected.push_back(sum);
            }
        }
        for (const auto instructions : supported_instructions()) {
            std::vector<std::int32_t> products(count * rows);
            coarse_products(bytes.data(), rows, coarse, products.data(), instructions);
            BOOST_TEST_CONTEXT(name_of(instructions) << ", " << count << " probes") {
                BOOST_TEST(products == expected);
            }
        }
    }
}
