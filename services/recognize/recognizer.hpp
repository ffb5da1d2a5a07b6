// The stage `recognize`: turns probes into identities.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/image.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"
#include "vision/embed/embedder.hpp"
#include "wire/messages.hpp"

namespace facebus::recognize {

/// A probe with its crop.
struct ProbeItem {
    wire::Probe probe;
    Image crop;
};

/// Embeds crops, matches their tracks with the gallery and decides which subject each track shows.
/// Not thread-safe.
class Recognizer {
  public:
    /// Stores a probe of a track and returns all probes of this track, including the new one.
    using Remember =
        std::function<std::vector<gallery::Probe>(const std::string& track, const gallery::Probe&)>;

    /// Throws the errors of vision::Embedder.
    explicit Recognizer(const std::filesystem::path& models,
                        const vision::EmbedderOptions& options = {})
        : embedder_(models, options) {}

    /// Returns one identity per probe, in the order of `items`. Calls `remember` once per probe.
    std::vector<wire::Identity> process(const std::vector<ProbeItem>& items,
                                        const gallery::Snapshot& snapshot,
                                        const gallery::Policy& policy, const Remember& remember);

    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }
    [[nodiscard]] const vision::EngineInUse& engine() const { return embedder_.engine(); }

  private:
    vision::Embedder embedder_;
};

}  // namespace facebus::recognize
