// Measures the speed of FaceNet on random crops.
//
// bench.embed ENGINE THREADS BATCH ROUNDS prints the median time in milliseconds per face.
#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/error.hpp"
#include "support/models.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/network/threads.hpp"

int main(int argc, char** argv) {
    using namespace facebus;
    if (argc != 5) {
        fmt::print(stderr, "usage: bench.embed opencv|onnxruntime THREADS BATCH ROUNDS\n");
        return 64;
    }
    vision::use_threads(std::stoi(argv[2]));
    try {
        vision::Embedder embedder(test::models(), std::string(argv[1]) == "onnxruntime"
                                                      ? vision::Engine::onnxruntime
                                                      : vision::Engine::opencv);
        const auto batch = std::stoul(argv[3]);
        const auto rounds = std::stoul(argv[4]);
        std::mt19937 random(1);
        std::vector<Image> crops;
        for (std::size_t i = 0; i < batch; ++i) {
            std::vector<std::byte> pixels(crop_bytes);
            for (auto& pixel : pixels) pixel = static_cast<std::byte>(random());
            crops.push_back({crop_side, crop_side, Bytes::take(std::move(pixels))});
        }
        (void)embedder.embed(crops);
        std::vector<double> spent;
        for (std::size_t round = 0; round < rounds; ++round) {
            const auto start = std::chrono::steady_clock::now();
            (void)embedder.embed(crops);
            spent.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count());
        }
        std::ranges::sort(spent);
        fmt::print("{:.2f}\n", spent[spent.size() / 2] / static_cast<double>(batch));
    } catch (const FatalError& error) {
        fmt::print(stderr, "bench.embed: {}\n", error.what());
        return 69;
    }
}
