// Tests adaptations to cameras: their text, and how a space and a snapshot apply them.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "gallery/match/snapshot.hpp"
#include "gallery/score/adaptation.hpp"
#include "gallery/score/cohort.hpp"
#include "gallery/score/score_space.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::face;

namespace {

Adaptation example() {
    Adaptation adaptation;
    adaptation.model_id = shipped_cohorts().front().model_id;
    adaptation.method = "linear map and own cohort";
    adaptation.created = 1'700'000'000'000'000'000;
    adaptation.people = 30;
    adaptation.faces = 200;
    adaptation.fnir_before = 0.5;
    adaptation.fnir_after = 0.25;
    adaptation.cameras = {"door"};
    adaptation.mean = shipped_cohorts().front().mean;
    adaptation.map.assign(embedding_size, Embedding{});
    adaptation.map[3][5] = 0.25F;
    for (std::uint32_t i = 0; i < 5; ++i) adaptation.vectors.push_back(face(100 + i));
    adaptation.nearest = 2;
    adaptation.sample_shift = -0.125F;
    adaptation.shift = 0.0625F;
    return adaptation;
}

/// Returns the text of an adaptation with one key replaced.
std::string with(const char* key, const std::string& value) {
    auto text = write_adaptation(example());
    const auto from = text.find(fmt::format("\"{}\":", key));
    BOOST_REQUIRE(from != std::string::npos);
    const auto start = from + std::string_view(key).size() + 3;
    auto end = start;
    for (int depth = 0; depth > 0 || (text[end] != ',' && text[end] != '}'); ++end) {
        if (text[end] == '{' || text[end] == '[') ++depth;
        if (text[end] == '}' || text[end] == ']') --depth;
    }
    return text.replace(start, end - start, value);
}

Snapshot snapshot_of(const Embedding& embedding, std::shared_ptr<const ScoreSpace> space) {
    auto sample = test::sample(embedding, "", shipped_cohorts().front().model_id);
    sample.id = test::id("sample");
    sample.subject_id = test::id("Anna");
    return {shipped_cohorts().front().model_id,
            {{test::id("Anna"), "Anna", 0}},
            {sample},
            "1-0",
            std::move(space)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(keeps_all_values_in_its_text) {
    const auto adaptation = example();
    const auto read = read_adaptation(write_adaptation(adaptation));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(read->model_id == adaptation.model_id);
    BOOST_TEST(read->method == adaptation.method);
    BOOST_TEST(read->created == adaptation.created);
    BOOST_TEST(read->people == 30U);
    BOOST_TEST(read->faces == 200U);
    BOOST_TEST(read->fnir_before == 0.5);
    BOOST_TEST(read->fnir_after == 0.25);
    BOOST_TEST(read->cameras == adaptation.cameras, boost::test_tools::per_element());
    BOOST_TEST(read->nearest == 2U);
    BOOST_TEST(read->sample_shift == -0.125F);
    BOOST_TEST(read->shift == 0.0625F);
    BOOST_TEST(read->map.at(3)[5] == 0.25F);
    BOOST_TEST(read->vectors.size() == 5U);
    for (std::size_t i = 0; i < embedding_size; ++i) {
        BOOST_TEST(std::abs(read->mean[i] - adaptation.mean[i]) < 1e-5);
    }
    for (std::size_t i = 0; i < 5; ++i) {
        BOOST_TEST(similarity(read->vectors[i], adaptation.vectors[i]) > 0.999F);
    }
}

BOOST_AUTO_TEST_CASE(has_an_id_that_depends_on_its_text) {
    auto other = example();
    other.shift += 0.125F;
    const auto id = adaptation_id(write_adaptation(example()));
    BOOST_TEST(id.size() == 8U);
    BOOST_TEST(id == adaptation_id(write_adaptation(example())));
    BOOST_TEST(id != adaptation_id(write_adaptation(other)));
}

BOOST_AUTO_TEST_CASE(rejects_texts_that_are_not_an_adaptation) {
    for (const auto& text :
         {std::string(), std::string("{}"), std::string("[1]"), with("model", "\"\""),
          with("model", "7"), with("cameras", "{}"), with("created", "-1"),
          with("fnir_after", "1.5"), with("shift", "1e9"), with("sample_shift", "null"),
          with("nearest", "6"), with("nearest", "0"), with("mean", "{}"),
          with("map", R"({"count":511,"scale":1,"values":""})"),
          with("vectors", R"({"count":2001,"scale":1,"values":""})"),
          with("vectors", R"({"count":1,"scale":0,"values":"AAAA"})"),
          std::string(max_adaptation_bytes + 1, ' ')}) {
        const auto read = read_adaptation(text);
        BOOST_TEST_CONTEXT(text.substr(0, 100)) {
            BOOST_REQUIRE(!read.has_value());
            BOOST_TEST((read.error().kind == ErrorKind::malformed));
        }
    }
}

BOOST_AUTO_TEST_CASE(reports_the_adaptation_of_a_later_version) {
    const auto read = read_adaptation(with("version", "2"));
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().kind == ErrorKind::unsupported));
}

BOOST_AUTO_TEST_CASE(rejects_a_record_whose_id_does_not_fit) {
    const auto text = write_adaptation(example());
    const auto decode = [](Reply id, Reply record) {
        return decode_adaptation({std::vector<Reply>{std::move(id), std::move(record)}});
    };
    BOOST_TEST(decode({adaptation_id(text)}, {text}).value().id == adaptation_id(text));
    BOOST_TEST(decode({}, {}).value().id.empty());
    BOOST_TEST(!decode({std::string("00000000")}, {text}).has_value());
    BOOST_TEST(!decode({}, {text}).has_value());
    BOOST_TEST(!decode({adaptation_id("{}")}, {std::string("{}")}).has_value());
}

BOOST_AUTO_TEST_CASE(centring_removes_what_all_faces_of_a_camera_have_in_common) {
    const auto& cohort = shipped_cohorts().front();
    auto adaptation = std::make_shared<Adaptation>();
    adaptation->model_id = cohort.model_id;
    const auto common = face(7);
    for (std::size_t i = 0; i < embedding_size; ++i) {
        adaptation->mean[i] = cohort.mean[i] + 0.5F * common[i];
    }
    const ScoreSpace space(cohort, "12345678", adaptation);
    // The same direction from both means.
    const auto direction = face(1);
    Embedding photo = cohort.mean;
    Embedding probe = adaptation->mean;
    for (std::size_t i = 0; i < embedding_size; ++i) {
        photo[i] += 0.4F * direction[i];
        probe[i] += 0.4F * direction[i];
    }
    normalise(photo);
    BOOST_TEST(similarity(space.centred(probe), direction) < 0.8F);
    BOOST_TEST(similarity(space.centred(space.adapted(probe)), direction) > 0.9999F);
    BOOST_TEST(similarity(space.adapted(Embedding{}), Embedding{}) == 0);
}

BOOST_AUTO_TEST_CASE(the_map_changes_the_direction_of_a_probe) {
    auto adaptation = std::make_shared<Adaptation>(example());
    const ScoreSpace space(shipped_cohorts().front(), "12345678", adaptation);
    const auto probe = face(1);
    auto expected = space.centred(probe);
    expected[3] += 0.25F * expected[5];
    normalise(expected);
    BOOST_TEST(similarity(space.centred(space.adapted(probe)), expected) > 0.99999F);
}

BOOST_AUTO_TEST_CASE(own_vectors_change_only_what_samples_add_to_their_scores) {
    auto adaptation = std::make_shared<Adaptation>(example());
    const auto adapted =
        std::make_shared<const ScoreSpace>(shipped_cohorts().front(), "12345678", adaptation);
    const auto plain = std::make_shared<const ScoreSpace>(shipped_cohorts().front());
    const auto anna = face(1);
    const auto probe = face(2);
    BOOST_TEST(adapted->offset(adapted->centred(probe)) == plain->offset(plain->centred(probe)));
    const auto centred = plain->centred(anna);
    float highest = -1;
    float second = -1;
    for (const auto& vector : adaptation->vectors) {
        const float value = similarity(centred, vector);
        if (value > highest)
            second = std::exchange(highest, value);
        else
            second = std::max(second, value);
    }
    const float expected = plain->score(probe, anna) - plain->offset(centred) -
                           (highest + second) / 4 + adaptation->sample_shift;
    BOOST_TEST(std::abs(snapshot_of(anna, adapted).match(probe).best->score - expected) < 1e-2);
    BOOST_TEST(std::abs(snapshot_of(anna, plain).match(probe).best->score -
                        plain->score(probe, anna)) < 1e-2);
}

BOOST_AUTO_TEST_CASE(applies_to_the_named_cameras_or_to_all) {
    auto adaptation = example();
    BOOST_TEST(adaptation.applies_to("door"));
    BOOST_TEST(!adaptation.applies_to("yard"));
    adaptation.cameras.clear();
    BOOST_TEST(adaptation.applies_to("yard"));
}
