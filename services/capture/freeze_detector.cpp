#include "capture/freeze_detector.hpp"

namespace facebus::capture {

bool FreezeDetector::frozen(const Bytes& pixels, std::int64_t now_ns) {
    if (limit_ == 0) return false;
    if (pixels.text() != shown_.text()) {
        shown_ = pixels;
        since_ = now_ns;
        reported_ = false;
        return false;
    }
    if (reported_ || now_ns - since_ < limit_) return false;
    reported_ = true;
    return true;
}

}  // namespace facebus::capture
