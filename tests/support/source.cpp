#include "support/source.hpp"

namespace facebus::test {

std::filesystem::path source() {
    return FACEBUS_SOURCE_DIR;
}

}  // namespace facebus::test
