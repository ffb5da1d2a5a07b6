// Fuzzes the parser of the lines of a backup.
#include "gallery/archive/backup.hpp"

#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const auto read = gallery::read_backup_line(fuzz::text(data, size));
    if (!read) return 0;
    const auto line = gallery::backup_line(*read);
    const auto again = gallery::read_backup_line({line.data(), line.size() - 1});
    fuzz::require(again && gallery::backup_line(*again) == line,
                  "an accepted record is unchanged after writing and reading");
    return 0;
}
