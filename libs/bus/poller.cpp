// Implementation of Poller in bus/socket.hpp.
#include <algorithm>
#include <vector>

#include <zmq.hpp>

#include "base/clock.hpp"
#include "bus/socket.hpp"

namespace facebus::bus {

bool Poller::keep_running() const {
    heartbeat_.beat();
    return !stop_.requested();
}

bool Poller::wait(std::span<Interest> interests, int timeout_ms) const {
    constexpr int max_slice_ms = 1000;
    std::vector<zmq::pollitem_t> items;
    for (const auto& interest : interests) {
        const auto events = (interest.read ? ZMQ_POLLIN : 0) | (interest.write ? ZMQ_POLLOUT : 0);
        items.push_back({interest.socket->handle(), 0, static_cast<short>(events), 0});
    }
    items.push_back({nullptr, stop_.descriptor(), ZMQ_POLLIN, 0});
    const auto deadline = Monotonic::now() + std::chrono::milliseconds(timeout_ms);
    while (true) {
        // Wait in slices, so that the heartbeat is updated at least once per second.
        heartbeat_.beat();
        int slice = max_slice_ms;
        if (timeout_ms >= 0) {
            const auto left =
                std::chrono::ceil<std::chrono::milliseconds>(deadline - Monotonic::now());
            slice = std::clamp(static_cast<int>(left.count()), 0, max_slice_ms);
        }
        int ready = 0;
        try {
            ready = zmq::poll(items, std::chrono::milliseconds(slice));
        } catch (const zmq::error_t& error) {
            if (error.num() != EINTR) throw;
        }
        heartbeat_.beat();
        for (std::size_t i = 0; i < interests.size(); ++i) {
            interests[i].ready = ready > 0 && items[i].revents != 0;
        }
        if (stop_.requested()) return false;
        if (ready > 0) return true;
        if (timeout_ms >= 0 && Monotonic::now() >= deadline) return true;
    }
}

bool Poller::wait_readable(const Socket& socket, int timeout_ms) const {
    Interest interest{.socket = &socket};
    return wait({&interest, 1}, timeout_ms);
}

bool Poller::wait_writable(const Socket& socket, int timeout_ms) const {
    Interest interest{.socket = &socket, .read = false, .write = true};
    return wait({&interest, 1}, timeout_ms);
}

}  // namespace facebus::bus
