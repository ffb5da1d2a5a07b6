#include "vision/track/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vision/track/appearance.hpp"
#include "vision/track/assignment.hpp"

namespace facebus::vision {

namespace {

// Alpha-beta filter on the centre: MTCNN's boxes jitter by some percent of their size, so the
// position follows at once and the speed slowly.
constexpr float follow_position = 0.8F;
constexpr float follow_speed = 0.3F;
// A speed measured over a few frames says nothing about where a face is after a longer gap.
constexpr float longest_prediction = 0.4F;
// How far a face may be from where it is expected, in box sizes, and how much farther for each
// second that it has not been seen.
constexpr float reach = 0.5F;
constexpr float reach_per_second = 1.0F;
constexpr float largest_size_ratio = 1.8F;
// Least correlation of the crops. Of one face from frame to frame 98 % lie above 0.33 (two films),
// half a second later 90 % above 0.48; of two people 95 % lie below 0.61 and half below 0.24. A
// track cut in two costs a few probes, two people in one track a wrong name, so the limit is strict
// but where the place says that it is the same face.
constexpr float least_likeness = 0.4F;
constexpr float least_likeness_in_place = 0.3F;
constexpr float in_place_iou = 0.5F;
constexpr float in_place_gap = 0.3F;
// Boxes that overlap by more can't be two faces of which one is new.
constexpr float same_place_iou = 0.4F;
// Another crop of a track is worth sending if it shows the face otherwise, or clearly better.
constexpr float new_view_likeness = 0.9F;
constexpr float new_view_yaw = 0.2F;
constexpr float better_quality = 1.15F;

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

float size_of(const Box& box) {
    return std::sqrt(std::max(box.area(), 1.0F));
}

float common_part_of_smaller(const Box& a, const Box& b) {
    const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const float height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    if (width <= 0 || height <= 0) return 0;
    return width * height / std::max(std::min(a.area(), b.area()), 1.0F);
}

/// Two detections of one face, as where searched areas meet: the better one stays.
void drop_duplicates(std::vector<Sighting>& sightings) {
    std::stable_sort(sightings.begin(), sightings.end(), [](const auto& a, const auto& b) {
        return a.quality.detector * a.box.area() > b.quality.detector * b.box.area();
    });
    std::vector<Sighting> kept;
    for (Sighting& sighting : sightings) {
        const bool seen = std::any_of(kept.begin(), kept.end(), [&](const Sighting& other) {
            return iou(sighting.box, other.box) > 0.45F ||
                   common_part_of_smaller(sighting.box, other.box) > 0.75F;
        });
        if (!seen) kept.push_back(std::move(sighting));
    }
    sightings = std::move(kept);
}

}  // namespace

struct Tracker::Track {
    struct Sent {
        Appearance appearance;
        float yaw = 0;
    };

    std::uint64_t birth = 0;      ///< counts all tracks, confirmed or not, from 1
    std::uint64_t born_over = 0;  ///< birth of the track in whose place this one appeared; 0: none
    std::uint64_t number = 0;     ///< 0 until confirmed
    int hits = 0;
    Box box;         ///< as detected last
    Point position;  ///< of the centre, filtered
    Point speed;     ///< pixels a second
    std::int64_t seen = 0;
    Appearance recent;
    Appearance usual;
    std::uint32_t probes = 0;
    std::int64_t last_probe = 0;
    float best_sent = 0;
    std::vector<Sent> sent;

    [[nodiscard]] Point expected(std::int64_t pts) const {
        const float ahead = std::min(static_cast<float>(seconds(pts - seen)), longest_prediction);
        return {position.x + speed.x * ahead, position.y + speed.y * ahead};
    }

    void see(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    [[nodiscard]] std::optional<double> cost(const Sighting& sighting, const Appearance& appearance,
                                             std::int64_t pts, float min_iou) const;
    [[nodiscard]] bool wants(const Sighting& sighting, const Appearance& appearance,
                             std::int64_t pts, const TrackerOptions& options) const;
    void note_probe(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    [[nodiscard]] TrackEvent event(TrackEvent::Kind kind) const {
        return {.kind = kind, .track = number, .box = box, .pts = seen};
    }
};

void Tracker::Track::see(const Sighting& sighting, const Appearance& appearance, std::int64_t pts) {
    const Point measured = sighting.box.centre();
    const auto gap = static_cast<float>(seconds(pts - seen));
    if (hits == 0 || gap > longest_prediction) {
        position = measured;
        speed = {};
    } else {
        const Point guess = expected(pts);
        const Point error{measured.x - guess.x, measured.y - guess.y};
        position = {guess.x + follow_position * error.x, guess.y + follow_position * error.y};
        if (gap > 0) {
            // The second sighting is the first that tells anything about speed.
            const float gain = hits == 1 ? 1 : follow_speed;
            speed.x += gain * error.x / gap;
            speed.y += gain * error.y / gap;
        }
    }
    box = sighting.box;
    seen = pts;
    recent = appearance;
    usual.follow(appearance);
    ++hits;
}

std::optional<double> Tracker::Track::cost(const Sighting& sighting, const Appearance& appearance,
                                           std::int64_t pts, float min_iou) const {
    const float ratio = size_of(sighting.box) / size_of(box);
    if (ratio > largest_size_ratio || ratio * largest_size_ratio < 1) return std::nullopt;
    const Point centre = expected(pts);
    const Box guess{centre.x - box.width / 2, centre.y - box.height / 2, box.width, box.height};
    const Point there = sighting.box.centre();
    const float distance =
        std::hypot(there.x - centre.x, there.y - centre.y) / size_of(box) / std::max(1.0F, ratio);
    const float overlap = iou(guess, sighting.box);
    const auto gap = static_cast<float>(seconds(pts - seen));
    if (overlap < min_iou && distance > reach + reach_per_second * gap) return std::nullopt;
    const float likeness = std::max(recent.likeness(appearance), usual.likeness(appearance));
    const bool in_place = overlap >= in_place_iou && gap <= in_place_gap;
    if (likeness < (in_place ? least_likeness_in_place : least_likeness)) return std::nullopt;
    return static_cast<double>(0.4F * (1 - overlap) + 0.4F * distance + (1 - likeness));
}

bool Tracker::Track::wants(const Sighting& sighting, const Appearance& appearance, std::int64_t pts,
                           const TrackerOptions& options) const {
    const Quality& quality = sighting.quality;
    if (sighting.crop.empty() || quality.eye_distance < options.min_eye_distance ||
        quality.overall < options.min_quality)
        return false;
    if (probes == 0) return true;
    const double since = seconds(pts - last_probe);
    if (since >= options.refresh) return true;
    if (since < options.probe_interval || std::cmp_greater_equal(probes, options.max_probes))
        return false;
    if (quality.overall > best_sent * better_quality) return true;
    return std::none_of(sent.begin(), sent.end(), [&](const Sent& earlier) {
        return earlier.appearance.likeness(appearance) > new_view_likeness &&
               std::abs(earlier.yaw - quality.yaw) < new_view_yaw;
    });
}

void Tracker::Track::note_probe(const Sighting& sighting, const Appearance& appearance,
                                std::int64_t pts) {
    ++probes;
    last_probe = pts;
    best_sent = std::max(best_sent, sighting.quality.overall);
    sent.push_back({appearance, sighting.quality.yaw});
    // A track that is refreshed for days must not grow; what it showed long ago is of no interest.
    constexpr std::size_t most = 32;
    if (sent.size() > most) sent.erase(sent.begin());
}

Tracker::Tracker(const TrackerOptions& options) : options_(options) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

TrackerResult Tracker::process(std::vector<Sighting> sightings, std::int64_t pts, bool cut) {
    TrackerResult result;
    // Time that runs backwards is a replay from the start: another scene as well.
    if (cut || pts < last_pts_) result = finish();
    last_pts_ = pts;
    std::erase_if(tracks_, [&](const Track& track) {
        if (seconds(pts - track.seen) <= options_.max_gap) return false;
        if (track.number != 0) result.events.push_back(track.event(TrackEvent::Kind::ended));
        return true;
    });

    drop_duplicates(sightings);
    std::vector<Appearance> appearances;
    appearances.reserve(sightings.size());
    for (const Sighting& sighting : sightings) appearances.emplace_back(sighting.crop);
    CostTable costs(sightings.size(), tracks_.size());
    for (std::size_t s = 0; s < sightings.size(); ++s)
        for (std::size_t t = 0; t < tracks_.size(); ++t)
            costs.at(s, t) = tracks_[t].cost(sightings[s], appearances[s], pts, options_.min_iou);
    const auto track_of = assign(costs);

    for (std::size_t s = 0; s < sightings.size(); ++s) {
        // Behind the tracks that the table knows, so its numbers stay valid.
        if (!track_of[s]) {
            const auto below =
                std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& other) {
                    return iou(other.box, sightings[s].box) > same_place_iou;
                });
            Track fresh;
            fresh.birth = ++births_;
            if (below != tracks_.end()) fresh.born_over = below->birth;
            tracks_.push_back(std::move(fresh));
        }
        Track& track = track_of[s] ? tracks_[*track_of[s]] : tracks_.back();
        track.see(sightings[s], appearances[s], pts);
        if (track.number != 0) {
            result.events.push_back(track.event(TrackEvent::Kind::moved));
        } else if (track.hits >= options_.confirm) {
            track.number = next_++;
            result.events.push_back(track.event(TrackEvent::Kind::started));
        }
        if (track.number != 0 && track.wants(sightings[s], appearances[s], pts, options_)) {
            track.note_probe(sightings[s], appearances[s], pts);
            result.probes.push_back({track.number, track.probes, std::move(sightings[s])});
        }
    }
    drop_ghosts(pts, result);
    return result;
}

/// A crop that resembles its track too little begins another track in the same place. One of the
/// two is a ghost: the new one if the old face is seen again, else the old one as soon as the new
/// one is confirmed. People who pass each other are not concerned: their tracks began apart.
void Tracker::drop_ghosts(std::int64_t pts, TrackerResult& result) {
    const auto replaces = [&](const Track& seen, const Track& other) {
        if (seen.seen != pts || other.seen == pts) return false;
        if (iou(seen.box, other.box) <= same_place_iou) return false;
        return other.born_over == seen.birth || (seen.born_over == other.birth && seen.number != 0);
    };
    std::vector<bool> ghost;
    ghost.reserve(tracks_.size());
    for (const Track& other : tracks_)
        ghost.push_back(std::any_of(tracks_.begin(), tracks_.end(),
                                    [&](const Track& seen) { return replaces(seen, other); }));
    std::vector<Track> kept;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (!ghost[i])
            kept.push_back(std::move(tracks_[i]));
        else if (tracks_[i].number != 0)
            result.events.push_back(tracks_[i].event(TrackEvent::Kind::ended));
    }
    tracks_ = std::move(kept);
}

TrackerResult Tracker::finish() {
    TrackerResult result;
    for (const Track& track : tracks_)
        if (track.number != 0) result.events.push_back(track.event(TrackEvent::Kind::ended));
    tracks_.clear();
    return result;
}

}  // namespace facebus::vision
