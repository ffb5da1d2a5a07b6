#include "broker/edges.hpp"

#include <algorithm>

namespace facebus::broker {
namespace {

constexpr auto online_time = std::chrono::seconds(10);
constexpr std::size_t max_online = 10'000;

}  // namespace

bool matches(std::string_view pattern, std::string_view name) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == name;
    if (!name.starts_with(pattern.substr(0, star))) return false;
    name.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    // Find each part between two '*' as far to the left as possible; the last part must be the end
    // of the name.
    for (auto next = pattern.find('*'); next != std::string_view::npos; next = pattern.find('*')) {
        const auto found = name.find(pattern.substr(0, next));
        if (found == std::string_view::npos) return false;
        name.remove_prefix(found + next);
        pattern.remove_prefix(next + 1);
    }
    return name.ends_with(pattern);
}

std::string Edges::id(const bus::Received& received) {
    // The service `track` keeps its peer name when it reconnects, so the id stays the same.
    return received.key ? "key:" + received.key->name : "peer:" + received.peer;
}

std::optional<Refusal> Edges::record(const bus::Received& received, const std::string& camera,
                                     Time now) {
    const auto edge = id(received);
    if (last_seen_.size() < max_online || last_seen_.contains(edge)) last_seen_[edge] = now;
    return admit(edge, received.key.get(), camera);
}

std::optional<Refusal> Edges::admit(const std::string& edge, const bus::AllowedKey* key,
                                    const std::string& camera) {
    auto limit = options_.cameras_per_edge;
    if (key != nullptr && !key->cameras.empty()) {
        const auto covers = [&](const std::string& pattern) { return matches(pattern, camera); };
        if (std::ranges::none_of(key->cameras, covers)) return Refusal::camera;
        limit = std::max(limit, key->cameras.size());
    }
    const auto own = cameras_.find(edge);
    if (own != cameras_.end() && own->second.contains(camera)) return std::nullopt;
    if (key == nullptr && without_key_.contains(camera)) return std::nullopt;
    if (own != cameras_.end() && own->second.size() >= limit) return Refusal::cameras;
    if (key == nullptr) {
        if (without_key_.size() >= options_.cameras_without_key) return Refusal::cameras;
        without_key_.insert(camera);
    }
    cameras_[edge].insert(camera);
    return std::nullopt;
}

std::size_t Edges::online(Time now) {
    std::erase_if(last_seen_, [&](const auto& entry) { return now - entry.second > online_time; });
    return last_seen_.size();
}

}  // namespace facebus::broker
