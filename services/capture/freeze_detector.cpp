#include "capture/freeze_detector.hpp"

namespace facebus::capture {

bool FreezeDetector::just_froze(const Bytes& pixels, std::int64_t now_ns) {
    if (limit_ == 0) return false;
    if (pixels.text() != image_.text()) {
        image_ = pixels;
        since_ = now_ns;
        reported_ = false;
        return false;
    }
    if (reported_ || now_ns - since_ < limit_) return false;
    reported_ = true;
    return true;
}

}  // namespace facebus::capture
