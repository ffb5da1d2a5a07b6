#include <algorithm>
#include <array>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"

using namespace facebus;

namespace {

/// Pipe that captures the lines of a log.
struct Pipe {
    std::array<int, 2> ends{};

    Pipe() { BOOST_REQUIRE(pipe2(ends.data(), O_NONBLOCK) == 0); }
    ~Pipe() {
        close(ends[0]);
        close(ends[1]);
    }
    std::string text() const {
        std::string all(65536, '\0');
        const auto size = read(ends[0], all.data(), all.size());
        all.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
        return all;
    }
};

/// Returns the line without its first field, the timestamp.
std::string without_timestamp(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(writes_one_line_of_fields_per_event) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    log.info("camera_opened", {{"camera", "door"}, {"frames", 25}, {"live", true}, {"fps", 12.5}});
    BOOST_TEST(
        without_timestamp(pipe.text()) ==
        "level=info service=test event=camera_opened camera=door frames=25 live=true fps=12.5\n");
}

BOOST_AUTO_TEST_CASE(quotes_empty_values_and_spaces_and_escapes_quotes_and_control_characters) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    log.info("e", {{"a", "two words"}, {"b", "x\ny\x1b[31m"}, {"c", "say \"hi\""}, {"d", ""}});
    BOOST_TEST(without_timestamp(pipe.text()) ==
               "level=info service=test event=e a=\"two words\" b=\"x\\ny\\x1b[31m\" "
               "c=\"say \\\"hi\\\"\" d=\"\"\n");
}

BOOST_AUTO_TEST_CASE(escapes_invalid_utf8_and_characters_that_control_a_terminal) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    log.info("e", {{"a", "Zoë"}, {"b", "\u009b31m"}, {"c", "x\u202ey"}, {"d", "\xff"}});
    BOOST_TEST(without_timestamp(pipe.text()) ==
               "level=info service=test event=e a=\"Zoë\" b=\"\\xc2\\x9b31m\" "
               "c=\"x\\xe2\\x80\\xaey\" d=\"\\xff\"\n");
}

BOOST_AUTO_TEST_CASE(omits_events_below_the_configured_level) {
    Pipe pipe;
    Log log("test", LogLevel::warning, pipe.ends[1]);
    log.info("no");
    log.debug("no");
    log.error("yes");
    BOOST_TEST(without_timestamp(pipe.text()) == "level=error service=test event=yes\n");
}

BOOST_AUTO_TEST_CASE(limits_repeated_events_separately_for_each_name) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    for (int i = 0; i < 100; ++i) log.limited_warning("flood");
    log.limited_warning("other");
    const auto text = pipe.text();
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 2);
}

BOOST_AUTO_TEST_CASE(formats_times_in_utc_with_milliseconds) {
    BOOST_TEST(iso8601(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123Z");
}
