#include "base/stop.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.hpp"

namespace facebus {

Stop::Stop() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw FatalError(Exit::unavailable,
                         std::string("cannot create an eventfd: ") + std::strerror(errno));
    }
}

Stop::~Stop() {
    close(descriptor_);
}

void Stop::request() noexcept {
    const std::uint64_t one = 1;
    // write() fails only if the counter is full, which means that a stop was requested already.
    [[maybe_unused]] const auto written = write(descriptor_, &one, sizeof one);
}

bool Stop::requested() const noexcept {
    return wait_ms(0);
}

bool Stop::wait_ms(int milliseconds) const noexcept {
    pollfd item{.fd = descriptor_, .events = POLLIN, .revents = 0};
    return poll(&item, 1, milliseconds) > 0;
}

}  // namespace facebus
