// redis.url of the configuration.
#include "gallery/redis_url.hpp"

#include "base/error.hpp"
#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string url(fuzz::text(data, size));
    try {
        const auto address = gallery::parse_redis_url(url);
        fuzz::require(address.path.empty() != address.host.empty(), "a path or a host is given");
        fuzz::require(address.port > 0 && address.port < 65536, "the port is one");
        fuzz::require(address.password.size() < 8 ||
                          address.shown.find(address.password) == std::string::npos ||
                          address.host.find(address.password) != std::string::npos,
                      "the password is not shown");
    } catch (const StartupError& error) {
        fuzz::require(error.code() == Exit::config, "a bad URL is a mistake of configuration");
    }
    return 0;
}
