// redis.url of the configuration.
#include "gallery/redis/redis_url.hpp"

#include "base/error.hpp"
#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string url(fuzz::text(data, size));
    try {
        const auto address = gallery::parse_redis_url(url);
        fuzz::require(address.path.empty() != address.host.empty(), "a path or a host is given");
        fuzz::require(address.port > 0 && address.port < 65536, "the port is one");
        // What is shown leads to the same place, without a login.
        const auto shown = gallery::parse_redis_url(address.shown);
        fuzz::require(shown.user.empty() && shown.password.empty(), "the login is not shown");
        fuzz::require(shown.host == address.host && shown.port == address.port &&
                          shown.path == address.path && shown.database == address.database,
                      "the place is shown");
    } catch (const StartupError& error) {
        fuzz::require(error.code() == Exit::config, "a bad URL is a mistake of configuration");
    }
    return 0;
}
