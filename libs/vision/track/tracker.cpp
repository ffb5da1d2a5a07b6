#include "vision/track/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vision/track/appearance.hpp"
#include "vision/track/assignment.hpp"

namespace facebus::vision {

namespace {

// Gains of the alpha-beta filter on the centre of the box. MTCNN's boxes jitter by some percent of
// their size. Positions follow the measurement closely; speeds, which amplify the jitter, slowly.
constexpr float position_gain = 0.8F;
constexpr float speed_gain = 0.3F;
// Maximum time, in seconds, over which a position is extrapolated. A speed measured over a few
// frames does not predict where a face is after a longer gap.
constexpr float max_prediction = 0.4F;
// Maximum distance between the predicted and the detected centre, in box sizes, and how much it
// grows per second without a detection.
constexpr float max_distance = 0.5F;
constexpr float max_distance_per_second = 1.0F;
constexpr float max_size_ratio = 1.8F;
// Minimum correlation of the crops of a track. Measured in two films: for one face, 98 % of the
// correlations from frame to frame exceed 0.33, and 90 % half a second later exceed 0.48; for two
// people, 95 % are below 0.61 and half are below 0.24. A track that is cut in two costs a few
// probes, but two people in one track result in a wrong name. The limit is therefore strict, except
// if the position makes it likely that it is the same face: much overlap after a short gap.
constexpr float min_similarity = 0.4F;
constexpr float min_similarity_in_place = 0.3F;
constexpr float in_place_iou = 0.5F;
constexpr float in_place_gap = 0.3F;
// Two boxes that overlap by more belong to one face, not to an old and a new one.
constexpr float same_place_iou = 0.4F;
// Another crop of a track is worth sending if it shows a new view of the face (less similar than
// this to all crops sent, or with another yaw), or if its quality is clearly better.
constexpr float new_view_similarity = 0.9F;
constexpr float new_view_yaw = 0.2F;
constexpr float better_quality = 1.15F;

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

float size_of(const Box& box) {
    return std::sqrt(std::max(box.area(), 1.0F));
}

/// Returns the intersection of two boxes as a fraction of the smaller one.
float overlap_of_smaller(const Box& a, const Box& b) {
    const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const float height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    if (width <= 0 || height <= 0) return 0;
    return width * height / std::max(std::min(a.area(), b.area()), 1.0F);
}

/// Removes duplicate detections of a face, for instance from two searched areas that meet. The
/// larger and more certain detection stays.
void drop_duplicates(std::vector<Sighting>& sightings) {
    std::stable_sort(sightings.begin(), sightings.end(), [](const auto& a, const auto& b) {
        return a.quality.detector * a.box.area() > b.quality.detector * b.box.area();
    });
    std::vector<Sighting> kept;
    for (Sighting& sighting : sightings) {
        const bool duplicate = std::any_of(kept.begin(), kept.end(), [&](const Sighting& other) {
            return iou(sighting.box, other.box) > 0.45F ||
                   overlap_of_smaller(sighting.box, other.box) > 0.75F;
        });
        if (!duplicate) kept.push_back(std::move(sighting));
    }
    sightings = std::move(kept);
}

}  // namespace

struct Tracker::Track {
    struct Sent {
        Appearance appearance;
        float yaw = 0;
    };

    std::uint64_t birth = 0;      ///< id, counts all tracks, confirmed or not, from 1
    std::uint64_t born_over = 0;  ///< birth of the track in whose place this one appeared; 0: none
    std::uint64_t number = 0;     ///< reported number; 0 until confirmed
    int hits = 0;                 ///< detections so far
    Box box;                      ///< as last detected
    Point position;               ///< centre of the box, filtered
    Point speed;                  ///< pixels per second
    std::int64_t seen = 0;        ///< pts of the last detection
    Appearance recent;            ///< of the last detection
    Appearance average;           ///< running average over the detections
    std::uint32_t probes = 0;     ///< probes sent so far
    std::int64_t last_probe = 0;  ///< pts
    float best_sent = 0;          ///< best quality sent so far
    std::vector<Sent> sent;       ///< the most recent probes

    /// Returns the predicted centre at `pts`.
    [[nodiscard]] Point predicted(std::int64_t pts) const {
        const float ahead = std::min(static_cast<float>(seconds(pts - seen)), max_prediction);
        return {position.x + speed.x * ahead, position.y + speed.y * ahead};
    }

    /// Adds a detection: updates position, speed and appearance.
    void update(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    /// Returns the cost of assigning the sighting to this track; nothing if it can't be the same
    /// face.
    [[nodiscard]] std::optional<double> cost(const Sighting& sighting, const Appearance& appearance,
                                             std::int64_t pts, float min_iou) const;
    /// Returns whether the sighting is worth sending as a probe.
    [[nodiscard]] bool should_send(const Sighting& sighting, const Appearance& appearance,
                                   std::int64_t pts, const TrackerOptions& options) const;
    void note_probe(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    [[nodiscard]] TrackEvent event(TrackEvent::Kind kind) const {
        return {.kind = kind, .track = number, .box = box, .pts = seen};
    }
};

void Tracker::Track::update(const Sighting& sighting, const Appearance& appearance,
                            std::int64_t pts) {
    const Point measured = sighting.box.centre();
    const auto gap = static_cast<float>(seconds(pts - seen));
    if (hits == 0 || gap > max_prediction) {
        // Start again: the old speed does not predict anything after a long gap.
        position = measured;
        speed = {};
    } else {
        // Alpha-beta filter: predict, then correct position and speed by fixed fractions of the
        // prediction error.
        const Point guess = predicted(pts);
        const Point error{measured.x - guess.x, measured.y - guess.y};
        position = {guess.x + position_gain * error.x, guess.y + position_gain * error.y};
        if (gap > 0) {
            // The second detection gives the first measurement of the speed, so it is used in full.
            const float gain = hits == 1 ? 1 : speed_gain;
            speed.x += gain * error.x / gap;
            speed.y += gain * error.y / gap;
        }
    }
    box = sighting.box;
    seen = pts;
    recent = appearance;
    average.blend(appearance);
    ++hits;
}

std::optional<double> Tracker::Track::cost(const Sighting& sighting, const Appearance& appearance,
                                           std::int64_t pts, float min_iou) const {
    // Three gates, from cheap to expensive: size, position, appearance.
    const float ratio = size_of(sighting.box) / size_of(box);
    if (ratio > max_size_ratio || ratio * max_size_ratio < 1) return std::nullopt;
    // The last box, moved to the predicted centre.
    const Point centre = predicted(pts);
    const Box guess{centre.x - box.width / 2, centre.y - box.height / 2, box.width, box.height};
    const Point detected = sighting.box.centre();
    // In sizes of the larger box, so that the limit does not depend on how far away a person is.
    const float distance = std::hypot(detected.x - centre.x, detected.y - centre.y) / size_of(box) /
                           std::max(1.0F, ratio);
    const float overlap = iou(guess, sighting.box);
    const auto gap = static_cast<float>(seconds(pts - seen));
    if (overlap < min_iou && distance > max_distance + max_distance_per_second * gap)
        return std::nullopt;
    // A face that turns resembles its last crop; a face that was blurred or hidden in the last
    // frame resembles the average.
    const float similarity =
        std::max(recent.similarity(appearance), average.similarity(appearance));
    const bool in_place = overlap >= in_place_iou && gap <= in_place_gap;
    if (similarity < (in_place ? min_similarity_in_place : min_similarity)) return std::nullopt;
    // Appearance has the largest weight: when people pass each other, their positions coincide.
    return static_cast<double>(0.4F * (1 - overlap) + 0.4F * distance + (1 - similarity));
}

bool Tracker::Track::should_send(const Sighting& sighting, const Appearance& appearance,
                                 std::int64_t pts, const TrackerOptions& options) const {
    const Quality& quality = sighting.quality;
    if (sighting.crop.empty() || quality.eye_distance < options.min_eye_distance ||
        quality.overall < options.min_quality)
        return false;
    // The first good crop is sent immediately, so that the person is recognised soon.
    if (probes == 0) return true;
    const double since = seconds(pts - last_probe);
    if (since >= options.refresh) return true;
    if (since < options.probe_interval || std::cmp_greater_equal(probes, options.max_probes))
        return false;
    // Within these limits, only crops that add information.
    if (quality.overall > best_sent * better_quality) return true;
    return std::none_of(sent.begin(), sent.end(), [&](const Sent& earlier) {
        return earlier.appearance.similarity(appearance) > new_view_similarity &&
               std::abs(earlier.yaw - quality.yaw) < new_view_yaw;
    });
}

void Tracker::Track::note_probe(const Sighting& sighting, const Appearance& appearance,
                                std::int64_t pts) {
    ++probes;
    last_probe = pts;
    best_sent = std::max(best_sent, sighting.quality.overall);
    sent.push_back({appearance, sighting.quality.yaw});
    // Bounds the memory of a track that is refreshed for days.
    constexpr std::size_t max_sent = 32;
    if (sent.size() > max_sent) sent.erase(sent.begin());
}

Tracker::Tracker(const TrackerOptions& options) : options_(options) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

TrackerResult Tracker::process(std::vector<Sighting> sightings, std::int64_t pts, bool cut) {
    TrackerResult result;
    // 1. Start over after a cut. If time runs backwards, the stream was restarted.
    if (cut || pts < last_pts_) result = finish();
    last_pts_ = pts;
    // 2. End the tracks that have not been detected for too long.
    std::erase_if(tracks_, [&](const Track& track) {
        if (seconds(pts - track.seen) <= options_.max_gap) return false;
        if (track.number != 0) result.events.push_back(track.event(TrackEvent::Kind::ended));
        return true;
    });

    // 3. Assign sightings to tracks. A global assignment instead of the nearest track per sighting
    // keeps people apart who are close to each other.
    drop_duplicates(sightings);
    std::vector<Appearance> appearances;
    appearances.reserve(sightings.size());
    for (const Sighting& sighting : sightings) appearances.emplace_back(sighting.crop);
    CostTable costs(sightings.size(), tracks_.size());
    for (std::size_t s = 0; s < sightings.size(); ++s)
        for (std::size_t t = 0; t < tracks_.size(); ++t)
            costs.at(s, t) = tracks_[t].cost(sightings[s], appearances[s], pts, options_.min_iou);
    const auto track_of = assign(costs);

    // 4. Update the assigned tracks and create tracks for the other sightings.
    for (std::size_t s = 0; s < sightings.size(); ++s) {
        // New tracks are appended, so that the indices in `track_of` stay valid.
        if (!track_of[s]) {
            // A track in the same place whose crop looked too different; see drop_ghosts().
            const auto displaced =
                std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& other) {
                    return iou(other.box, sightings[s].box) > same_place_iou;
                });
            Track fresh;
            fresh.birth = ++births_;
            if (displaced != tracks_.end()) fresh.born_over = displaced->birth;
            tracks_.push_back(std::move(fresh));
        }
        Track& track = track_of[s] ? tracks_[*track_of[s]] : tracks_.back();
        track.update(sightings[s], appearances[s], pts);
        if (track.number != 0) {
            result.events.push_back(track.event(TrackEvent::Kind::moved));
        } else if (track.hits >= options_.confirm) {
            track.number = next_++;
            result.events.push_back(track.event(TrackEvent::Kind::started));
        }
        if (track.number != 0 && track.should_send(sightings[s], appearances[s], pts, options_)) {
            track.note_probe(sightings[s], appearances[s], pts);
            result.probes.push_back({track.number, track.probes, std::move(sightings[s])});
        }
    }
    // 5. Remove tracks that turned out to be duplicates of others.
    drop_ghosts(pts, result);
    return result;
}

/// Removes ghosts. A crop that does not resemble its track starts a second track in the same place,
/// and one of the two is a ghost. If the old face is seen again, it is the new track. If the new
/// track is confirmed first, it is the old one. People who pass each other are not affected,
/// because their tracks started in different places.
void Tracker::drop_ghosts(std::int64_t pts, TrackerResult& result) {
    const auto replaces = [&](const Track& seen, const Track& other) {
        // Only one of the two was detected in this frame, and it is in the place of the other.
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
