// Fuzzes the parser of redis.url.
#include "gallery/redis/redis_url.hpp"

#include "base/error.hpp"
#include "fuzz.hpp"

using namespace facebus;

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string url(fuzz::text(data, size));
    try {
        const auto address = gallery::parse_redis_url(url);
        fuzz::require(address.path.empty() != address.host.empty(),
                      "the address has either a path or a host");
        fuzz::require(address.port > 0 && address.port < 65536, "the port is valid");
        // The displayed URL refers to the same server, without credentials.
        const auto shown = gallery::parse_redis_url(address.safe_url);
        fuzz::require(shown.user.empty() && shown.password.empty(),
                      "the displayed URL has no credentials");
        fuzz::require(shown.host == address.host && shown.port == address.port &&
                          shown.path == address.path && shown.database == address.database,
                      "the displayed URL has the same address");
    } catch (const FatalError& error) {
        fuzz::require(error.code() == Exit::config, "an invalid URL is a configuration error");
    }
    return 0;
}
