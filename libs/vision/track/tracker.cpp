#include "vision/track/tracker.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "vision/track/appearance.hpp"
#include "vision/track/assignment.hpp"

namespace facebus::vision {

namespace {

// Gains of the alpha-beta filter for the centre of the box. MTCNN's boxes jitter by a few percent
// of their size. The position therefore follows the detections closely, but the speed, which
// amplifies the jitter, follows them slowly.
constexpr float position_gain = 0.8F;
constexpr float speed_gain = 0.3F;
// Maximum time in seconds for which a position is extrapolated. A speed measured over a few frames
// does not predict where a face is after a longer gap.
constexpr float max_prediction = 0.4F;
// Maximum distance between the predicted and the detected centre, in box sizes, and its increase
// per second since the last detection. The limit does not apply if the predicted and the detected
// box have an IoU of at least `min_iou`.
constexpr float max_distance = 0.5F;
constexpr float max_distance_per_second = 1.0F;
constexpr float min_iou = 0.2F;
// Maximum ratio between the sizes of the last box and the detected box.
constexpr float max_size_ratio = 1.8F;
// Minimum correlation between the crops of a track. Measured in two films: for two crops of one
// face, it exceeds 0.33 in 98% of the pairs from consecutive frames, and 0.48 in 90% of the pairs
// that are half a second apart. For crops of two people, it is below 0.61 in 95% of the pairs, and
// below 0.24 in half of them. A face that is split into two tracks costs a few probes, but two
// people in one track result in a wrong name. The limit is therefore strict. It is lower only if
// the detection is in place: its box has an IoU of at least `in_place_iou` with the predicted box,
// at most `in_place_gap` seconds after the last detection.
constexpr float min_similarity = 0.4F;
constexpr float min_similarity_in_place = 0.3F;
constexpr float in_place_iou = 0.5F;
constexpr float in_place_gap = 0.3F;
// If the box of a new track has a higher IoU than this with the box of another track, both tracks
// may follow the same face; see remove_duplicate_tracks().
constexpr float same_place_iou = 0.4F;
// Another crop of a track is worth sending if it shows a new view of the face, or if its quality is
// more than `better_quality` times the highest quality sent so far. A view is known if an earlier
// probe resembles the crop (a similarity greater than `new_view_similarity`) and has nearly the
// same yaw (a difference less than `new_view_yaw`). Otherwise it is new.
constexpr float new_view_similarity = 0.9F;
constexpr float new_view_yaw = 0.2F;
constexpr float better_quality = 1.15F;

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

/// Returns the geometric mean of width and height, at least 1.
float size_of(const Box& box) {
    return std::sqrt(std::max(box.area(), 1.0F));
}

/// Returns the area of the intersection of two boxes, as a fraction of the area of the smaller box.
float overlap_of_smaller(const Box& a, const Box& b) {
    const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
    const float height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
    if (width <= 0 || height <= 0) return 0;
    return width * height / std::max(std::min(a.area(), b.area()), 1.0F);
}

/// Removes duplicate detections of a face, for instance from two adjacent regions. Keeps the
/// detection with the largest product of score and box area.
void remove_duplicate_detections(std::vector<Sighting>& sightings) {
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
    /// Probe that was sent.
    struct Sent {
        Appearance appearance;
        float yaw = 0;
    };

    std::uint64_t id = 0;         ///< internal id, unique among all tracks, reported or not
    std::uint64_t parent_id = 0;  ///< id of the track at whose position this one started, or 0
    std::uint64_t number = 0;     ///< number that is reported, or 0 if not reported yet
    int detections = 0;           ///< number of detections so far
    int confident = 0;            ///< number of those with a score of at least `confirm_score`
    Box box;                      ///< last detected box
    Point position;               ///< filtered centre of the box
    Point speed;                  ///< speed of the centre in pixels per second
    std::int64_t last_seen = 0;   ///< pts of the last detection
    Appearance recent;            ///< crop of the last detection
    Appearance average;           ///< running average of the crops; the last crop has weight 1/2
    std::uint32_t probes = 0;     ///< number of probes sent so far
    std::int64_t last_probe = 0;  ///< pts of the last probe
    float best_sent = 0;          ///< highest quality of the probes sent so far
    std::vector<Sent> sent;       ///< most recent probes, up to 32

    /// Returns the predicted centre at `pts`.
    [[nodiscard]] Point predicted(std::int64_t pts) const {
        const float ahead = std::min(static_cast<float>(seconds(pts - last_seen)), max_prediction);
        return {position.x + speed.x * ahead, position.y + speed.y * ahead};
    }

    /// Adds a detection: updates position, speed and appearance.
    void update(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    /// Returns the cost of assigning the sighting to this track. Returns nothing if the size,
    /// position or appearance of the sighting differs too much from that of the track.
    [[nodiscard]] std::optional<double> cost(const Sighting& sighting, const Appearance& appearance,
                                             std::int64_t pts) const;
    /// Returns whether the sighting is worth sending as a probe.
    [[nodiscard]] bool should_send(const Sighting& sighting, const Appearance& appearance,
                                   std::int64_t pts, const TrackerOptions& options) const;
    /// Records that the sighting was sent as a probe.
    void record_probe(const Sighting& sighting, const Appearance& appearance, std::int64_t pts);
    [[nodiscard]] TrackEvent event(TrackEvent::Kind kind) const {
        return {.kind = kind, .track = number, .box = box, .pts = last_seen};
    }
};

void Tracker::Track::update(const Sighting& sighting, const Appearance& appearance,
                            std::int64_t pts) {
    const Point measured = sighting.box.centre();
    const auto gap = static_cast<float>(seconds(pts - last_seen));
    if (detections == 0 || gap > max_prediction) {
        // Start again, because the old speed predicts nothing after a long gap.
        position = measured;
        speed = {};
    } else {
        // Alpha-beta filter: predict, then correct position and speed by fixed fractions of the
        // prediction error.
        const Point guess = predicted(pts);
        const Point error{measured.x - guess.x, measured.y - guess.y};
        position = {guess.x + position_gain * error.x, guess.y + position_gain * error.y};
        if (gap > 0) {
            // The second detection is the first measurement of the speed, so use it unfiltered.
            const float gain = detections == 1 ? 1 : speed_gain;
            speed.x += gain * error.x / gap;
            speed.y += gain * error.y / gap;
        }
    }
    box = sighting.box;
    last_seen = pts;
    recent = appearance;
    average.blend(appearance);
    ++detections;
}

std::optional<double> Tracker::Track::cost(const Sighting& sighting, const Appearance& appearance,
                                           std::int64_t pts) const {
    // Three conditions, from cheap to expensive: size, position, appearance.
    const float ratio = size_of(sighting.box) / size_of(box);
    if (ratio > max_size_ratio || ratio * max_size_ratio < 1) return std::nullopt;
    // Move the last box to the predicted centre.
    const Point centre = predicted(pts);
    const Box guess{centre.x - box.width / 2, centre.y - box.height / 2, box.width, box.height};
    const Point detected = sighting.box.centre();
    // Divide the distance by the size of the larger box, so that the limit does not depend on how
    // far the person is from the camera.
    const float distance = std::hypot(detected.x - centre.x, detected.y - centre.y) / size_of(box) /
                           std::max(1.0F, ratio);
    const float overlap = iou(guess, sighting.box);
    const auto gap = static_cast<float>(seconds(pts - last_seen));
    if (overlap < min_iou && distance > max_distance + max_distance_per_second * gap)
        return std::nullopt;
    // A face that turns still resembles the last crop. A face that was blurred or hidden in the
    // last frame still resembles the average.
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
    // Send the first good crop immediately, so that the person is recognised soon.
    if (probes == 0) return true;
    const double since = seconds(pts - last_probe);
    if (since >= options.refresh) return true;
    if (since < options.probe_interval || std::cmp_greater_equal(probes, options.max_probes))
        return false;
    // Within these limits, send only crops that add information.
    if (quality.overall > best_sent * better_quality) return true;
    return std::none_of(sent.begin(), sent.end(), [&](const Sent& earlier) {
        return earlier.appearance.similarity(appearance) > new_view_similarity &&
               std::abs(earlier.yaw - quality.yaw) < new_view_yaw;
    });
}

void Tracker::Track::record_probe(const Sighting& sighting, const Appearance& appearance,
                                  std::int64_t pts) {
    ++probes;
    last_probe = pts;
    best_sent = std::max(best_sent, sighting.quality.overall);
    sent.push_back({appearance, sighting.quality.yaw});
    // Limit the memory of a track that continues for days.
    constexpr std::size_t max_sent = 32;
    if (sent.size() > max_sent) sent.erase(sent.begin());
}

Tracker::Tracker(const TrackerOptions& options) : options_(options) {}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

TrackerResult Tracker::process(std::vector<Sighting> sightings, std::int64_t pts, bool scene_cut) {
    TrackerResult result;
    // 1. End all tracks if the scene was cut, or if `pts` decreased because the stream restarted.
    if (scene_cut || pts < last_pts_) result = finish();
    last_pts_ = pts;
    // 2. End the tracks whose last detection is more than `max_gap` ago.
    std::erase_if(tracks_, [&](const Track& track) {
        if (seconds(pts - track.last_seen) <= options_.max_gap) return false;
        if (track.number != 0) result.events.push_back(track.event(TrackEvent::Kind::ended));
        return true;
    });

    // 3. Assign sightings to tracks. To distinguish people who are close to each other, minimise
    // the total cost instead of choosing the nearest track for each sighting.
    remove_duplicate_detections(sightings);
    std::vector<Appearance> appearances;
    appearances.reserve(sightings.size());
    for (const Sighting& sighting : sightings) appearances.emplace_back(sighting.crop);
    CostTable costs(sightings.size(), tracks_.size());
    for (std::size_t s = 0; s < sightings.size(); ++s)
        for (std::size_t t = 0; t < tracks_.size(); ++t)
            costs.at(s, t) = tracks_[t].cost(sightings[s], appearances[s], pts);
    const auto track_of = assign(costs);

    // 4. Update the assigned tracks, and create a track for each sighting without one.
    for (std::size_t s = 0; s < sightings.size(); ++s) {
        // Append new tracks, so that the indices in `track_of` remain valid.
        if (!track_of[s]) {
            // Find a track at the same position, if there is one. It possibly follows the same
            // face, but its crops look different; see remove_duplicate_tracks().
            const auto previous =
                std::find_if(tracks_.begin(), tracks_.end(), [&](const Track& other) {
                    return iou(other.box, sightings[s].box) > same_place_iou;
                });
            Track fresh;
            fresh.id = ++created_;
            if (previous != tracks_.end()) fresh.parent_id = previous->id;
            tracks_.push_back(std::move(fresh));
        }
        Track& track = track_of[s] ? tracks_[*track_of[s]] : tracks_.back();
        track.update(sightings[s], appearances[s], pts);
        if (sightings[s].quality.detector >= options_.confirm_score) ++track.confident;
        if (track.number != 0) {
            result.events.push_back(track.event(TrackEvent::Kind::moved));
        } else if (track.confident >= options_.confirm) {
            track.number = next_number_++;
            result.events.push_back(track.event(TrackEvent::Kind::started));
        }
        if (track.number != 0 && track.should_send(sightings[s], appearances[s], pts, options_)) {
            track.record_probe(sightings[s], appearances[s], pts);
            result.probes.push_back({track.number, track.probes, std::move(sightings[s])});
        }
    }
    // 5. Remove duplicate tracks.
    remove_duplicate_tracks(pts, result);
    return result;
}

/// If a crop does not resemble the track at its position, it starts a second track there, although
/// both may follow the same face. As soon as one of the two is detected without the other, decide
/// which one to remove:
/// - If the old track is detected again, the crop was an outlier: remove the new track.
/// - If the new track has been confirmed, the appearance of the face has changed: remove the old
///   track.
/// People who pass each other are not affected, because their tracks started at different
/// positions.
void Tracker::remove_duplicate_tracks(std::int64_t pts, TrackerResult& result) {
    const auto replaces = [&](const Track& detected, const Track& other) {
        // Requires that `detected` was detected in this frame at the position of `other`, and that
        // `other` was not detected.
        if (detected.last_seen != pts || other.last_seen == pts) return false;
        if (iou(detected.box, other.box) <= same_place_iou) return false;
        const bool old_detected_again = other.parent_id == detected.id;
        const bool new_confirmed = detected.parent_id == other.id && detected.number != 0;
        return old_detected_again || new_confirmed;
    };
    std::vector<bool> duplicate;
    duplicate.reserve(tracks_.size());
    for (const Track& other : tracks_)
        duplicate.push_back(std::any_of(tracks_.begin(), tracks_.end(), [&](const Track& detected) {
            return replaces(detected, other);
        }));
    std::vector<Track> kept;
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
        if (!duplicate[i])
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
