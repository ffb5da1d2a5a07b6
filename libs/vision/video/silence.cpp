#include "vision/video/silence.hpp"

#include <cstdlib>

#include <opencv2/core/utils/logger.hpp>

namespace facebus::vision {

void silence_opencv() {
    static const bool done = [] {
        if (std::getenv("OPENCV_LOG_LEVEL") == nullptr)
            cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        // -8 is AV_LOG_QUIET. OpenCV reads the variable when it opens the first video.
        return ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0) == 0;
    }();
    static_cast<void>(done);
}

}  // namespace facebus::vision
