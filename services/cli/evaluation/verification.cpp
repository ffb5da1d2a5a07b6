#include "cli/evaluation/verification.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "base/random.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;

constexpr float no_face = -1;  // similarity if one of the images has no face

/// Finds the images that a pairs file names by person and number.
class ImageIndex {
  public:
    explicit ImageIndex(const FaceSet& set) {
        for (std::size_t i = 0; i < set.images.size(); ++i) {
            indexes_[fs::path(set.images[i].file).replace_extension().string()] = i;
        }
    }

    [[nodiscard]] std::optional<std::size_t> find(const std::string& person, int number) const {
        const auto entry = indexes_.find(fmt::format("{0}/{0}_{1:04}", person, number));
        if (entry == indexes_.end()) return std::nullopt;
        return entry->second;
    }

  private:
    std::map<std::string, std::size_t> indexes_;  ///< by path without extension
};

/// Parses a non-negative integer. Returns nothing if the text is anything else.
std::optional<int> parse_number(const std::string& text) {
    int value = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, value);
    if (failed != std::errc() || rest != end || value < 0) return std::nullopt;
    return value;
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(std::move(word));
    return words;
}

/// Parser of a pairs file; see read_pairs() for the format.
class PairsFile {
  public:
    PairsFile(const fs::path& file, const FaceSet& set) : file_(file), index_(set), in_(file) {
        if (!in_) {
            throw FatalError(Exit::unavailable,
                             fmt::format("cannot read {}; check the name", file.string()));
        }
    }

    std::vector<Pair> read() {
        const auto head = next();
        std::vector<std::size_t> sizes;
        for (const auto& word : head) {
            const auto value = parse_number(word);
            if (!value || *value == 0) fail_line("must be `folds count` or `count`");
            sizes.push_back(static_cast<std::size_t>(*value));
        }
        if (sizes.empty() || sizes.size() > 2) fail_line("must be `folds count` or `count`");
        const std::size_t folds = sizes.size() == 2 ? sizes.front() : 1;
        const std::size_t count = sizes.back();
        std::vector<Pair> pairs;
        for (std::size_t fold = 0; fold < folds; ++fold) {
            for (std::size_t i = 0; i < 2 * count; ++i) pairs.push_back(pair(fold, i < count));
        }
        return pairs;
    }

  private:
    std::vector<std::string> next() {
        std::string line;
        ++line_;
        if (!std::getline(in_, line)) {
            fail_line(line_ == 1 ? "is missing; it must be `folds count` or `count`"
                                 : "is missing: the first line announces more pairs");
        }
        return words_of(line);
    }

    Pair pair(std::size_t fold, bool same) {
        const auto words = next();
        if (words.size() != (same ? 3U : 4U)) {
            fail_line(same ? "must be `name number number`" : "must be `name number name number`");
        }
        const auto& other = same ? words[0] : words[2];
        return {image(words[0], words[1]), image(other, words.back()), same, fold};
    }

    std::size_t image(const std::string& person, const std::string& text) {
        const auto value = parse_number(text);
        if (!value) fail_line(fmt::format("\"{}\" is not a number", text));
        const auto index = index_.find(person, *value);
        if (!index)
            fail_line(fmt::format("the folder has no image {0}/{0}_{1:04}", person, *value));
        return *index;
    }

    [[noreturn]] void fail_line(const std::string& why) const {
        throw FatalError(Exit::input, fmt::format("{}, line {}: {}", file_.string(), line_, why));
    }

    const fs::path& file_;
    ImageIndex index_;
    std::ifstream in_;
    int line_ = 0;
};

float score(const FaceSet& set, const Pair& pair) {
    const auto& a = set.images[pair.first].face;
    const auto& b = set.images[pair.second].face;
    return a && b ? similarity(a->embedding, b->embedding) : no_face;
}

/// Returns the threshold at which the most pairs are classified correctly. Ignores the pairs of the
/// fold `excluded`, if given.
float best_threshold(const std::vector<PairResult>& results, std::optional<std::size_t> excluded) {
    std::vector<std::pair<float, bool>> scores;
    std::ptrdiff_t correct = 0;
    for (const auto& result : results) {
        // A pair in which an image has no face is rejected at every threshold.
        if (result.pair.fold == excluded || result.similarity == no_face) continue;
        scores.emplace_back(result.similarity, result.pair.same);
        if (result.pair.same) ++correct;
    }
    if (scores.empty()) return 1;
    std::ranges::sort(scores);
    // Start with a threshold that accepts every pair, so that exactly the pairs of the same person
    // are classified correctly. Then raise the threshold step by step. Each step moves it above one
    // more score, to the middle between that score and the next, and thus rejects one more pair.
    // Rejecting a pair is wrong if it shows the same person, otherwise correct.
    std::ptrdiff_t most = correct;
    float best = scores.front().first;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        correct += scores[i].second ? -1 : 1;
        const bool tied = i + 1 < scores.size() && scores[i + 1].first == scores[i].first;
        if (correct <= most || tied) continue;
        most = correct;
        const float next = i + 1 < scores.size() ? scores[i + 1].first : 1;
        best = (scores[i].first + next) / 2;
    }
    return best;
}

}  // namespace

std::vector<Pair> read_pairs(const fs::path& file, const FaceSet& set) {
    return PairsFile(file, set).read();
}

std::vector<Pair> random_pairs(const FaceSet& set) {
    constexpr std::size_t folds = 10;
    constexpr std::size_t max_pairs = 300 * folds;
    std::vector<Pair> same;
    std::vector<Pair> different;
    const auto count = set.images.size();
    Random random(1);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = i + 1; j < count && set.images[j].person == set.images[i].person;
             ++j) {
            same.push_back({i, j, true, 0});
        }
    }
    random.shuffle(same);
    if (same.size() > max_pairs) same.resize(max_pairs);
    // Draw as many pairs of different people as there are pairs of the same person. Limit the
    // number of attempts: if there is only one person, no attempt succeeds.
    for (std::size_t tries = 0; different.size() < same.size() && tries < 20 * max_pairs; ++tries) {
        const auto i = random.below(count);
        const auto j = random.below(count);
        if (set.images[i].person != set.images[j].person) different.push_back({i, j, false, 0});
    }
    same.insert(same.end(), different.begin(), different.end());
    for (std::size_t i = 0; i < same.size(); ++i) same[i].fold = i % folds;
    return same;
}

Verification verify(const FaceSet& set, const std::vector<Pair>& pairs) {
    Verification out;
    for (const auto& pair : pairs) {
        out.pairs.push_back({pair, score(set, pair), false});
        (pair.same ? out.genuine : out.impostor).add(out.pairs.back().similarity);
        out.folds = std::max(out.folds, pair.fold + 1);
    }
    std::vector<double> accuracies;
    for (std::size_t fold = 0; fold < out.folds; ++fold) {
        const auto excluded = out.folds > 1 ? std::optional(fold) : std::nullopt;
        const float threshold = best_threshold(out.pairs, excluded);
        std::size_t correct = 0;
        std::size_t all = 0;
        for (auto& result : out.pairs) {
            if (result.pair.fold != fold) continue;
            const bool accepted = result.similarity != no_face && result.similarity >= threshold;
            result.correct = accepted == result.pair.same;
            correct += result.correct ? 1U : 0U;
            ++all;
        }
        if (all == 0) continue;
        accuracies.push_back(static_cast<double>(correct) / static_cast<double>(all));
        out.threshold += static_cast<double>(threshold);
    }
    const auto n = static_cast<double>(accuracies.size());
    out.threshold /= n;
    out.accuracy = std::accumulate(accuracies.begin(), accuracies.end(), 0.0) / n;
    double squares = 0;
    for (const double each : accuracies) squares += std::pow(each - out.accuracy, 2);
    out.deviation = n > 1 ? std::sqrt(squares / (n - 1)) : 0;
    return out;
}

AllPairs compare_all(const FaceSet& set) {
    AllPairs all;
    std::vector<const LabelledImage*> images;
    for (const auto& image : set.images) {
        if (image.face) images.push_back(&image);
    }
    for (std::size_t i = 0; i < images.size(); ++i) {
        for (std::size_t j = i + 1; j < images.size(); ++j) {
            const bool same = images[i]->person == images[j]->person;
            (same ? all.genuine : all.impostor)
                .add(similarity(images[i]->face->embedding, images[j]->face->embedding));
        }
    }
    return all;
}

}  // namespace facebus::cli
