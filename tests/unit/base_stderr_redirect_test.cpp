// Tests of StderrRedirect.
#include <array>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "base/output/line_writer.hpp"
#include "base/output/stderr_redirect.hpp"

using namespace facebus;

namespace {

/// Pipe, and a LineWriter that writes to it.
struct Fixture {
    std::array<int, 2> ends{};
    std::optional<LineWriter> writer;

    Fixture() {
        BOOST_REQUIRE(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
        writer.emplace(ends[1], [](auto) { return std::string("lost\n"); });
    }
    ~Fixture() {
        writer.reset();
        close(ends[0]);
        close(ends[1]);
    }
    /// Destroys the writer and returns the text that it wrote.
    std::string text() {
        writer.reset();
        std::array<char, 4096> buffer{};
        const auto size = read(ends[0], buffer.data(), buffer.size());
        return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(passes_on_what_is_written_to_the_streams_of_c_and_cpp, Fixture) {
    {
        const StderrRedirect redirect(&*writer);
        std::fprintf(stderr, "number %d\n", 1);
        std::cerr << "number " << 2 << '\n';
        std::clog << "number 3" << std::endl;
    }
    std::fprintf(stderr, "This line of a test is not redirected.\n");
    std::cerr << "Nor is this line.\n";
    BOOST_TEST(text() == "number 1\nnumber 2\nnumber 3\n");
}

BOOST_FIXTURE_TEST_CASE(discards_text_while_a_redirect_without_a_writer_exists, Fixture) {
    {
        const StderrRedirect redirect(&*writer);
        {
            const StderrRedirect quiet(nullptr);
            std::fprintf(stderr, "noise\n");
            std::cerr << "noise\n";
        }
        std::cerr << "news\n";
    }
    BOOST_TEST(text() == "news\n");
}
