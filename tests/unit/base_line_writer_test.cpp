// Tests of LineWriter with a reader that is slow or blocked, and with files that cannot be written.
#include <array>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/output/line_writer.hpp"
#include "base/temporary_folder.hpp"

using namespace facebus;

namespace {

// A test that blocks fails after this time, in seconds.
const auto limit = boost::unit_test::timeout(60);

std::string report_loss(std::uint64_t lines) {
    return "lost " + std::to_string(lines) + "\n";
}

/// Pipe with the smallest capacity, one page.
struct Pipe {
    std::array<int, 2> ends{};

    Pipe() {
        BOOST_REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
        BOOST_REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
    }
    ~Pipe() {
        close(ends[0]);
        close_writer();
    }
    void close_writer() { close(std::exchange(ends[1], -1)); }

    /// Fills the pipe, so that the next write() blocks.
    void fill() const {
        const std::string page(4096, '\n');
        BOOST_REQUIRE(::write(ends[1], page.data(), page.size()) == 4096);
    }
    /// Reads until the text contains `end`, and returns the text.
    std::string read_until(const std::string& end) const {
        std::string text;
        while (text.find(end) == std::string::npos) {
            std::array<char, 4096> buffer{};
            const auto size = read(ends[0], buffer.data(), buffer.size());
            BOOST_REQUIRE(size > 0);
            text.append(buffer.data(), static_cast<std::size_t>(size));
        }
        return text;
    }
    bool empty() const {
        pollfd item{.fd = ends[0], .events = POLLIN, .revents = 0};
        return poll(&item, 1, 0) == 0;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(has_written_a_line_when_write_returns, *limit) {
    const Pipe pipe;
    const auto child = fork();
    if (child == 0) {
        LineWriter writer(pipe.ends[1], report_loss);
        writer.write("last words\n");
        ::kill(getpid(), SIGKILL);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    BOOST_REQUIRE(WIFSIGNALED(status));
    BOOST_REQUIRE(!pipe.empty());
    BOOST_TEST(pipe.read_until("\n") == "last words\n");
}

BOOST_AUTO_TEST_CASE(a_blocked_reader_neither_blocks_callers_nor_reorders_lines, *limit) {
    const Pipe pipe;
    pipe.fill();
    LineWriter writer(pipe.ends[1], report_loss);
    Metrics metrics;
    writer.count_losses(metrics.counter("lost", "Lost lines"));
    const auto lost = [&] { return metrics.counter("lost", "Lost lines").value(); };
    std::string expected;
    int number = 0;
    while (lost() < 100) {
        const auto line = std::to_string(number++) + std::string(100, '.') + "\n";
        writer.write(line);
        if (lost() == 0) expected += line;
    }
    BOOST_TEST(expected.size() <= LineWriter::capacity);
    BOOST_TEST(expected.size() > LineWriter::capacity - 200);
    // Once the pipe is read, the lines arrive in order, followed by the report.
    const auto text = pipe.read_until("lost 100\n");
    BOOST_TEST(text.substr(text.find_first_not_of('\n')) == expected + "lost 100\n");
    writer.write("afterwards\n");
    BOOST_TEST(pipe.read_until("\n") == "afterwards\n");
    BOOST_TEST(lost() == 100);
}

BOOST_AUTO_TEST_CASE(reports_the_number_of_lost_lines_before_the_next_written_line, *limit) {
    // Nothing can be written to the file until its size limit is raised.
    const TemporaryFolder folder;
    const auto file = folder / "log";
    const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    rlimit usual{};
    getrlimit(RLIMIT_FSIZE, &usual);
    const rlimit nothing{.rlim_cur = 0, .rlim_max = usual.rlim_max};
    LineWriter writer(descriptor, report_loss);
    Metrics metrics;
    auto lost = metrics.counter("lost", "Lost lines");
    setrlimit(RLIMIT_FSIZE, &nothing);
    writer.write("a\n");
    writer.count_losses(lost);
    writer.write("b\n");
    setrlimit(RLIMIT_FSIZE, &usual);
    BOOST_TEST(lost.value() == 2);
    writer.write("c\n");
    std::ifstream in(file);
    BOOST_TEST(std::string(std::istreambuf_iterator<char>(in), {}) == "lost 2\nc\n");
    close(descriptor);
}

BOOST_AUTO_TEST_CASE(has_written_all_lines_when_it_is_destroyed, *limit) {
    Pipe pipe;
    Pipe queued;
    pipe.fill();
    const auto child = fork();
    if (child == 0) {
        {
            LineWriter writer(pipe.ends[1], report_loss);
            for (int i = 0; i < 100; ++i) writer.write(std::string(100, '.') + "\n");
            writer.write("end\n");
            queued.fill();
        }
        ::kill(getpid(), SIGKILL);
    }
    pipe.close_writer();
    queued.read_until("\n");
    BOOST_TEST(pipe.read_until("end\n").size() == 4096 + 100 * 101 + 4);
    BOOST_REQUIRE(waitpid(child, nullptr, 0) == child);
}

BOOST_AUTO_TEST_CASE(a_blocked_reader_delays_the_destructor_only_for_the_timeout, *limit) {
    const Pipe pipe;
    pipe.fill();
    LineWriter(pipe.ends[1], report_loss).write("never read\n");
}

BOOST_AUTO_TEST_CASE(counts_lines_as_lost_and_ends_at_once_if_the_descriptor_is_closed, *limit) {
    Metrics metrics;
    auto lost = metrics.counter("lost", "Lost lines");
    const auto start = Monotonic::now();
    {
        LineWriter writer(-1, report_loss);
        writer.count_losses(lost);
        writer.write("nowhere\n");
        BOOST_TEST(lost.value() == 1);
    }
    BOOST_TEST((Monotonic::now() - start < LineWriter::close_timeout));
}
