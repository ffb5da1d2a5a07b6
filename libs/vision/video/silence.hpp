// Private to libs/vision: disables the log output of OpenCV and FFmpeg.
#pragma once

namespace facebus::vision {

/// Prevents OpenCV and FFmpeg from writing to standard error, because facebus reports failures
/// itself. Keeps the values of the environment variables OPENCV_LOG_LEVEL and
/// OPENCV_FFMPEG_LOGLEVEL if they are set.
/// Requires: no video has been opened before the first call.
void silence_opencv();

}  // namespace facebus::vision
