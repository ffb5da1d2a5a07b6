// Number of threads that the networks of this process use.
#pragma once

namespace facebus::vision {

/// Sets the number of threads that OpenCV uses in this process; 0: one per core. ONNX Runtime uses
/// the same number, so call this before creating an Embedder.
void use_threads(int count);

}  // namespace facebus::vision
