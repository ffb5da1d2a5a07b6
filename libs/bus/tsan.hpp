// Private to libs/bus: ThreadSanitizer annotations for objects that libzmq passes between threads.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace facebus::bus {

/// Marks `object` as passed to libzmq by this thread. ThreadSanitizer requires this, because it
/// does not see the synchronisation inside libzmq. Does nothing in other builds.
inline void release_to_zmq([[maybe_unused]] void* object) {
#ifdef __SANITIZE_THREAD__
    __tsan_release(object);
#endif
}

/// Marks `object` as received from libzmq by this thread. Does nothing without ThreadSanitizer.
inline void acquire_from_zmq([[maybe_unused]] void* object) {
#ifdef __SANITIZE_THREAD__
    __tsan_acquire(object);
#endif
}

}  // namespace facebus::bus
