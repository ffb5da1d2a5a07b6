#include "cli/result_stream.hpp"

#include <fmt/format.h>

#include "wire/codec.hpp"

namespace facebus::cli {
namespace {

constexpr int idle_ms = 200;

template <class M>
bool pass(const bus::Message& message, const ResultHandlers& handlers, auto&& wanted,
          auto&& handler) {
    const auto decoded = wire::decode<M>(message.header, message.payload.size());
    if (!decoded) {
        if (handlers.error) handlers.error(decoded.error());
        return true;
    }
    if (!wanted(*decoded)) return true;
    if (handlers.raw) handlers.raw(message);
    return handler(*decoded);
}

std::string_view colour_of(const std::string& decision) {
    if (decision == "known") return "\x1b[32m";
    if (decision == "unknown") return "\x1b[31m";
    return "\x1b[33m";
}

/// Names come from files and other machines: nothing in them may steer the terminal.
std::string printable_name(const std::string& name) {
    std::string out;
    for (const char c : name) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return out;
}

}  // namespace

ResultStream::ResultStream(bus::Context& context, const std::string& endpoint, const Stop& stop)
    : stop_(stop), socket_(context, bus::Pattern::subscribe, {.receive_queue = 100'000}) {
    socket_.connect(endpoint, "broker.results");
    socket_.subscribe("");
}

bool ResultStream::read(const ResultHandlers& handlers) {
    const bus::Poller poller(stop_, pulse_);
    while (poller.wait_readable(socket_, idle_ms)) {
        while (true) {
            const auto received = socket_.try_receive();
            if (!received) {
                if (handlers.error) handlers.error(received.error());
                continue;
            }
            if (!*received) break;
            if (!handle((*received)->message, handlers)) return true;
        }
        if (handlers.idle && !handlers.idle()) return true;
    }
    return false;
}

bool ResultStream::handle(const bus::Message& message, const ResultHandlers& handlers) {
    const auto kind = wire::kind(message.topic);
    const auto always = [](const auto&) { return true; };
    if (kind == wire::Identity::topic && handlers.identity) {
        return pass<wire::Identity>(
            message, handlers,
            [&](const wire::Identity& identity) {
                return !handlers.wanted || handlers.wanted(identity);
            },
            [&](const wire::Identity& identity) {
                return handlers.identity(identity, message.payload);
            });
    }
    if (kind == wire::Track::topic && handlers.track) {
        return pass<wire::Track>(message, handlers, always, handlers.track);
    }
    if (kind == wire::Status::topic && handlers.status) {
        return pass<wire::Status>(message, handlers, always, handlers.status);
    }
    return true;
}

std::string short_track(const std::string& track) {
    const auto dash = track.rfind('-');
    return dash == std::string::npos ? track : track.substr(dash + 1);
}

std::string line(const wire::Identity& identity, bool colour) {
    std::string who = identity.subject                 ? printable_name(*identity.subject)
                      : identity.decision == "unknown" ? "a stranger"
                                                       : std::string(identity.reason.value_or(""));
    std::string out =
        fmt::format("{:>8.2f} s  {:<12} track {:<4} ", static_cast<double>(identity.pts) / 1e9,
                    identity.head.src, short_track(identity.track));
    out += fmt::format("{}{:<9} {:<24}{}", colour ? colour_of(identity.decision) : "",
                       identity.decision, who, colour ? "\x1b[0m" : "");
    if (identity.similarity) {
        out += fmt::format("  similarity {:.3f} (needs {:.2f})", *identity.similarity,
                           identity.threshold);
    }
    if (identity.margin) out += fmt::format("  lead {:.3f}", *identity.margin);
    if (identity.probability) out += fmt::format("  p {:.3f}", *identity.probability);
    out += fmt::format("  probes {}", identity.probes);
    return out;
}

std::string line(const wire::Track& event) {
    if (event.event == "end") {
        return fmt::format("{:>8.2f} s  {:<12} end of stream", static_cast<double>(event.pts) / 1e9,
                           event.head.src);
    }
    return fmt::format("{:>8.2f} s  {:<12} track {:<4} {}", static_cast<double>(event.pts) / 1e9,
                       event.head.src, short_track(event.track), event.event);
}

std::string line(const wire::Status& status) {
    return fmt::format("status: {}, {} workers, {} queued, {} in flight, {} results{}",
                       status.state, status.workers, status.queued, status.in_flight,
                       status.results, status.gallery_stale ? ", gallery stale" : "");
}

}  // namespace facebus::cli
