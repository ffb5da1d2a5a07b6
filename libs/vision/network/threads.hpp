// Sets how many threads the networks of this process use.
#pragma once

namespace facebus::vision {

/// Sets the number of threads for all of OpenCV in this process; 0: one per core.
void use_threads(int count);

}  // namespace facebus::vision
