#include "vision/network/threads.hpp"

#include <opencv2/core/utility.hpp>

namespace facebus::vision {

void use_threads(int count) {
    // OpenCV takes a negative number for "as many as there are", and 0 for "no threading at all".
    cv::setNumThreads(count > 0 ? count : -1);
}

}  // namespace facebus::vision
