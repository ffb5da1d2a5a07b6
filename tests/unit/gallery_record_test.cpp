// Tests of names and ids, and of the encoding of samples, policies and probes in Redis.
#include <limits>
#include <set>

#include <boost/test/unit_test.hpp>

#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::face;

namespace {

/// Returns what Redis replies to an HMGET of the fields that the HSET command `write` has set, and
/// of `missing` fields that are not set.
Reply reply_after(const Redis::Command& write, std::size_t missing = 0) {
    std::vector<Reply> values;
    for (std::size_t i = 3; i < write.size(); i += 2) values.push_back(Reply{write[i]});
    values.resize(values.size() + missing);
    return Reply{std::move(values)};
}

/// Returns the reply to the command that reads a sample without a further embedding.
Reply sample_after(const Redis::Command& write) {
    return reply_after(write, 2);
}

Sample complete_sample() {
    Sample sample = test::sample(face(1), "photos/Zoë.jpg");
    sample.id = new_id();
    sample.subject_id = new_id();
    sample.quality = 0.123456789F;
    sample.created = 1'700'000'000'123'456'789;
    return sample;
}

/// Returns a sample of a model with 128 dimensions, without an embedding.
Sample sface_sample() {
    Sample sample;
    sample.id = test::id("1");
    sample.subject_id = test::id("Anna");
    sample.model_id = "sface-2021dec";
    return sample;
}

}  // namespace

BOOST_AUTO_TEST_CASE(packs_embeddings_as_little_endian_floats) {
    const std::string bytes = pack(axis(1));
    BOOST_TEST(bytes.size() == 2048U);
    BOOST_TEST((bytes.substr(0, 12) == std::string("\0\0\0\0\0\0\x80\x3f\0\0\0\0", 12)));
}

BOOST_AUTO_TEST_CASE(unpacks_embeddings_bit_for_bit) {
    BOOST_TEST((unpack(pack(face(3))) == face(3)));
}

BOOST_AUTO_TEST_CASE(rejects_packed_embeddings_of_the_wrong_size) {
    for (const std::size_t size : {0UL, 1UL, 2047UL, 2049UL, 4096UL}) {
        const auto result = unpack(std::string(size, '\0'));
        BOOST_REQUIRE(!result);
        BOOST_TEST((result.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(rejects_packed_embeddings_that_are_not_unit_vectors) {
    Embedding embedding = axis(0);
    embedding[0] = 1.002F;
    BOOST_TEST(!unpack(pack(embedding)));
    embedding[0] = 1.0005F;
    BOOST_TEST(unpack(pack(embedding)).has_value());
    BOOST_TEST(!unpack(pack(Embedding{})));
    embedding.fill(std::numeric_limits<float>::max());
    BOOST_TEST(!unpack(pack(embedding)));
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        embedding = axis(0);
        embedding[9] = bad;
        BOOST_TEST(!unpack(pack(embedding)));
    }
}

BOOST_AUTO_TEST_CASE(stores_and_decodes_a_sample) {
    const Sample sample = complete_sample();
    const auto back = decode_sample(sample.id, sample_after(write_sample(sample)));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->id == sample.id);
    BOOST_TEST(back->subject_id == sample.subject_id);
    BOOST_TEST(back->source == sample.source);
    BOOST_TEST(back->model_id == sample.model_id);
    BOOST_TEST(back->quality == sample.quality);
    BOOST_TEST(back->created == sample.created);
    BOOST_TEST((back->embedding == sample.embedding));
}

BOOST_AUTO_TEST_CASE(rejects_damaged_samples_with_an_error_that_contains_the_sample_id) {
    const Sample sample = complete_sample();
    for (std::size_t field = 0; field < 6; ++field) {
        for (const std::string& junk : {std::string("\x1b[2J\n"), std::string(5000, 'x')}) {
            Redis::Command write = write_sample(sample);
            write[3 + 2 * field] = junk;
            const auto back = decode_sample(sample.id, sample_after(write));
            BOOST_REQUIRE(!back);
            BOOST_TEST(back.error().message.starts_with("sample " + sample.id + " is damaged: "));
            BOOST_TEST(back.error().message.find('\x1b') == std::string::npos);
        }
    }
    BOOST_TEST(!decode_sample(sample.id, Reply{}));
    BOOST_TEST(!decode_sample("../x", sample_after(write_sample(sample))));
    BOOST_TEST(!decode_sample(sample.id, Reply{std::vector<Reply>(8)}));
}

BOOST_AUTO_TEST_CASE(stores_and_decodes_a_calibration) {
    const CalibrationOptions options{
        .fpir = 1.0 / 300, .base = {.min_probes = 3, .margin = 0.2F, .min_quality = 0.3F}};
    const auto back = decode_calibration(reply_after(write_calibration(options)));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->fpir == options.fpir);
    BOOST_TEST(back->base.min_probes == 3);
    BOOST_TEST(back->base.margin == 0.2F);
    BOOST_TEST(back->base.min_quality == 0.3F);
}

BOOST_AUTO_TEST_CASE(rejects_invalid_calibrations) {
    for (std::size_t field = 0; field < 4; ++field) {
        for (const char* junk : {"", "nan", "inf", "1e999", "0.5x", " 0.5"}) {
            Redis::Command write = write_calibration(CalibrationOptions{});
            write[3 + 2 * field] = junk;
            BOOST_TEST(!decode_calibration(reply_after(write)));
        }
    }
    BOOST_TEST(!check_calibration({.fpir = 0}));
    BOOST_TEST(!check_calibration({.fpir = 0.6}));
    BOOST_TEST(!check_calibration({.base = {.min_probes = 0}}));
    BOOST_TEST(!check_calibration({.base = {.margin = -0.1F}}));
    BOOST_TEST(!check_calibration({.base = {.min_quality = 2.0F}}));
}

BOOST_AUTO_TEST_CASE(packs_and_unpacks_a_probe_with_its_model_id_and_rejects_invalid_probes) {
    const auto back = unpack_probe("p7", pack_probe({"p7", face(2), 0.25F}, "model-1"));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->probe.id == "p7");
    BOOST_TEST(back->probe.quality == 0.25F);
    BOOST_TEST((back->probe.embedding == face(2)));
    BOOST_TEST(back->model_id == "model-1");
    BOOST_TEST(!unpack_probe("p7", std::string(100, 'x')));
    // The embedding has 512 elements, but the name of the model says 128.
    std::string other = pack_probe({"p7", face(2), 0.5F}, "model-1");
    BOOST_TEST(!unpack_probe("p7", other.replace(other.size() - 7, 7, "sface-1")));
    BOOST_TEST(!unpack_probe("p7", pack_probe({"p7", face(2), 1.5F}, "model-1")));
    BOOST_TEST(!unpack_probe("p7", pack_probe({"p7", face(2), 0.5F}, std::string(999, 'm'))));
}

BOOST_AUTO_TEST_CASE(clean_name_strips_only_leading_and_trailing_blanks) {
    BOOST_TEST((clean_name("  Zoë van der  Berg\t\n") == std::string("Zoë van der  Berg")));
    BOOST_TEST((clean_name("王") == std::string("王")));
    BOOST_TEST((clean_name("😀") == std::string("😀")));
    BOOST_TEST((clean_name(std::string(200, 'n')) == std::string(200, 'n')));
}

BOOST_AUTO_TEST_CASE(clean_name_composes_characters) {
    BOOST_TEST((clean_name("Zoe\u0308") == std::string("Zoë")));
    BOOST_TEST((clean_name("\u1112\u1161\u11ab") == std::string("한")));
    BOOST_TEST((clean_name("\u212b") == std::string("Å")));
    BOOST_TEST((clean_name("❤\ufe0f") == std::string("❤\ufe0f")));
    // The limit applies to the composed name.
    std::string decomposed;
    for (int i = 0; i < 100; ++i) decomposed += "e\u0301";
    BOOST_TEST((clean_name(decomposed).value().size() == 200U));
}

BOOST_AUTO_TEST_CASE(clean_name_names_the_invisible_character_that_it_rejects) {
    for (const auto& [name, character] : {std::pair("Al\u200bice", "U+200B"),
                                          {"Bob\u202e", "U+202E"},
                                          {"\u2066Bob", "U+2066"},
                                          {"a\u200db", "U+200D"},
                                          {"\ufeff"
                                           "Bob",
                                           "U+FEFF"},
                                          {"\U000e0041", "U+E0041"}}) {
        const auto result = clean_name(name);
        BOOST_REQUIRE(!result);
        BOOST_TEST((result.error().kind == ErrorKind::refused));
        BOOST_TEST(result.error().message.find(character) != std::string::npos,
                   result.error().message);
    }
}

BOOST_AUTO_TEST_CASE(a_name_finds_subjects_that_earlier_versions_stored_in_another_form) {
    using Names = std::vector<std::string>;
    BOOST_TEST((stored_names(" Ann ") == Names{"Ann"}));
    BOOST_TEST((stored_names("Zoë") == Names{"Zoë", "Zoe\u0308"}));
    BOOST_TEST((stored_names("Zoe\u0308") == Names{"Zoe\u0308", "Zoë"}));
    BOOST_TEST((stored_names("Al\u200bice") == Names{"Al\u200bice"}));
    for (const auto* stored : {"Ann", "Zoe\u0308", "Al\u200bice"})
        BOOST_TEST(is_stored_name(stored));
    for (const auto* bad : {"", " Ann", "a\nb", "\xff"}) {
        BOOST_TEST(!is_stored_name(bad));
        if (std::string_view(bad) != " Ann") BOOST_TEST(!stored_names(bad));
    }
    BOOST_TEST(!is_stored_name(std::string(201, 'n')));
    BOOST_TEST(!stored_names(std::string(201, 'n')));
    BOOST_TEST(without_invisible("A\u200bl\xff\u202e") == "Al\xff");
}

BOOST_AUTO_TEST_CASE(rejects_invalid_names) {
    using namespace std::string_literals;
    const std::vector<std::string> bad{""s,
                                       " \t"s,
                                       std::string(201, 'n'),
                                       "a\nb"s,
                                       "a\0b"s,
                                       "\x1b[31mred"s,
                                       "a\x7f"s,
                                       "a\xc2\x85"s,
                                       "\xff"s,
                                       "\xc3"s,
                                       "\xc0\xaf"s,
                                       "\xe0\x80\x8a"s,
                                       "\xed\xa0\x80"s,
                                       "\xf4\x90\x80\x80"s,
                                       "\x80"s};
    for (const std::string& name : bad) {
        const auto result = clean_name(name);
        BOOST_REQUIRE(!result);
        BOOST_TEST((result.error().kind == ErrorKind::refused));
    }
}

BOOST_AUTO_TEST_CASE(new_ids_are_valid_and_unique) {
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) ids.insert(new_id());
    BOOST_TEST(ids.size() == 1000U);
    for (const std::string& id : ids) BOOST_TEST(valid_id(id));
    BOOST_TEST(!valid_id(""));
    BOOST_TEST(!valid_id("0123456789abcdef0123456789abcdeF"));
    BOOST_TEST(!valid_id("0123456789abcdef0123456789abcde"));
}

BOOST_AUTO_TEST_CASE(a_valid_stream_id_is_two_numbers_separated_by_a_dash) {
    BOOST_TEST(valid_stream_id("0-0"));
    BOOST_TEST(valid_stream_id("1700000000000-12"));
    for (const char* bad :
         {"", "-", "1", "1-", "-1", "a-1", "1-2-3", "1 -2", "+1-2", "99999999999999999999-0"}) {
        BOOST_TEST(!valid_stream_id(bad));
    }
}

BOOST_AUTO_TEST_CASE(stores_only_the_elements_that_the_model_computes) {
    Sample sample = sface_sample();
    sample.embedding[127] = 1;
    const auto write = write_sample(sample);
    BOOST_TEST(write.back().size() == 512U);
    const auto back = decode_sample(sample.id, sample_after(write));
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST((back->embedding == sample.embedding));

    const Probe probe{"p7", sample.embedding, 0.25F};
    const auto stored = unpack_probe("p7", pack_probe(probe, sample.model_id));
    BOOST_REQUIRE(stored.has_value());
    BOOST_TEST((stored->probe.embedding == sample.embedding));
    BOOST_TEST(stored->model_id == sample.model_id);
}

BOOST_AUTO_TEST_CASE(rejects_embeddings_of_another_size_than_that_of_the_model) {
    Sample sample = sface_sample();
    sample.embedding[128] = 1;
    BOOST_TEST(!check_sample(sample));
    sample.embedding = axis(3);
    auto write = write_sample(sample);
    write.back() = pack(sample.embedding);
    BOOST_TEST(!decode_sample(sample.id, sample_after(write)));
    sample.model_id = "facenet";
    write = write_sample(sample);
    write.back().resize(512);
    BOOST_TEST(!decode_sample(sample.id, sample_after(write)));
}

BOOST_AUTO_TEST_CASE(returns_the_further_embedding_of_a_sample_only_for_its_model) {
    const Sample sample = complete_sample();
    const auto reply = [&](const Embedding& further) {
        Redis::Command all = write_sample(sample);
        const auto added = write_embedding(sample.id, "sface-1", further);
        all.insert(all.end(), added.begin() + 2, added.end());
        return reply_after(all);
    };
    const auto other = decode_sample(sample.id, reply(axis(5)), "sface-1");
    BOOST_REQUIRE(other.has_value());
    BOOST_TEST(other->model_id == "sface-1");
    BOOST_TEST((other->embedding == axis(5)));
    BOOST_TEST(other->source == sample.source);
    for (const char* model : {"", "sface-2"}) {
        const auto own = decode_sample(sample.id, reply(axis(5)), model);
        BOOST_REQUIRE(own.has_value());
        BOOST_TEST(own->model_id == sample.model_id);
        BOOST_TEST((own->embedding == sample.embedding));
    }
    BOOST_TEST(!decode_sample(sample.id, reply(Embedding{}), "sface-1"));
    BOOST_TEST(decode_sample(sample.id, reply(Embedding{}), sample.model_id).has_value());
}
