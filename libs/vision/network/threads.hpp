// Number of threads that the networks of this process use.
#pragma once

namespace facebus::vision {

/// Sets the number of threads that OpenCV uses in this process; 0: one per core. An Embedder that
/// uses OpenVINO reads this number when it is created, so call use_threads() before creating one.
void use_threads(int count);

}  // namespace facebus::vision
