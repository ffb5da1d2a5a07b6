// Fixture with an empty gallery in its own Redis server, and functions that check that a Result is
// an error.
#pragma once

#include <string>
#include <string_view>

#include <boost/test/unit_test.hpp>

#include "gallery/store/erasure.hpp"
#include "gallery/store/store.hpp"
#include "support/redis_server.hpp"

namespace facebus::test {

/// Redis server with an empty gallery. It runs as long as this object exists.
struct GalleryFixture {
    RedisServer server;
    gallery::RedisOptions options{.url = server.url(), .timeout_ms = 5000};
    gallery::Store store{options};
    gallery::Redis redis{options};

    /// Completes the pending erasures.
    void erase() {
        gallery::Eraser eraser(options);
        auto next = gallery::ErasurePhase::results;
        while (next != gallery::ErasurePhase::none) {
            const auto done = eraser.step();
            BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
            next = *done;
        }
    }

    /// Returns the names and serialised values of all keys in Redis.
    std::string everything() {
        std::string all;
        const auto keys = redis.run({"KEYS", "*"});
        for (const gallery::Reply& key : keys->elements()) {
            all.append(key.text()).append("\n");
            all.append(redis.run({"DUMP", std::string(key.text())})->text()).append("\n");
        }
        return all;
    }
};

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

/// Checks that the result is an Error of the kind `kind` and that its message contains `reason`.
template <class T>
void check_failed(const Result<T>& result, ErrorKind kind, std::string_view reason) {
    BOOST_REQUIRE(!result);
    BOOST_TEST((result.error().kind == kind));
    BOOST_TEST(contains(result.error().message, reason), result.error().message);
}

/// Checks that the result is an Error of the kind `refused` and that its message contains `reason`.
template <class T>
void check_refused(const Result<T>& result, std::string_view reason) {
    check_failed(result, ErrorKind::refused, reason);
}

}  // namespace facebus::test
