// Measures the speed of an engine on random crops, on one thread.
//
// bench.embed NETWORK ENGINE PRECISION BATCH ROUNDS prints three numbers: the median CPU time in
// milliseconds per face, the time in seconds until the first embedding, and the peak memory in MiB.
#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "base/error.hpp"
#include "support/models.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/network/threads.hpp"

namespace {

/// Returns the CPU time of all threads of this process.
double cpu_ms() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace facebus;
    if (argc != 6) {
        fmt::print(stderr,
                   "usage: bench.embed facenet|sface openvino|opencv f32|bf16 BATCH ROUNDS\n");
        return 64;
    }
    vision::use_threads(1);
    try {
        const auto is = [&](int index, std::string_view word) { return argv[index] == word; };
        const auto start = std::chrono::steady_clock::now();
        vision::Embedder embedder(
            test::models(),
            {.model = is(1, "sface") ? vision::Model::sface : vision::Model::facenet,
             .engine = is(2, "openvino") ? vision::Engine::openvino : vision::Engine::opencv,
             .precision = is(3, "bf16") ? vision::Precision::bf16 : vision::Precision::f32});
        const auto batch = std::stoul(argv[4]);
        const auto rounds = std::stoul(argv[5]);
        std::mt19937 random(1);
        std::vector<Image> crops;
        for (std::size_t i = 0; i < batch; ++i) {
            std::vector<std::byte> pixels(crop_bytes);
            for (auto& pixel : pixels) pixel = static_cast<std::byte>(random());
            crops.push_back({crop_side, crop_side, Bytes::take(std::move(pixels))});
        }
        (void)embedder.embed(crops);
        const std::chrono::duration<double> ready = std::chrono::steady_clock::now() - start;
        std::vector<double> spent;
        for (std::size_t round = 0; round < rounds; ++round) {
            const auto before = cpu_ms();
            (void)embedder.embed(crops);
            spent.push_back(cpu_ms() - before);
        }
        std::ranges::sort(spent);
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        fmt::print("{:.2f} {:.2f} {}\n", spent[spent.size() / 2] / static_cast<double>(batch),
                   ready.count(), usage.ru_maxrss / 1024);
    } catch (const FatalError& error) {
        fmt::print(stderr, "bench.embed: {}\n", error.what());
        return 69;
    }
}
