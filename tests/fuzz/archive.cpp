// Fuzzes the parsers of the lines of an archive. An archive is an exported gallery.
#include "gallery/archive/archive.hpp"

#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto line = fuzz::text(data, size);
    static_cast<void>(gallery::read_archive_header(line));
    const auto read = gallery::read_archive_line(line);
    if (!read) return 0;
    const auto again = gallery::read_archive_line(gallery::archive_line(*read));
    fuzz::require(again && again->subject == read->subject &&
                      again->sample.embedding == read->sample.embedding &&
                      again->sample.created == read->sample.created &&
                      again->ignored == read->ignored && again->photo == read->photo,
                  "an accepted sample is unchanged after writing and reading");
    return 0;
}
