#include "capture/still_watch.hpp"

namespace facebus::capture {

bool StillWatch::stuck(const Bytes& pixels, std::int64_t now_ns) {
    if (limit_ == 0) return false;
    if (pixels.text() != shown_.text()) {
        shown_ = pixels;
        since_ = now_ns;
        said_ = false;
        return false;
    }
    if (said_ || now_ns - since_ < limit_) return false;
    said_ = true;
    return true;
}

}  // namespace facebus::capture
