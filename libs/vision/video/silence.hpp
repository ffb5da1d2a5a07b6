// Private to libs/vision: turns off the log output of OpenCV and FFmpeg.
#pragma once

namespace facebus::vision {

/// Keeps OpenCV and FFmpeg from writing to standard error. Failures are returned as an Error, and
/// that one line is all the user should see. Respects the environment variables OPENCV_LOG_LEVEL
/// and OPENCV_FFMPEG_LOGLEVEL. Requires: no video or image has been opened before the first call.
void silence_opencv();

}  // namespace facebus::vision
