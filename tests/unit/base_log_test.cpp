#include <array>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"

using namespace facebus;

namespace {

/// A log whose lines can be read back.
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

std::string after_time(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_event_is_one_line_of_keys_and_values) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    log.info("camera_open", {{"camera", "door"}, {"frames", 25}, {"live", true}, {"fps", 12.5}});
    BOOST_TEST(
        after_time(pipe.text()) ==
        "level=info service=test event=camera_open camera=door frames=25 live=true fps=12.5\n");
}

BOOST_AUTO_TEST_CASE(a_value_can_neither_break_the_line_nor_steer_a_terminal) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    log.info("e", {{"a", "two words"}, {"b", "x\ny\x1b[31m"}, {"c", "say \"hi\""}, {"d", ""}});
    BOOST_TEST(after_time(pipe.text()) ==
               "level=info service=test event=e a=\"two words\" b=\"x\\ny\\x1b[31m\" "
               "c=\"say \\\"hi\\\"\" d=\"\"\n");
}

BOOST_AUTO_TEST_CASE(levels_below_the_lowest_are_left_out) {
    Pipe pipe;
    Log log("test", LogLevel::warning, pipe.ends[1]);
    log.info("no");
    log.debug("no");
    log.error("yes");
    BOOST_TEST(after_time(pipe.text()) == "level=error service=test event=yes\n");
}

BOOST_AUTO_TEST_CASE(a_limited_event_is_written_once_and_others_are_not_held_back_by_it) {
    Pipe pipe;
    Log log("test", LogLevel::info, pipe.ends[1]);
    for (int i = 0; i < 100; ++i) log.limited("flood");
    log.limited("other");
    const auto text = pipe.text();
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 2);
}

BOOST_AUTO_TEST_CASE(times_are_utc_with_milliseconds) {
    BOOST_TEST(iso8601(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123Z");
}
