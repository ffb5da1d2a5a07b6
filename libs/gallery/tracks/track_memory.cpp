#include "gallery/tracks/track_memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/scripts.hpp"

namespace facebus::gallery {

TrackMemory::TrackMemory(RedisOptions options, int ttl_seconds, std::string model_id)
    : redis_(connect_to_data(std::move(options))),
      ttl_seconds_(std::max(1, ttl_seconds)),
      model_id_(std::move(model_id)) {}

Result<std::vector<Probe>> TrackMemory::append(const std::string& track, const Probe& probe) {
    if (track.empty() || probe.id.empty()) {
        return fail(ErrorKind::malformed, "the probe has no id or no track");
    }
    const std::string packed = pack_probe(probe, model_id_);
    if (auto good = unpack_probe(probe.id, packed); !good) return std::unexpected(good.error());

    auto reply = redis_.eval(
        scripts::remember, {keys::track(track)},
        {probe.id, packed, fmt::to_string(max_track_probes), fmt::to_string(ttl_seconds_)});
    if (!reply) return std::unexpected(std::move(reply.error()));

    std::vector<Probe> probes;
    const auto& fields = reply->elements();
    for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
        const std::string id(fields[i].text());
        auto stored = unpack_probe(id, fields[i + 1].text());
        if (!stored) ++damaged_probes_;
        if (stored && stored->model_id == model_id_) {
            probes.push_back(std::move(stored->probe));
        } else if (id == probe.id) {
            // The stored copy of this probe cannot be used (damaged, or of another model).
            probes.push_back(probe);
        }
    }
    std::sort(probes.begin(), probes.end(),
              [](const Probe& a, const Probe& b) { return a.id < b.id; });
    return probes;
}

}  // namespace facebus::gallery
