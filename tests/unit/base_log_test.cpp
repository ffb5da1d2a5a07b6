// Tests of Log.
#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"

using namespace facebus;

namespace {

/// Returns the lines that `use` writes to a log.
std::string written(LogLevel lowest, const std::function<void(Log&)>& use) {
    std::array<int, 2> ends{};
    BOOST_REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    {
        Log log("test", lowest, ends[1]);
        use(log);
    }
    close(ends[1]);
    std::string all(65536, '\0');
    const auto size = read(ends[0], all.data(), all.size());
    close(ends[0]);
    all.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return all;
}

/// Returns the line without its first field, the timestamp.
std::string without_timestamp(const std::string& line) {
    return line.substr(line.find(' ') + 1);
}

}  // namespace

BOOST_AUTO_TEST_CASE(writes_one_line_of_fields_per_event) {
    const auto text = written(LogLevel::info, [](Log& log) {
        log.info("camera_opened",
                 {{"camera", "door"}, {"frames", 25}, {"live", true}, {"fps", 12.5}});
    });
    BOOST_TEST(
        without_timestamp(text) ==
        "level=info service=test event=camera_opened camera=door frames=25 live=true fps=12.5\n");
}

BOOST_AUTO_TEST_CASE(quotes_empty_values_and_spaces_and_escapes_quotes_and_control_characters) {
    const auto text = written(LogLevel::info, [](Log& log) {
        log.info("e", {{"a", "two words"}, {"b", "x\ny\x1b[31m"}, {"c", "say \"hi\""}, {"d", ""}});
    });
    BOOST_TEST(without_timestamp(text) ==
               "level=info service=test event=e a=\"two words\" b=\"x\\ny\\x1b[31m\" "
               "c=\"say \\\"hi\\\"\" d=\"\"\n");
}

BOOST_AUTO_TEST_CASE(escapes_invalid_utf8_and_characters_that_control_a_terminal) {
    const auto text = written(LogLevel::info, [](Log& log) {
        log.info("e", {{"a", "Zoë"}, {"b", "\u009b31m"}, {"c", "x\u202ey"}, {"d", "\xff"}});
    });
    BOOST_TEST(without_timestamp(text) ==
               "level=info service=test event=e a=\"Zoë\" b=\"\\xc2\\x9b31m\" "
               "c=\"x\\xe2\\x80\\xaey\" d=\"\\xff\"\n");
}

BOOST_AUTO_TEST_CASE(omits_events_below_the_configured_level) {
    const auto text = written(LogLevel::warning, [](Log& log) {
        log.info("no");
        log.debug("no");
        log.error("yes");
    });
    BOOST_TEST(without_timestamp(text) == "level=error service=test event=yes\n");
}

BOOST_AUTO_TEST_CASE(limits_repeated_events_separately_for_each_name) {
    const auto text = written(LogLevel::info, [](Log& log) {
        for (int i = 0; i < 100; ++i) log.limited_warning("flood");
        log.limited_warning("other");
    });
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 2);
}

BOOST_AUTO_TEST_CASE(reports_lost_lines_in_a_line_of_its_own_and_exports_their_number) {
    Metrics metrics;
    const auto text = written(LogLevel::info, [&](Log& log) {
        log.export_losses(metrics);
        log.info("too_long", {{"text", std::string(LineWriter::capacity, 'x')}});
    });
    BOOST_TEST(without_timestamp(text) ==
               "level=warning service=test event=log_lines_lost lines=1 reason=\"standard error "
               "was not read in time or could not be written\"\n");
    BOOST_TEST(metrics.text().find("facebus_log_lines_lost_total 1\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(formats_times_in_utc_with_milliseconds) {
    BOOST_TEST(iso8601(1'700'000'000'123'456'789) == "2023-11-14T22:13:20.123Z");
}
