#include "cli/collect/face_harvest.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "cli/must.hpp"
#include "vision/motion/motion_gate.hpp"

namespace facebus::cli {
namespace {

// Further crops of the same track would add little information.
constexpr std::size_t max_crops_per_track = 12;
// Minimum interval in seconds between crops of a track. It must exceed 0.1, because the file names
// of the crops contain the time with one decimal and must differ.
constexpr double probe_interval = 0.2;
// Overall quality given to crops that break an enrolment rule. It is below the minimum quality in
// tracker_options(), so the tracker never selects them.
constexpr float never_selected = -1;

/// Returns options with which the tracker accepts crops of any quality from 0 to 1, because the
/// enrolment rules decide whether a crop is good enough. Of the accepted crops, the tracker selects
/// those that differ from the earlier crops of their track or are clearly better.
vision::TrackerOptions tracker_options(double every) {
    vision::TrackerOptions options;
    options.max_probes = std::numeric_limits<int>::max();
    options.probe_interval = probe_interval;
    options.refresh = std::numeric_limits<double>::infinity();
    options.min_eye_distance = 0;
    options.min_quality = 0;
    // Only one frame per interval is searched. A track must survive up to two intervals without a
    // detection.
    options.max_gap = std::max(options.max_gap, 2.5 * every);
    // At long intervals, many people appear in only one searched frame, so one detection is enough.
    if (every > 0.5) options.confirm = 1;
    return options;
}

/// Appends the crop. If `crops` then has more than max_crops_per_track elements, removes the one
/// with the lowest quality; if several have the lowest quality, removes the latest of them.
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
    // The gate only detects scene cuts. It processes every frame, because a cut is visible only
    // between adjacent frames.
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
            update(tracks, tracker.process(find_faces(frame->image), frame->pts, cut), frame->pts);
            cut = false;
            // The frame may be slightly later than `next`. Continue at a multiple of the step, so
            // that these differences do not add up.
            if (step > 0) next = (frame->pts / step + 1) * step;
        }
        progress.advance();
    }
    update(tracks, tracker.finish(), 0);
    keep(std::move(tracks));
    ++videos_;
}

/// Returns and counts the faces in a frame. Sets the quality of faces that break an enrolment rule
/// to `never_selected`: the tracker follows these faces, but does not select their crops.
std::vector<vision::Sighting> FaceHarvest::find_faces(const Image& frame) {
    auto all = enroller_.sightings(frame);
    count_.faces += all.size();
    for (auto& sighting : all) {
        const auto flaw = enrolment::find_flaw(sighting.quality, rules_);
        if (!flaw) continue;
        if (*flaw == enrolment::Flaw::too_small) ++count_.too_small;
        if (*flaw == enrolment::Flaw::blurred) ++count_.blurred;
        if (*flaw == enrolment::Flaw::poor) ++count_.poor;
        sighting.quality.overall = never_selected;
    }
    return all;
}

/// Adds the tracker's result for the frame at `pts` to the tracks of a video.
void FaceHarvest::update(Tracks& tracks, vision::TrackerResult result, std::int64_t pts) {
    for (const auto& event : result.events) {
        const auto [entry, fresh] = tracks.try_emplace(event.track);
        if (fresh) entry->second.from = event.pts;
        entry->second.to = event.pts;
        if (event.kind == vision::TrackEvent::Kind::ended) embed(entry->second);
    }
    for (auto& probe : result.probes) {
        auto& sighting = probe.sighting;
        insert(tracks[probe.track].crops,
               {.face = {std::move(sighting.crop), sighting.quality}, .pts = pts, .embedding = {}});
    }
}

/// Computes the embeddings of a track's crops. Called as soon as the track has ended, not only
/// after the last frame, so that the progress bar includes this work.
void FaceHarvest::embed(KeptTrack& track) {
    if (track.crops.empty()) return;
    std::vector<Image> images;
    images.reserve(track.crops.size());
    for (const auto& crop : track.crops) images.push_back(crop.face.image);
    const auto embeddings = enroller_.embed(images);
    for (std::size_t i = 0; i < embeddings.size(); ++i) track.crops[i].embedding = embeddings[i];
}

/// Stores the tracks of a video that have crops.
void FaceHarvest::keep(Tracks tracks) {
    for (auto& [unused, track] : tracks) {
        if (track.crops.empty()) continue;
        track.video = videos_;
        track.number = ++numbered_;
        count_.kept += track.crops.size();
        tracks_.push_back(std::move(track));
    }
}

}  // namespace facebus::cli
