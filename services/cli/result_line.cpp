#include "cli/result_line.hpp"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text/unicode.hpp"
#include "cli/counted.hpp"

namespace facebus::cli {
namespace {

std::string_view colour_of(wire::Decision decision) {
    if (decision == wire::Decision::known) return "\x1b[32m";
    if (decision == wire::Decision::unknown) return "\x1b[31m";
    return "\x1b[33m";
}

/// Returns the total and the number for each reason that occurred: "3 probes (2 timeout, 1
/// unresponsive)".
std::string redelivered(const wire::Redelivered& counts) {
    std::uint64_t total = 0;
    std::vector<std::string> reasons;
    wire::Redelivered::fields(counts, [&](std::string_view reason, std::uint64_t count) {
        total += count;
        if (count > 0) reasons.push_back(fmt::format("{} {}", count, reason));
    });
    auto out = counted(total, "probe", "probes");
    return reasons.empty() ? out : fmt::format("{} ({})", out, fmt::join(reasons, ", "));
}

}  // namespace

std::string short_track(const std::string& track) {
    const auto dash = track.rfind('-');
    return dash == std::string::npos ? track : track.substr(dash + 1);
}

std::string format_line(const wire::Identity& identity, bool colour) {
    const bool unknown = identity.decision == wire::Decision::unknown;
    const bool ambiguous = identity.best && identity.runner_up;
    const std::string who =
        identity.subject ? *identity.subject
        : unknown        ? "unknown person"
        : ambiguous ? fmt::format("{} or {}", identity.best->subject, identity.runner_up->subject)
                    : identity.reason.value_or("");
    std::string out =
        fmt::format("{:>8.2f} s  {:<12} track {:<4} ", static_cast<double>(identity.pts) / 1e9,
                    identity.head.src, printable(short_track(identity.track)));
    out += fmt::format("{}{:<9} {:<24}{}", colour ? colour_of(identity.decision) : "",
                       to_string(identity.decision), printable(who), colour ? "\x1b[0m" : "");
    if (identity.similarity) {
        out += fmt::format("  similarity {:.3f} (threshold {:.2f})", *identity.similarity,
                           identity.threshold);
    }
    if (identity.score) {
        out += fmt::format("  score {:.3f} (threshold {:.3f})", *identity.score,
                           identity.score_threshold.value_or(0));
    }
    if (identity.margin) out += fmt::format("  margin {:.3f}", *identity.margin);
    if (identity.probability) out += fmt::format("  probability {:.3f}", *identity.probability);
    out += fmt::format("  probes {}", identity.probes);
    return out;
}

std::string format_line(const wire::Track& event) {
    if (event.event == wire::TrackEvent::end) {
        return fmt::format("{:>8.2f} s  {:<12} end of stream", static_cast<double>(event.pts) / 1e9,
                           event.head.src);
    }
    return fmt::format("{:>8.2f} s  {:<12} track {:<4} {}", static_cast<double>(event.pts) / 1e9,
                       event.head.src, printable(short_track(event.track)), to_string(event.event));
}

std::string format_line(const wire::Status& status) {
    return fmt::format("status: {}, {}, {} queued, {} in flight, {}{}", printable(status.state),
                       counted(status.workers, "worker", "workers"), status.queued,
                       status.in_flight, counted(status.results, "result", "results"),
                       status.gallery_stale ? ", stale gallery" : "");
}

std::string format_table(const wire::Status& status) {
    std::string out;
    const auto add = [&](std::string_view name, const std::string& value) {
        out += fmt::format("{:<14} {}\n", name, value);
    };
    add("state", printable(status.state));
    add("workers", fmt::to_string(status.workers) +
                       (status.stalled ? fmt::format(", {} stalled", *status.stalled) : ""));
    if (status.edges) add("edges", fmt::to_string(*status.edges));
    add("queued", counted(status.queued, "probe", "probes"));
    add("in flight", counted(status.in_flight, "probe", "probes"));
    if (status.oldest_probe) add("oldest probe", fmt::format("{:.1f} s", *status.oldest_probe));
    if (status.redelivered) add("redelivered", redelivered(*status.redelivered));
    if (status.dead_lettered) {
        add("dead-lettered", counted(*status.dead_lettered, "probe", "probes"));
    }
    add("rejected", counted(status.refused, "probe", "probes") + " (queue full)");
    add("results", fmt::to_string(status.results));
    add("gallery", status.gallery_stale ? "stale: a worker cannot load it from Redis" : "current");
    return out;
}

}  // namespace facebus::cli
