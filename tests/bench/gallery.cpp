// Measures a worker's snapshot of the gallery: loading, matching and refreshing.
//
// bench.gallery SAMPLES... first measures the scan with each supported instruction set. Then it
// measures one gallery for each given number of samples, in a temporary Redis server. bench.gallery
// --serve SAMPLES only starts and fills a Redis server, prints its URL, and exits when standard
// input ends.
//
// Subjects have three samples each and are drawn from the shipped cohort. Half of the probes show
// impostors; the others are samples of enrolled people with little or much added noise. The
// baseline is a scan of 32-bit floats, which also provides the correct matches.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include "gallery/decide/calibration.hpp"
#include "gallery/match/compact.hpp"
#include "gallery/score/cohort.hpp"
#include "gallery/score/score_space.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store.hpp"
#include "support/redis_server.hpp"

namespace {

using namespace facebus;
using namespace facebus::gallery;

constexpr std::size_t samples_per_subject = 3;
constexpr std::size_t probe_count = 64;
constexpr std::size_t chunk = 10'000;  // number of subjects drawn from the cohort at a time

/// Returns the duration of `work` in seconds.
double seconds(const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Returns the dot product. Computes several partial sums, so that the compiler can use vector
/// instructions.
float dot(const Embedding& a, const Embedding& b) {
    constexpr std::size_t lanes = 16;
    std::array<float, lanes> sums{};
    for (std::size_t i = 0; i < embedding_size; i += lanes) {
#pragma GCC unroll 16
        for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
    }
    return std::accumulate(sums.begin(), sums.end(), 0.0F);
}

std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    std::size_t resident = 0;
    file >> pages >> resident;
    return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Returns the id of a subject (`kind` 0) or of one of its samples (`kind` 1 to 3).
std::string id_of(std::size_t number, std::size_t kind) {
    // The factor distributes the ids over the parts of the gallery as if they were random.
    return fmt::format("{:016x}{:08x}{:08x}", number * 0x9e3779b97f4a7c15ULL, number, kind);
}

/// Adds normally distributed noise, whose norm is about `distance`, to `face`. Returns the
/// normalised sum.
Embedding perturbed(const Embedding& face, float distance, std::mt19937& random) {
    std::normal_distribution<float> normal;
    Embedding out = face;
    for (float& value : out) value += distance * normal(random) / 22.6F;  // 22.6: sqrt(512)
    normalise(out);
    return out;
}

/// Returns faces that resemble different people of the shipped cohort. Equal seeds give equal
/// faces.
std::vector<Embedding> random_faces(std::size_t count, std::uint32_t seed) {
    const auto& cohort = shipped_cohorts().front();
    std::mt19937 random(seed);
    std::vector<Embedding> faces;
    for (std::size_t i = 0; i < count; ++i) {
        Embedding face = cohort.mean;
        for (int part = 0; part < 3; ++part) {
            const auto& vector = cohort.vectors[random() % cohort.vectors.size()];
            for (std::size_t k = 0; k < embedding_size; ++k) face[k] += vector[k];
        }
        normalise(face);
        faces.push_back(perturbed(face, 0.7F, random));
    }
    return faces;
}

/// Calls use(record) for each subject. Generates the same subjects on every call.
void for_each_subject(std::size_t samples, const auto& use) {
    const std::size_t subjects = (samples + samples_per_subject - 1) / samples_per_subject;
    for (std::size_t first = 0; first < subjects; first += chunk) {
        const auto count = std::min(chunk, subjects - first);
        const auto faces = random_faces(count, static_cast<std::uint32_t>(1000 + first));
        for (std::size_t i = 0; i < count; ++i) {
            const auto number = first + i;
            std::mt19937 random(static_cast<std::uint32_t>(number));
            SubjectRecord record;
            record.subject = {id_of(number, 0), "name " + std::to_string(number), 1};
            for (std::size_t k = 0;
                 k < std::min(samples_per_subject, samples - number * samples_per_subject); ++k) {
                Sample sample;
                sample.id = id_of(number, k + 1);
                sample.subject_id = record.subject.id;
                sample.source = "synthetic";
                sample.model_id = shipped_cohorts().front().model_id;
                sample.quality = 0.8F;
                sample.embedding = perturbed(faces[i], 0.6F, random);
                record.samples.push_back(std::move(sample));
            }
            use(record);
        }
    }
}

void fill(const RedisOptions& options, std::size_t samples) {
    Redis redis(options);
    std::vector<Redis::Command> commands{{"SET", keys::model, shipped_cohorts().front().model_id}};
    const auto flush = [&] {
        if (const auto done = redis.pipeline(commands); !done) {
            fmt::print(stderr, "bench.gallery: {}\n", done.error().message);
            std::exit(1);
        }
        commands.clear();
    };
    for_each_subject(samples, [&](const SubjectRecord& record) {
        const auto& id = record.subject.id;
        const auto& name = record.subject.name;
        commands.push_back({"HSET", keys::names, name, id});
        commands.push_back({"SADD", keys::part(keys::part_of(id)), id});
        commands.push_back({"HSET", keys::subject(id), "name", name, "created", "1"});
        for (const auto& sample : record.samples) {
            commands.push_back(write_sample(sample));
            commands.push_back({"RPUSH", keys::subject_samples(id), sample.id});
        }
        if (commands.size() > 500) flush();
    });
    commands.push_back({"XADD", keys::changes, "*", "op", "add", "part", ""});
    flush();
}

/// Returns probes of impostors and of enrolled subjects.
std::vector<Embedding> make_probes(std::size_t samples) {
    std::vector<Embedding> probes = random_faces(probe_count / 2, 5);
    const std::size_t every = std::max<std::size_t>(samples / samples_per_subject / probe_count, 1);
    std::size_t number = 0;
    std::mt19937 random(9);
    for_each_subject(samples, [&](const SubjectRecord& record) {
        if (number++ % every != 0 || probes.size() >= probe_count) return;
        // Alternate between little and much noise. The similarity of the probe to the sample is
        // about 0.9 or 0.45.
        const float distance = probes.size() % 2 == 0 ? 0.5F : 2.0F;
        probes.push_back(perturbed(record.samples.front().embedding, distance, random));
    });
    while (probes.size() < probe_count) probes.push_back(probes[probes.size() / 2]);
    return probes;
}

/// Correct match of a probe.
struct Truth {
    float best = -2;         ///< score with the best subject
    float second = -2;       ///< score with the second-best subject
    std::string subject_id;  ///< best subject
};

/// Finds the best subject and the second-best score for each probe, and stores them in `truth`.
/// Compares 32-bit floats; the score with a subject is the mean over its samples. Returns the
/// duration per probe in seconds, without that of centring the embeddings.
double scan_of_floats(std::size_t samples, const std::vector<Embedding>& faces,
                      std::vector<Truth>& truth) {
    const ScoreSpace space(shipped_cohorts().front());
    std::vector<Embedding> probes;
    std::vector<float> probe_offsets;
    for (const auto& face : faces) {
        probes.push_back(space.centred(face));
        probe_offsets.push_back(space.offset(probes.back()));
    }
    truth.assign(probes.size(), {});
    double spent = 0;
    std::vector<SubjectRecord> batch;  // with centred embeddings
    std::vector<std::vector<float>> offsets;
    const auto compare = [&] {
        spent += seconds([&] {
            for (std::size_t p = 0; p < probes.size(); ++p) {
                for (std::size_t i = 0; i < batch.size(); ++i) {
                    const auto& record = batch[i];
                    float sum = 0;
                    for (std::size_t k = 0; k < record.samples.size(); ++k) {
                        sum += dot(record.samples[k].embedding, probes[p]) + offsets[i][k];
                    }
                    const float score =
                        probe_offsets[p] + sum / static_cast<float>(record.samples.size());
                    if (score > truth[p].best) {
                        truth[p] = {score, truth[p].best, record.subject.id};
                    } else {
                        truth[p].second = std::max(truth[p].second, score);
                    }
                }
            }
        });
        batch.clear();
        offsets.clear();
    };
    for_each_subject(samples, [&](const SubjectRecord& record) {
        batch.push_back(record);
        offsets.emplace_back();
        for (auto& sample : batch.back().samples) {
            sample.embedding = space.centred(sample.embedding);
            offsets.back().push_back(space.offset(sample.embedding));
        }
        if (batch.size() == 1000) compare();
    });
    compare();
    return spent / static_cast<double>(probes.size());
}

void run(std::size_t samples) {
    const test::RedisServer server;
    const RedisOptions options{.url = server.url(), .timeout_ms = 60'000};
    fmt::print(stderr, "{} samples: filling Redis\n", samples);
    fill(options, samples);
    Store store(options);
    const auto probes = make_probes(samples);
    malloc_trim(0);
    const auto before = resident_bytes();
    std::shared_ptr<const Snapshot> gallery;
    const double loading =
        seconds([&] { gallery = *store.load(shipped_cohorts().front().model_id); });
    const double mebibytes = static_cast<double>(resident_bytes() - before) / (1 << 20);

    std::vector<Match> matches;
    const double alone = seconds([&] {
        for (const auto& probe : probes) matches.push_back(gallery->match(probe));
    });
    const double together = seconds([&] {
        for (std::size_t i = 0; i < probes.size(); i += 8) {
            (void)gallery->match(std::span(probes).subspan(i, 8));
        }
    });

    Sample sample;
    sample.model_id = shipped_cohorts().front().model_id;
    sample.source = "new";
    sample.quality = 0.9F;
    sample.embedding = random_faces(1, 4).front();
    const auto added = store.add("somebody new", sample);
    std::shared_ptr<const Snapshot> after;
    const double adding = seconds([&] { after = *store.refresh(gallery); });
    const bool added_visible = after->match(sample.embedding).best->name == "somebody new";
    (void)store.remove("somebody new");
    const double removing = seconds([&] { after = *store.refresh(after); });
    const bool removed_visible = after->match(sample.embedding).best->name != "somebody new";

    fmt::print(stderr, "{} samples: scanning floats\n", samples);
    std::vector<Truth> truth;
    const double floats = scan_of_floats(samples, probes, truth);
    std::size_t correct = 0;
    float largest_error = 0;
    for (std::size_t i = 0; i < probes.size(); ++i) {
        if (matches[i].best->subject_id == truth[i].subject_id) ++correct;
        largest_error = std::max(largest_error, std::abs(matches[i].best->score - truth[i].best));
        if (matches[i].runner_up) {
            largest_error =
                std::max(largest_error, std::abs(matches[i].runner_up->score - truth[i].second));
        }
    }
    const auto ms_per_probe = 1000 / static_cast<double>(probes.size());
    fmt::print(
        "| {} | {:.0f} | {:.1f} | {:.2f} | {:.2f} | {:.2f} | {:.1f} | {}/{} | {:.0e} | {:.0f} | "
        "{:.0f} |\n",
        samples, mebibytes, loading, alone * ms_per_probe, together * ms_per_probe, floats * 1000,
        floats / (together / static_cast<double>(probes.size())), correct, probes.size(),
        largest_error, adding * 1000, removing * 1000);
    std::fflush(stdout);
    if (!added || !added_visible || !removed_visible) {
        fmt::print(stderr, "bench.gallery: {}\n",
                   added ? std::string("the refreshed snapshot lacks a change of the gallery")
                         : added.error().message);
        std::exit(1);
    }
}

/// Measures only the scan, with each supported instruction set, on 200,000 rows (102 MB).
void measure_instructions() {
    constexpr std::size_t rows = 200'000;
    std::vector<std::int8_t> bytes(rows * embedding_size);
    std::mt19937 random(1);
    for (auto& byte : bytes) byte = static_cast<std::int8_t>(random() % 255 - 127);
    const auto faces = random_faces(8, 1);
    std::vector<std::int32_t> out(8 * rows);
    fmt::print("| instructions | 1 probe | batch of 8, per probe |\n|---|--:|--:|\n");
    for (const auto instructions : supported_instructions()) {
        const auto milliseconds = [&](std::size_t probes) {
            const CoarseProbes coarse{std::span(faces).first(probes)};
            double best = 1e9;
            for (int round = 0; round < 5; ++round) {
                best = std::min(best, seconds([&] {
                                    coarse_products(bytes.data(), rows, coarse, out.data(),
                                                    instructions);
                                }));
            }
            return best * 1000 / static_cast<double>(probes) * 1e6 / rows;
        };
        fmt::print("| {} | {:.1f} ms | {:.1f} ms |\n", name_of(instructions), milliseconds(1),
                   milliseconds(8));
    }
    fmt::print("\n(times for a million rows)\n\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: bench.gallery SAMPLES... | bench.gallery --serve SAMPLES\n");
        return 64;
    }
    if (std::string(argv[1]) == "--serve" && argc == 3) {
        const test::RedisServer server;
        fill({.url = server.url(), .timeout_ms = 60'000}, std::stoul(argv[2]));
        fmt::print("{}\n", server.url());
        std::fflush(stdout);
        while (std::getchar() != EOF) {
        }
        return 0;
    }
    fmt::print("instructions: {}\n\n", facebus::name_of(facebus::best_instructions()));
    measure_instructions();
    fmt::print(
        "| samples | MiB | load (s) | 1 probe (ms) | batch of 8 (ms per probe) | "
        "baseline, 1 probe (ms) | baseline / batch of 8 | "
        "best found | largest error | addition visible (ms) | removal visible (ms) |\n"
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (int i = 1; i < argc; ++i) run(std::stoul(argv[i]));
}
