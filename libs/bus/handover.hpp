// Private to libs/bus: objects that go to another thread through libzmq.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace facebus::bus {

/// The thread that has `object` is done with it, and libzmq hands it on. The thread sanitizer can't
/// look into libzmq and has to be told; elsewhere this does nothing.
inline void hand_over([[maybe_unused]] void* object) {
#ifdef __SANITIZE_THREAD__
    __tsan_release(object);
#endif
}

/// The thread that libzmq handed `object` to begins with it.
inline void take_over([[maybe_unused]] void* object) {
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(object);
#endif
}

}  // namespace facebus::bus
