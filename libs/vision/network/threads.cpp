#include "vision/network/threads.hpp"

#include <opencv2/core/utility.hpp>

namespace facebus::vision {

void use_threads(int count) {
    // For OpenCV, a negative number means one thread per core, and 0 means no threading at all.
    cv::setNumThreads(count > 0 ? count : -1);
}

}  // namespace facebus::vision
