#include "cli/demo/demo_report.hpp"

#include <optional>

#include <fmt/format.h>

#include "base/text/unicode.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/result_line.hpp"
#include "vision/image/annotate.hpp"
#include "vision/image/image_file.hpp"
#include "vision/video/video_source.hpp"

namespace facebus::cli {
namespace {

vision::Tone tone(const wire::Identity& identity) {
    if (identity.decision == wire::Decision::known) return vision::Tone::known;
    if (identity.decision == wire::Decision::unknown) return vision::Tone::unknown;
    return vision::Tone::undecided;
}

std::string display_name(const wire::Identity& identity) {
    return identity.subject.value_or(std::string(to_string(identity.decision)));
}

std::string details(const wire::Identity& identity) {
    if (!identity.similarity) return identity.reason.value_or("");
    return fmt::format("similarity {:.2f}, {}", *identity.similarity,
                       counted(identity.probes, "probe", "probes"));
}

}  // namespace

void DemoReport::add(const wire::Identity& identity, const Bytes& crop) {
    const auto [entry, fresh] = tracks_.try_emplace(identity.track);
    auto& results = entry->second;
    if (fresh) {
        order_.push_back(identity.track);
        results.first_pts = identity.pts;
    }
    results.identities.push_back(identity);
    if (!crop.empty()) results.crop = {crop_side, crop_side, crop};
}

void DemoReport::add(const wire::Track& event) {
    if (event.event != wire::TrackEvent::moved) return;
    positions_.emplace(event.pts, Position{event.track, event.box});
}

std::string DemoReport::summary() const {
    std::string out;
    std::map<std::string, std::size_t> people;
    for (const auto& track : order_) {
        const auto& last = tracks_.at(track).identities.back();
        out += fmt::format(
            "  track {:<4} from {:>7.2f} s  {:<9} {:<24} {}\n", printable(short_track(track)),
            static_cast<double>(tracks_.at(track).first_pts) / 1e9, to_string(last.decision),
            printable(display_name(last)), printable(details(last)));
        ++people[display_name(last)];
    }
    out += counted(order_.size(), "track", "tracks") + ":";
    for (const auto& [name, count] : people) {
        out += fmt::format(" {} x{}", printable(name), count);
    }
    return out + "\n";
}

bool DemoReport::write_sheet(const std::filesystem::path& file, const std::string& title) const {
    std::vector<vision::SheetCell> cells;
    for (const auto& track : order_) {
        const auto& results = tracks_.at(track);
        if (results.crop.empty()) continue;
        const auto& last = results.identities.back();
        cells.push_back({results.crop, display_name(last),
                         fmt::format("{:.1f} s: {}", static_cast<double>(results.first_pts) / 1e9,
                                     details(last)),
                         tone(last)});
    }
    if (cells.empty()) return false;
    must(vision::write_image(file, vision::contact_sheet(title, cells)));
    return true;
}

void DemoReport::write_video(const std::string& source, const std::filesystem::path& file,
                             const Stop& stop) const {
    auto video = must(vision::VideoSource::open(source));
    std::optional<vision::VideoWriter> writer;
    Progress progress("drawing " + file.filename().string(),
                      static_cast<std::size_t>(video.frame_count()));
    while (!stop.requested()) {
        const auto frame = must(video.read());
        if (!frame) break;
        if (!writer) {
            writer = must(vision::VideoWriter::create(file, video.frame_rate(), frame->image.width,
                                                      frame->image.height));
        }
        std::vector<vision::Label> labels;
        const auto [first, last] = positions_.equal_range(frame->pts);
        for (auto position = first; position != last; ++position) {
            vision::Label label{position->second.box, "...", vision::Tone::undecided};
            if (const auto results = tracks_.find(position->second.track);
                results != tracks_.end()) {
                // Show the last decision up to this frame.
                for (const auto& identity : results->second.identities) {
                    if (identity.pts > frame->pts) break;
                    label.text =
                        identity.similarity
                            ? fmt::format("{} {:.2f}", display_name(identity), *identity.similarity)
                            : display_name(identity);
                    label.tone = tone(identity);
                }
            }
            labels.push_back(std::move(label));
        }
        writer->write(vision::annotate(frame->image, labels));
        progress.advance();
    }
}

}  // namespace facebus::cli
