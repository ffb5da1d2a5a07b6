#include "cli/collect/face_harvest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cli/must.hpp"
#include "vision/motion/motion_gate.hpp"

namespace facebus::cli {
namespace {

/// More crops of one track would add little.
constexpr std::size_t max_crops_per_track = 12;
/// Minimum seconds between two crops of a track. File names contain the time with one decimal, and
/// must differ.
constexpr double probe_interval = 0.2;
/// Overall quality that marks a crop that breaks a rule. The tracker never sends crops below zero.
constexpr float never_sent = -1;

/// Returns options that make the tracker only choose crops that differ. Whether a crop is good
/// enough is decided by the enrolment rules.
vision::TrackerOptions tracker_options(double every) {
    vision::TrackerOptions options;
    options.max_probes = std::numeric_limits<int>::max();
    options.probe_interval = probe_interval;
    options.refresh = std::numeric_limits<double>::infinity();
    options.min_eye_distance = 0;
    options.min_quality = 0;
    // No face can be seen between two searched frames.
    options.max_gap = std::max(options.max_gap, 2.5 * every);
    // At this distance many people appear in one searched frame only.
    if (every > 0.5) options.confirm = 1;
    return options;
}

/// Appends the crop. If there are too many, removes the one of lowest quality; among equals, the
/// latest.
void insert(std::vector<KeptCrop>& crops, KeptCrop crop) {
    crops.push_back(std::move(crop));
    if (crops.size() <= max_crops_per_track) return;
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
    // Sees every frame, because a scene cut shows only between neighbouring frames.
    vision::MotionGate gate({.enabled = false});
    const auto step = std::llround(every_ * 1e9);
    Tracks tracks;
    std::int64_t next = 0;
    bool cut = false;
    for (;;) {
        if (stop.requested()) return;
        const auto frame = must(video.read());
        if (!frame) break;
        cut = gate.process(frame->image, frame->pts).scene_cut || cut;
        if (frame->pts >= next) {
            follow(tracks, tracker.process(judged(frame->image), frame->pts, cut), frame->pts);
            cut = false;
            // A multiple of the step, so that delays of single frames don't add up.
            if (step > 0) next = (frame->pts / step + 1) * step;
        }
        progress.advance();
    }
    follow(tracks, tracker.finish(), 0);
    add(std::move(tracks));
    ++videos_;
}

/// Returns the faces in a frame. Those that break a rule are marked with `never_sent`, so that the
/// tracker follows them but never chooses their crops.
std::vector<vision::Sighting> FaceHarvest::judged(const Image& frame) {
    auto all = enroller_.sightings(frame);
    count_.faces += all.size();
    for (auto& sighting : all) {
        const auto found = enrolment::find_flaw(sighting.quality, rules_);
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

/// Computes the embeddings of a track. Called at the end of each track rather than after the last
/// frame, so that the progress bar includes this work.
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
