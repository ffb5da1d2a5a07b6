// How many cores the networks of this process use.
#pragma once

namespace facebus::vision {

/// Sets the number of threads for all of OpenCV in this process; 0: one a core.
void use_threads(int count);

}  // namespace facebus::vision
