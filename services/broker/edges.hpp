// The edges that send messages to the broker, and the limits on the cameras that they report.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.hpp"
#include "bus/socket.hpp"

namespace facebus::broker {

/// Reason why a message of an edge is refused.
enum class Refusal {
    camera,   ///< the key of the edge is not bound to the camera
    cameras,  ///< the camera is one too many; see Edges::Options
};
constexpr auto enum_names(Refusal /*type*/) {
    return std::to_array<std::string_view>({"camera", "cameras"});
}

/// The edges and their cameras. An edge is identified by its key or, if it has no key, by its
/// connection. The number of cameras is limited, because subscribers keep a state per camera. Not
/// thread-safe.
class Edges {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        /// Maximum number of different cameras of one edge. If the list of cameras of its key has
        /// more entries, the number of entries is the limit; a pattern is one entry. For an edge
        /// without a key, cameras that another edge without a key reported before do not count.
        std::size_t cameras_per_edge = 64;
        /// Maximum number of different cameras of all edges without a key.
        std::size_t cameras_without_key = 1000;
    };

    explicit Edges(const Options& options) : options_(options) {}

    /// Returns the id of the edge that sent a message. Ids of probes, tracks and events are unique
    /// only within one edge, so they are used together with this id.
    static std::string id(const bus::Received& received);

    /// Records that an edge sent a message about a camera. Returns a reason if the message must be
    /// refused.
    std::optional<Refusal> record(const bus::Received& received, const std::string& camera,
                                  Time now);

    /// Returns the number of edges that sent a message in the last ten seconds, at most 10,000.
    [[nodiscard]] std::size_t online(Time now);

  private:
    [[nodiscard]] std::optional<Refusal> admit(const std::string& edge, const bus::AllowedKey* key,
                                               const std::string& camera);

    Options options_;
    using Names = std::unordered_set<std::string>;
    std::unordered_map<std::string, Names>
        cameras_;        ///< by edge id: cameras that count towards the limit of the edge
    Names without_key_;  ///< cameras of edges without a key
    std::unordered_map<std::string, Time> last_seen_;  ///< by id
};

/// Returns whether `name` matches `pattern`, in which '*' matches any number of characters.
bool matches(std::string_view pattern, std::string_view name);

}  // namespace facebus::broker
