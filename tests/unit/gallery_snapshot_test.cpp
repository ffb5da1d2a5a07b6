// Tests of snapshots and of the search for the best subjects.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <random>

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include "gallery/match/snapshot.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::face;

namespace {

Sample sample_of(const std::string& subject, const std::string& id, const Embedding& embedding,
                 const std::string& model = "m") {
    Sample sample = test::sample(embedding, "x.jpg", model);
    sample.id = test::id(id);
    sample.subject_id = test::id(subject);
    return sample;
}

Subject subject(const std::string& id, const std::string& name) {
    return {test::id(id), name, 0};
}

std::vector<std::string> ids(const std::vector<std::string>& texts) {
    std::vector<std::string> out;
    std::ranges::transform(texts, std::back_inserter(out), test::id);
    return out;
}

constexpr auto near = [](float a, float b) { return std::abs(a - b) < 1e-4F; };

}  // namespace

BOOST_AUTO_TEST_CASE(empty_gallery_has_no_match) {
    const Match match = Snapshot{}.match(axis(0));
    BOOST_TEST(!match.best);
    BOOST_TEST(!match.runner_up);
    BOOST_TEST(Snapshot{}.version() == "0-0");
}

BOOST_AUTO_TEST_CASE(finds_the_best_subject_and_the_runner_up) {
    const Snapshot snapshot(
        "m", {subject("1", "Anna"), subject("2", "Bert"), subject("3", "Cleo")},
        {sample_of("1", "s1", between(0, 10, 0.2F)), sample_of("2", "s2", between(0, 11, 0.9F)),
         sample_of("3", "s3", between(0, 12, 0.6F))},
        "5-1");
    const Match match = snapshot.match(axis(0));
    BOOST_REQUIRE(match.best);
    BOOST_TEST(match.best->name == "Bert");
    BOOST_TEST(match.best->subject_id == test::id("2"));
    BOOST_TEST(near(match.best->similarity, 0.9F));
    BOOST_REQUIRE(match.runner_up);
    BOOST_TEST(match.runner_up->name == "Cleo");
    BOOST_TEST(near(match.runner_up->similarity, 0.6F));
    BOOST_TEST(snapshot.version() == "5-1");
}

BOOST_AUTO_TEST_CASE(similarity_to_a_subject_is_the_mean_over_its_three_most_similar_samples) {
    const Snapshot snapshot(
        "m", {subject("1", "Anna")},
        {sample_of("1", "low", between(0, 10, 0.1F)), sample_of("1", "third", between(0, 11, 0.5F)),
         sample_of("1", "first", between(0, 12, 0.9F)),
         sample_of("1", "lower", between(0, 13, -0.4F)),
         sample_of("1", "second", between(0, 14, 0.7F))},
        "1-0");
    const Match match = snapshot.match(axis(0));
    BOOST_REQUIRE(match.best);
    BOOST_TEST(near(match.best->similarity, 0.7F));
    const auto expected = ids({"first", "second", "third"});
    BOOST_TEST(match.best->samples == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(similarity_is_the_mean_over_all_samples_of_a_subject_with_fewer_than_three) {
    const Snapshot snapshot(
        "m", {subject("1", "Anna")},
        {sample_of("1", "a", between(0, 10, 0.2F)), sample_of("1", "b", between(0, 11, 0.6F))},
        "1-0");
    BOOST_TEST(near(snapshot.match(axis(0)).best->similarity, 0.4F));
}

BOOST_AUTO_TEST_CASE(subjects_with_equal_similarity_are_sorted_by_id) {
    std::vector<Subject> subjects{subject("3", "C"), subject("1", "A"), subject("2", "B")};
    std::vector<Sample> samples{sample_of("3", "s3", axis(0)), sample_of("1", "s1", axis(0)),
                                sample_of("2", "s2", axis(0))};
    std::sort(samples.begin(), samples.end(),
              [](const Sample& a, const Sample& b) { return a.id < b.id; });
    do {
        const Match match = Snapshot("m", subjects, samples, "1-0").match(axis(0));
        BOOST_TEST(match.best->subject_id == test::id("1"));
        BOOST_TEST(match.runner_up->subject_id == test::id("2"));
    } while (std::next_permutation(samples.begin(), samples.end(),
                                   [](const Sample& a, const Sample& b) { return a.id < b.id; }));
}

BOOST_AUTO_TEST_CASE(samples_with_equal_similarity_are_sorted_by_id) {
    std::vector<Sample> samples;
    for (const char* id : {"e", "b", "d", "a", "c"}) samples.push_back(sample_of("1", id, axis(0)));
    const Match match = Snapshot("m", {subject("1", "A")}, samples, "1-0").match(axis(0));
    const auto expected = ids({"a", "b", "c"});
    BOOST_TEST(match.best->samples == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(omits_and_counts_damaged_samples_and_samples_of_other_models) {
    Snapshot::Builder builder("m");
    builder.add({subject("1", "Anna"),
                 {sample_of("1", "a", axis(0)), sample_of("1", "b", axis(0), "old"),
                  sample_of("1", "c", axis(0), "old")},
                 7});
    const auto snapshot = builder.finish("1-0");
    BOOST_TEST(snapshot.samples() == 1U);
    BOOST_TEST(snapshot.other_model_samples() == 2U);
    BOOST_TEST(snapshot.damaged_samples() == 7U);
    BOOST_TEST(snapshot.match(axis(0)).best->samples.size() == 1U);
}

BOOST_AUTO_TEST_CASE(omits_samples_of_unlisted_subjects) {
    const Snapshot snapshot(
        "m", {subject("2", "Anna")},
        {sample_of("1", "a", axis(0)), sample_of("2", "b", axis(1)), sample_of("3", "c", axis(0))},
        "1-0");
    BOOST_TEST(snapshot.samples() == 1U);
    BOOST_TEST(snapshot.match(axis(0)).best->subject_id == test::id("2"));
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(subject_without_samples_is_not_a_candidate) {
    const Snapshot snapshot("m", {subject("1", "Anna"), subject("2", "Bert")},
                            {sample_of("2", "b", axis(1))}, "1-0");
    BOOST_TEST(snapshot.subjects() == 2U);
    BOOST_TEST(snapshot.match(axis(0)).best->subject_id == test::id("2"));
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(gallery_without_samples_has_no_match) {
    const Snapshot snapshot("m", {subject("1", "Anna")}, {}, "1-0");
    BOOST_TEST(snapshot.subjects() == 1U);
    BOOST_TEST(!snapshot.match(axis(0)).best);
}

BOOST_AUTO_TEST_CASE(duplicate_subjects_and_samples_count_once) {
    const Snapshot snapshot(
        "m", {subject("1", "Anna"), subject("1", "Anna")},
        {sample_of("1", "a", axis(0)), sample_of("1", "a", axis(0)), sample_of("1", "b", axis(1))},
        "1-0");
    BOOST_TEST(snapshot.subjects() == 1U);
    BOOST_TEST(snapshot.samples() == 2U);
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(each_of_a_thousand_faces_matches_itself) {
    std::vector<Subject> subjects;
    std::vector<Sample> samples;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const std::string id = std::to_string(i);
        subjects.push_back(subject(id, "n" + id));
        samples.push_back(sample_of(id, "s" + id, face(i)));
    }
    const Snapshot snapshot("m", subjects, samples, "1-0");
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const Match match = snapshot.match(face(i));
        BOOST_TEST(match.best->subject_id == test::id(std::to_string(i)));
        BOOST_TEST(near(match.best->similarity, similarity(face(i), face(i))));
        BOOST_TEST(match.best->similarity <= 1.0F);
    }
}

BOOST_AUTO_TEST_CASE(leaving_out_a_row_also_leaves_out_a_subject_that_has_no_other_row) {
    const Snapshot snapshot(
        "m", {subject("1", "Anna"), subject("2", "Bert")},
        {sample_of("1", "a", between(0, 10, 0.9F)), sample_of("1", "b", between(0, 11, 0.5F)),
         sample_of("2", "c", between(0, 12, 0.6F))},
        "5-1");
    BOOST_TEST(snapshot.subject_id(0) == test::id("1"));
    BOOST_TEST(snapshot.subject_id(2) == test::id("2"));
    BOOST_TEST(near(snapshot.embedding(1)[0], 0.5F));
    const auto without_a = snapshot.match_without(axis(0), 0);
    BOOST_TEST(without_a.best->name == "Bert");
    BOOST_TEST(near(without_a.runner_up->similarity, 0.5F));
    const auto without_bert = snapshot.match_without(axis(0), 2);
    BOOST_TEST(without_bert.best->name == "Anna");
    BOOST_TEST(!without_bert.runner_up);
}

namespace {

/// People with few or no samples each. They belong to 20 families, so that many people are similar.
struct Crowd {
    std::map<std::string, SubjectRecord> people;
    std::mt19937 random{7};

    /// Returns a face of a member of the family: the family's face plus `weight` times the member's
    /// personal face.
    Embedding family_face(std::uint32_t family, std::uint32_t person, float weight) {
        auto out = face(family);
        const auto personal = face(person);
        for (std::size_t i = 0; i < embedding_size; ++i) out[i] += weight * personal[i];
        normalise(out);
        return out;
    }

    /// Adds or replaces the person with this number. Returns the person's record.
    SubjectRecord& put(std::uint32_t number, std::size_t samples) {
        // A multiplicative hash distributes the ids evenly, like random ids.
        const auto id = fmt::format("{:08x}{:024}", number * 2654435761U, number);
        auto& record = people[id];
        record = {{id, "name " + std::to_string(number), 0}, {}, 0};
        for (std::uint32_t i = 0; i < samples; ++i) {
            auto sample = test::sample(family_face(number % 20, 1000 * number + i, 0.7F), "", "m");
            sample.id = fmt::format("{:016x}{:016x}", number, i);
            sample.subject_id = id;
            record.samples.push_back(std::move(sample));
        }
        return record;
    }

    [[nodiscard]] Snapshot snapshot(const std::string& version = "1-0") const {
        Snapshot::Builder builder("m");
        for (const auto& [id, record] : people) builder.add(record);
        return builder.finish(version);
    }

    /// Returns the similarities and ids of all people with samples, most similar first, by
    /// exhaustive search in full precision.
    [[nodiscard]] std::vector<std::pair<float, std::string>> ranking(const Embedding& probe) const {
        std::vector<std::pair<float, std::string>> ranked;
        for (const auto& [id, record] : people) {
            std::vector<float> similar;
            for (const auto& sample : record.samples) {
                similar.push_back(similarity(sample.embedding, probe));
            }
            if (similar.empty()) continue;
            std::ranges::sort(similar, std::greater{});
            similar.resize(std::min(similar.size(), best_k));
            ranked.emplace_back(std::accumulate(similar.begin(), similar.end(), 0.0F) /
                                    static_cast<float>(similar.size()),
                                id);
        }
        std::ranges::sort(ranked, std::greater{});
        return ranked;
    }

    /// Checks the `count` best subjects against ranking().
    void check_best(const Snapshot& snapshot, const std::vector<Embedding>& probes,
                    std::size_t count) const {
        const auto found = snapshot.best(probes, count);
        BOOST_REQUIRE(found.size() == probes.size());
        for (std::size_t i = 0; i < probes.size(); ++i) {
            const auto expected = ranking(probes[i]);
            BOOST_REQUIRE(found[i].size() == std::min(count, expected.size()));
            // Compare the similarities, because the order of subjects with nearly equal similarity
            // can differ.
            std::map<std::string, float> values;
            for (const auto& [value, id] : expected) values[id] = value;
            for (std::size_t rank = 0; rank < found[i].size(); ++rank) {
                const auto& candidate = found[i][rank];
                BOOST_TEST(near(candidate.similarity, expected[rank].first));
                BOOST_TEST(near(candidate.similarity, values.at(candidate.subject_id)));
                values.erase(candidate.subject_id);
            }
        }
    }

    /// Checks the best subject and the runner-up against ranking().
    void check(const Snapshot& snapshot, const std::vector<Embedding>& probes) const {
        const auto matches = snapshot.match(probes);
        BOOST_REQUIRE(matches.size() == probes.size());
        for (std::size_t i = 0; i < probes.size(); ++i) {
            const auto expected = ranking(probes[i]);
            BOOST_TEST(matches[i].best->subject_id == expected[0].second);
            BOOST_TEST(near(matches[i].best->similarity, expected[0].first));
            BOOST_TEST(matches[i].runner_up->subject_id == expected[1].second);
            BOOST_TEST(near(matches[i].runner_up->similarity, expected[1].first));
        }
    }

    std::vector<Embedding> probes(std::uint32_t count) {
        std::vector<Embedding> out;
        for (std::uint32_t i = 0; i < count; ++i) {
            out.push_back(family_face(i % 20, 77777 + i, 0.9F));
        }
        return out;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(match_returns_the_result_of_an_exhaustive_search_among_similar_people) {
    Crowd crowd;
    for (std::uint32_t i = 0; i < 2500; ++i) crowd.put(i, i % 5);
    const auto snapshot = crowd.snapshot();
    BOOST_TEST(snapshot.samples() == 5000U);
    BOOST_TEST(snapshot.subjects() == 2500U);
    BOOST_TEST(snapshot.subjects_with_samples() == 2000U);
    crowd.check(snapshot, crowd.probes(21));
}

BOOST_AUTO_TEST_CASE(best_returns_the_result_of_an_exhaustive_search_for_any_count) {
    Crowd crowd;
    for (std::uint32_t i = 0; i < 900; ++i) crowd.put(i, i % 5);
    const auto snapshot = crowd.snapshot();
    for (const std::size_t count : {1U, 3U, 10U, 100U, 1000U}) {
        crowd.check_best(snapshot, crowd.probes(9), count);
    }
}

BOOST_AUTO_TEST_CASE(changed_snapshot_equals_a_rebuilt_one_and_the_old_snapshot_stays_the_same) {
    Crowd crowd;
    for (std::uint32_t i = 0; i < 3000; ++i) crowd.put(i, 1 + i % 3);
    const auto before = crowd.snapshot();
    const auto others = crowd;
    const auto probes = crowd.probes(8);
    Snapshot::Changes changes;
    for (std::uint32_t i = 0; i < 3000; i += 7) {
        const auto id = crowd.put(i, 1).subject.id;
        if (i % 2 == 0) {
            crowd.people.erase(id);
            changes[id] = std::nullopt;
        } else {
            changes[id] = crowd.people[id];
        }
    }
    for (std::uint32_t i = 3000; i < 4000; ++i) {
        const auto& record = crowd.put(i, 4);
        changes[record.subject.id] = record;
    }
    const auto after = before.with(changes, "2-0");
    const auto rebuilt = crowd.snapshot();
    BOOST_TEST(after.version() == "2-0");
    BOOST_TEST(after.samples() == rebuilt.samples());
    BOOST_TEST(after.subjects() == rebuilt.subjects());
    for (std::size_t row = 0; row < rebuilt.samples(); row += 97) {
        BOOST_TEST(after.subject_id(row) == rebuilt.subject_id(row));
        BOOST_TEST((after.embedding(row) == rebuilt.embedding(row)));
    }
    BOOST_TEST(after.subject_ids("00") == rebuilt.subject_ids("00"),
               boost::test_tools::per_element());
    BOOST_TEST(after.subject_ids("").size() == rebuilt.subjects());
    crowd.check(after, probes);
    others.check(before, probes);
}

BOOST_AUTO_TEST_CASE(snapshot_is_correct_after_thousands_of_single_changes) {
    Crowd crowd;
    Snapshot snapshot = crowd.snapshot();
    for (std::uint32_t i = 0; i < 3000; ++i) {
        const auto& record = crowd.put(i, 3);
        snapshot = snapshot.with({{record.subject.id, record}}, "2-0");
    }
    BOOST_TEST(snapshot.samples() == 9000U);
    crowd.check(snapshot, crowd.probes(5));
    for (std::uint32_t i = 0; i < 2990; ++i) {
        const auto id = crowd.put(i, 1).subject.id;
        crowd.people.erase(id);
        snapshot = snapshot.with({{id, std::nullopt}}, "3-0");
    }
    BOOST_TEST(snapshot.samples() == 30U);
    BOOST_TEST(snapshot.subjects() == 10U);
    crowd.check(snapshot, crowd.probes(5));
    for (std::uint32_t i = 2990; i < 3000; ++i) {
        snapshot = snapshot.with({{crowd.put(i, 1).subject.id, std::nullopt}}, "4-0");
    }
    BOOST_TEST(snapshot.subjects() == 0U);
    BOOST_TEST(!snapshot.match(axis(0)).best);
}

BOOST_AUTO_TEST_CASE(ignored_subject_stays_ignored_while_other_subjects_change) {
    std::vector<Subject> subjects;
    std::vector<Sample> samples;
    for (std::uint32_t i = 0; i < 9; ++i) {
        const auto name = fmt::format("s{}", i);
        subjects.push_back(subject(name, name));
        subjects.back().ignored = i == 3 || i == 7;
        samples.push_back(sample_of(name, name, axis(i)));
    }
    const Snapshot gallery("m", subjects, samples, "1-0");
    const auto ignored = [](const Snapshot& in) {
        std::string out;
        for (std::size_t i = 0; i < 9; ++i) {
            if (in.match(axis(i)).best->ignored) out += in.match(axis(i)).best->name;
        }
        return out;
    };
    BOOST_TEST(ignored(gallery) == "s3s7");
    BOOST_TEST(gallery.ignored(subjects[3].id));
    BOOST_TEST(!gallery.ignored(subjects[4].id));
    BOOST_TEST(!gallery.ignored(std::string(32, '0')));
    auto gone = subjects[2];
    SubjectRecord reported{subjects[7], {samples[7]}, 0};
    reported.subject.ignored = false;
    const auto changed = gallery.with({{gone.id, std::nullopt}, {subjects[7].id, reported}}, "2-0");
    BOOST_TEST(ignored(changed) == "s3");
    BOOST_TEST(ignored(gallery) == "s3s7");
}

BOOST_AUTO_TEST_CASE(finds_names_by_id_in_every_segment_and_lists_no_more_names_than_requested) {
    std::vector<Subject> subjects;
    for (int i = 0; i < 5000; ++i) {
        subjects.push_back({fmt::format("{:032x}", 2 * i), fmt::format("person {}", i), 0});
    }
    const Snapshot snapshot("m", subjects, {}, "1-1");
    for (int i = 0; i < 5000; i += 7) {
        BOOST_TEST((snapshot.name_of(subjects[static_cast<std::size_t>(i)].id) ==
                    fmt::format("person {}", i)));
        BOOST_TEST(!snapshot.name_of(fmt::format("{:032x}", 2 * i + 1)));
    }
    BOOST_TEST(!snapshot.name_of(std::string(32, 'f')));
    BOOST_TEST(!snapshot.name_of("no id"));
    BOOST_TEST(!Snapshot{}.name_of(subjects.front().id));
    const auto first = snapshot.names(3);
    BOOST_REQUIRE(first.size() == 3U);
    BOOST_TEST(first[2].id == subjects[2].id);
    BOOST_TEST(first[2].name == "person 2");
    BOOST_TEST(snapshot.names(10'000).size() == 5000U);
}
