#include "cli/collect/face_harvest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cli/must.hpp"
#include "vision/motion/motion_gate.hpp"

namespace facebus::cli {
namespace {

/// More of one track would only be more of the same.
constexpr std::size_t crops_of_a_track = 12;
/// Two crops of a track are at least so far apart, in seconds, that their times differ when they
/// are written with one decimal.
constexpr double probe_interval = 0.2;
/// Overall quality of a crop that breaks a rule: below what the tracker ever sends.
constexpr float never_sent = -1;

/// Which crops are good enough is for the gallery's rules; the tracker finds out which of them
/// differ.
vision::TrackerOptions tracker_options(double every) {
    vision::TrackerOptions options;
    options.max_probes = std::numeric_limits<int>::max();
    options.probe_interval = probe_interval;
    options.refresh = std::numeric_limits<double>::infinity();
    options.min_eye_distance = 0;
    options.min_quality = 0;
    // Between two searched frames a track can't be seen.
    options.max_gap = std::max(options.max_gap, 2.5 * every);
    // With frames this far apart many people are in one of them only.
    if (every > 0.5) options.confirm = 1;
    return options;
}

/// In the order of time; beyond the most there may be, the poorest goes, of equal ones the latest.
void insert(std::vector<KeptCrop>& crops, KeptCrop crop) {
    crops.push_back(std::move(crop));
    if (crops.size() <= crops_of_a_track) return;
    const auto poorest =
        std::ranges::min_element(crops.rbegin(), crops.rend(), {},
                                 [](const KeptCrop& one) { return one.face.quality.overall; });
    crops.erase(std::next(poorest).base());
}

}  // namespace

FaceHarvest::FaceHarvest(enrolment::Enroller& enroller, const enrolment::Options& rules,
                         double every)
    : enroller_(enroller), rules_(rules), every_(every) {}

void FaceHarvest::read(vision::VideoSource& video, Progress& progress, const Stop& stop) {
    vision::Tracker tracker(tracker_options(every_));
    // Looks at every frame: a cut is seen between neighbours only.
    vision::MotionGate gate({.enabled = false});
    const auto step = std::llround(every_ * 1e9);
    Tracks tracks;
    std::int64_t next = 0;
    bool cut = false;
    for (;;) {
        if (stop.requested()) return;
        const auto frame = must(video.read());
        if (!frame) break;
        cut = gate.process(frame->image, frame->pts).cut || cut;
        if (frame->pts >= next) {
            follow(tracks, tracker.process(judged(frame->image), frame->pts, cut), frame->pts);
            cut = false;
            // Counted from the start, so that late frames don't add up.
            if (step > 0) next = (frame->pts / step + 1) * step;
        }
        progress.advance();
    }
    follow(tracks, tracker.finish(), 0);
    add(std::move(tracks));
    ++videos_;
}

/// The faces of a frame, those that may not be kept marked for the tracker.
std::vector<vision::Sighting> FaceHarvest::judged(const Image& frame) {
    auto all = enroller_.sightings(frame);
    count_.faces += all.size();
    for (auto& sighting : all) {
        const auto found = enrolment::flaw(sighting.quality, rules_);
        if (!found) continue;
        if (*found == enrolment::Flaw::too_small) ++count_.too_small;
        if (*found == enrolment::Flaw::blurred) ++count_.blurred;
        if (*found == enrolment::Flaw::poor) ++count_.poor;
        sighting.quality.overall = never_sent;
    }
    return all;
}

void FaceHarvest::follow(Tracks& tracks, vision::TrackerResult found, std::int64_t pts) {
    for (const auto& event : found.events) {
        const auto [entry, fresh] = tracks.try_emplace(event.track);
        if (fresh) entry->second.from = event.pts;
        entry->second.to = event.pts;
        if (event.kind == vision::TrackEvent::Kind::ended) embed(entry->second);
    }
    for (auto& probe : found.probes) {
        auto& sighting = probe.sighting;
        insert(tracks[probe.track].crops,
               {.face = {std::move(sighting.crop), sighting.quality}, .pts = pts, .embedding = {}});
    }
}

/// At the end of each track, so that it takes its time where the progress shows it.
void FaceHarvest::embed(KeptTrack& track) {
    if (track.crops.empty()) return;
    std::vector<Image> images;
    images.reserve(track.crops.size());
    for (const auto& crop : track.crops) images.push_back(crop.face.image);
    const auto embeddings = enroller_.embed(images);
    for (std::size_t i = 0; i < embeddings.size(); ++i) track.crops[i].embedding = embeddings[i];
}

void FaceHarvest::add(Tracks tracks) {
    for (auto& [unused, track] : tracks) {
        if (track.crops.empty()) continue;
        track.video = videos_;
        track.number = ++numbered_;
        count_.kept += track.crops.size();
        tracks_.push_back(std::move(track));
    }
}

}  // namespace facebus::cli
