#include "service/notify.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace facebus::service {

void notify(const std::string& state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path == nullptr || std::strlen(path) == 0 || std::strlen(path) >= sizeof address.sun_path) {
        return;
    }
    const std::size_t length = std::strlen(path);
    std::memcpy(address.sun_path, path, length);
    // A leading '@' denotes an abstract socket, whose address begins with a null byte.
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    const void* raw = &address;
    // The supervisor may have exited; the service runs without it.
    [[maybe_unused]] const auto sent = sendto(
        descriptor, state.data(), state.size(), MSG_NOSIGNAL, static_cast<const sockaddr*>(raw),
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
    close(descriptor);
}

}  // namespace facebus::service
