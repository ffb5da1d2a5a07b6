// Private to libs/vision.
#pragma once

namespace facebus::vision {

/// Keeps OpenCV and FFmpeg from writing to standard error: what goes wrong comes back as an Error,
/// and the user shall see that one line only. Call before the first video or picture is opened;
/// a level set by OPENCV_LOG_LEVEL or OPENCV_FFMPEG_LOGLEVEL in the environment stays.
void silence_opencv();

}  // namespace facebus::vision
