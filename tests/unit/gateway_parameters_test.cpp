// Tests of the query parameters of the REST API.
#include <boost/test/unit_test.hpp>

#include "gateway/rest/parameters.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

/// Checks that parse_image_options() rejects the query with this code and a message that contains
/// `name`.
void expect_error(const Query& query, int code, const std::string& name) {
    const auto options = parse_image_options(query);
    BOOST_REQUIRE(!options);
    BOOST_TEST_MESSAGE(options.error().message);
    BOOST_TEST(options.error().status == 400);
    BOOST_TEST(options.error().code == code);
    BOOST_TEST(options.error().message.find(name) != std::string::npos);
}

}  // namespace

BOOST_AUTO_TEST_CASE(default_options_select_all_faces_with_one_subject_each) {
    const auto options = *parse_image_options({});
    BOOST_TEST(options.limit == 0U);
    BOOST_TEST(options.predictions == 1U);
    BOOST_TEST(options.min_score == 0);
    BOOST_TEST(!options.landmarks);
    BOOST_TEST(!options.embedding);
    BOOST_TEST(!options.status);
}

BOOST_AUTO_TEST_CASE(parses_parameters_of_compreface_clients) {
    const auto options =
        *parse_image_options({{"limit", "3"},
                              {"prediction_count", "5"},
                              {"det_prob_threshold", "0.8"},
                              {"face_plugins", "calculator,age, gender,landmarks,mask"},
                              {"status", "True"},
                              {"something", "else"}});
    BOOST_TEST(options.limit == 3U);
    BOOST_TEST(options.predictions == 5U);
    BOOST_TEST(options.min_score == 0.8F);
    BOOST_TEST(options.landmarks);
    BOOST_TEST(options.embedding);
    BOOST_TEST(options.status);
    BOOST_TEST(parse_image_options({{"face_plugins", ""}}).has_value());
    BOOST_TEST(parse_image_options({{"det_prob_threshold", "1e-300"}}).has_value());
}

BOOST_AUTO_TEST_CASE(errors_name_the_invalid_parameter_or_plugin) {
    for (const auto* invalid : {"", "-1", "x", "1.5", "1001", "99999999999999999999", " 1"}) {
        expect_error({{"limit", invalid}}, fault_code::bad_argument, "limit");
    }
    for (const auto* invalid : {"0", "101", "-1", "x"}) {
        expect_error({{"prediction_count", invalid}}, fault_code::bad_prediction_count,
                     "prediction_count");
    }
    for (const auto* invalid : {"-0.1", "1.1", "nan", "inf", "x", ""}) {
        expect_error({{"det_prob_threshold", invalid}}, fault_code::bad_argument,
                     "det_prob_threshold");
    }
    expect_error({{"status", "maybe"}}, fault_code::bad_argument, "status");
    expect_error({{"face_plugins", "landmarks,teeth"}}, fault_code::bad_argument, "teeth");
    expect_error({{"limit", "1"}, {"limit", "2"}}, fault_code::bad_argument, "limit");
    expect_error({{"face_plugins", "landmarks"}, {"face_plugins", "calculator"}},
                 fault_code::bad_argument, "face_plugins");
}

BOOST_AUTO_TEST_CASE(list_pages_have_20_entries_by_default_and_at_most_1000) {
    BOOST_TEST(parse_list_page({})->size == 20U);
    BOOST_TEST(parse_list_page({{"page", "7"}, {"size", "1000"}})->number == 7U);
    BOOST_TEST(!parse_list_page({{"size", "0"}}));
    BOOST_TEST(!parse_list_page({{"size", "1001"}}));
    BOOST_TEST(!parse_list_page({{"page", "-1"}}));
}

BOOST_AUTO_TEST_CASE(rejects_missing_and_empty_required_parameters) {
    BOOST_TEST(*required_parameter({{"subject", "Anna"}}, "subject") == "Anna");
    BOOST_TEST(required_parameter({}, "subject").error().code == fault_code::missing_parameter);
    BOOST_TEST(required_parameter({{"subject", ""}}, "subject").error().code ==
               fault_code::missing_parameter);
    BOOST_TEST(!optional_parameter({}, "subject")->has_value());
}
