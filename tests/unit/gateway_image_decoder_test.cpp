// Tests the limits of the threads that decode uploaded images.
#include <chrono>
#include <future>
#include <string>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "gateway/faces/image_decoder.hpp"

using namespace facebus;
using namespace facebus::gateway;
using namespace std::chrono_literals;

namespace {

std::string png(int side) {
    std::vector<unsigned char> bytes;
    BOOST_REQUIRE(cv::imencode(".png", cv::Mat(side, side, CV_8UC3, cv::Scalar::all(7)), bytes));
    return {bytes.begin(), bytes.end()};
}

struct Fixture {
    const std::string small = png(20);
    const std::string large = png(5000);  // takes about 100 ms to decode
    Metrics metrics;
    ImageDecoder::Limits limits{.threads = 2,
                                .images = 2,
                                .requests = 4,
                                .pixels = 25'000'000,
                                .waiting = 60s,
                                .decoding = 60s};

    static http::FormPart part(std::string_view content) {
        return {.name = "file", .filename = "a.png", .content = content};
    }
    static void check_busy(const HttpResult<ImageDecoder::Decoded>& result) {
        BOOST_REQUIRE(!result);
        BOOST_TEST(result.error().status == 503);
        BOOST_TEST(result.error().message.find("busy") != std::string::npos);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_image_decoder, Fixture)

BOOST_AUTO_TEST_CASE(decodes_images_and_reports_why_others_are_rejected) {
    ImageDecoder decoder(limits, metrics);
    const auto image = decoder.decode(part(small));
    BOOST_REQUIRE(image);
    BOOST_TEST((**image).width == 20);
    const auto invalid = decoder.decode(part("hello"));
    BOOST_REQUIRE(!invalid);
    BOOST_TEST(invalid.error().status == 400);
    BOOST_TEST(invalid.error().code == fault_code::bad_image);
    limits.pixels = 399;
    ImageDecoder other(limits, metrics);
    BOOST_TEST(other.decode(part(small)).error().status == 413);
}

BOOST_AUTO_TEST_CASE(an_image_that_takes_too_long_fails_with_503_and_the_next_one_is_decoded) {
    limits.decoding = 1ms;
    ImageDecoder decoder(limits, metrics);
    const auto slow = decoder.decode(part(large));
    BOOST_REQUIRE(!slow);
    BOOST_TEST(slow.error().status == 503);
    BOOST_TEST(slow.error().message.find("gateway.decode_timeout") != std::string::npos);
    BOOST_TEST(metrics.text().find("facebus_image_timeouts_total 1\n") != std::string::npos);
    // Small images can take longer than 1 ms, too, but not always.
    while (!decoder.decode(part(small))) {
    }
}

BOOST_AUTO_TEST_CASE(an_image_is_decoded_while_another_one_takes_long) {
    limits.images = 3;
    ImageDecoder decoder(limits, metrics);
    auto slow = std::async(std::launch::async, [&] { return decoder.decode(part(large)); });
    BOOST_TEST(decoder.decode(part(small)).has_value());
    BOOST_TEST(slow.get().has_value());
}

BOOST_AUTO_TEST_CASE(rejects_requests_immediately_while_too_many_wait_or_hold_an_image) {
    limits.requests = 1;
    ImageDecoder decoder(limits, metrics);
    {
        const auto held = decoder.decode(part(small));
        BOOST_REQUIRE(held);
        check_busy(decoder.decode(part(small)));
    }
    BOOST_TEST(decoder.decode(part(small)).has_value());
    // Failed requests do not count either.
    BOOST_TEST(!decoder.decode(part("hello")));
    BOOST_TEST(decoder.decode(part(small)).has_value());
}

BOOST_AUTO_TEST_CASE(does_not_decode_more_images_than_may_be_in_memory) {
    limits.images = 1;
    limits.waiting = 20ms;
    ImageDecoder decoder(limits, metrics);
    {
        const auto held = decoder.decode(part(small));
        BOOST_REQUIRE(held);
        check_busy(decoder.decode(part(small)));
    }
    BOOST_TEST(decoder.decode(part(small)).has_value());
}

BOOST_AUTO_TEST_CASE(decodes_as_soon_as_another_image_is_released) {
    limits.images = 1;
    ImageDecoder decoder(limits, metrics);
    auto held = std::make_unique<HttpResult<ImageDecoder::Decoded>>(decoder.decode(part(small)));
    BOOST_REQUIRE(*held);
    auto next = std::async(std::launch::async, [&] { return decoder.decode(part(small)); });
    held.reset();
    BOOST_TEST(next.get().has_value());
}

BOOST_AUTO_TEST_CASE(images_use_about_three_quarters_of_the_threads_but_at_least_one) {
    Options options;
    BOOST_TEST(ImageDecoder::limits(options).requests == 12U);
    BOOST_TEST(ImageDecoder::limits(options).images == 3U);
    options.threads = 2;
    BOOST_TEST(ImageDecoder::limits(options).requests == 1U);
    options.threads = 1;
    BOOST_TEST(ImageDecoder::limits(options).requests == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
