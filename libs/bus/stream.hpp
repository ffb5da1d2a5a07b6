// Transport of frames, regions and faces from one stage to the next. If the next stage is too slow,
// messages of a live source are dropped, and messages of a lossless source wait without delaying
// those of live sources.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "bus/socket.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {

/// Decoded message with its payload.
template <class Message>
struct Item {
    Message message;
    Bytes payload;  ///< pixels
};

/// Connections between two stages. Lossless sources have one of their own: a message that waits
/// there until the next stage accepts it does not block messages of live sources.
struct Link {
    Socket live;
    Socket lossless;
};

/// Returns the endpoint of Link::lossless that belongs to the configured endpoint, which is that of
/// Link::live: the path with the suffix ".lossless" or, for TCP, the next port.
std::string lossless_endpoint(const std::string& endpoint);

/// Receiving end of the connections between two stages. Keeps only the newest message of each live
/// source: if a newer message arrives before the previous one was read, the previous one is dropped
/// and counted, unless one of the two is the end of a stream. While a message of a lossless source
/// is waiting, all further messages on its connection stay in the queue of the socket; when the
/// queue is full, the sender waits. Not thread-safe.
template <class M>
class StreamReader {
  public:
    using OnError = std::function<void(const Error&)>;

    /// `on_error` is called for every message that cannot be received or decoded.
    StreamReader(Link& input, OnError on_error)
        : sockets_{&input.live, &input.lossless}, on_error_(std::move(on_error)) {}

    /// Returns the next message without blocking, or nothing. If `lossless` is false, messages of
    /// lossless sources keep waiting.
    std::optional<Item<M>> poll(bool lossless = true) {
        drain();
        for (auto next = waiting_.begin(); next != waiting_.end(); ++next) {
            if (!next->item.message.stream.live) {
                if (!lossless) continue;
                blocked_.at(next->socket) = false;
            }
            auto item = std::move(next->item);
            waiting_.erase(next);
            return item;
        }
        return std::nullopt;
    }

    /// Returns what to wait for if poll() has returned nothing.
    [[nodiscard]] std::array<Interest, 2> interests() const {
        return {Interest{.socket = sockets_[0], .read = !blocked_[0]},
                Interest{.socket = sockets_[1], .read = !blocked_[1]}};
    }

    /// Returns the number of live messages dropped because a newer one had arrived.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    /// Maximum number of messages received per socket and drain(), so that drain() ends even if
    /// messages arrive faster than they are decoded.
    static constexpr int drain_limit = 256;

    struct Waiting {
        Item<M> item;
        std::size_t socket;  ///< index in `sockets_`
    };

    /// Returns whether a newer message may replace this one. The end of a live stream must not be
    /// dropped, because the next stages have to finish the stream.
    static bool droppable(const M& message) { return message.stream.live && !message.stream.end; }

    /// Moves messages from the sockets to `waiting_`.
    void drain() {
        for (std::size_t socket = 0; socket < sockets_.size(); ++socket) {
            for (int i = 0; i < drain_limit && !blocked_.at(socket); ++i) {
                if (!receive(socket)) break;
            }
        }
    }

    /// Returns false if no message has arrived.
    bool receive(std::size_t socket) {
        auto received = sockets_.at(socket)->try_receive();
        if (!received) {
            on_error_(received.error());
            return true;
        }
        if (!*received) return false;
        auto& raw = (*received)->message;
        auto message = wire::decode<M>(raw.header, raw.payload.size());
        if (!message) {
            on_error_(message.error());
            return true;
        }
        put({{std::move(*message), std::move(raw.payload)}, socket});
        return true;
    }

    /// Replaces the last waiting message of the same source if both are droppable. Otherwise
    /// appends the message.
    void put(Waiting arrived) {
        auto& message = arrived.item.message;
        // Leave the next messages in the queue of the socket, so that the sender waits when the
        // queue is full.
        if (!message.stream.live) blocked_.at(arrived.socket) = true;
        if (droppable(message)) {
            for (auto& [old, socket] : waiting_ | std::views::reverse) {
                if (old.message.head.src != message.head.src) continue;
                // A message must not overtake the end of the previous stream of its source.
                if (!droppable(old.message)) break;
                // If the dropped message reports a scene cut, the newer message must report it,
                // too. Otherwise `track` would continue its tracks across the cut.
                if constexpr (requires { message.cut; }) {
                    message.cut = message.cut || old.message.cut;
                }
                old = std::move(arrived.item);
                ++dropped_;
                return;
            }
        }
        waiting_.push_back(std::move(arrived));
    }

    std::array<Socket*, 2> sockets_;
    /// Whether a message of a lossless source that arrived on this socket is waiting.
    std::array<bool, 2> blocked_{};
    OnError on_error_;
    std::deque<Waiting> waiting_;
    std::uint64_t dropped_ = 0;
};

/// Sending end of the connections between two stages. Not thread-safe.
class StreamWriter {
  public:
    StreamWriter(Link& output, const Poller& poller) : output_(output), poller_(poller) {}

    /// Sets the sequence number of the message and sends it. If the queue is full, send() drops and
    /// counts a message of a live source, blocks if it is the end of a live stream, and holds a
    /// message of a lossless source; see flush(). Returns false if the stop was requested while
    /// send() was blocked. Requires: if the source is lossless, no message is held.
    template <class M>
    bool send(M& message, const Bytes& payload) {
        message.head.seq = ++seq_;
        Message raw{wire::topic(message), wire::encode(message), payload};
        if (!message.stream.live) {
            if (!output_.lossless.try_send(raw)) held_ = std::move(raw);
            return true;
        }
        while (!output_.live.try_send(raw)) {
            if (!message.stream.end) {
                ++dropped_;
                return true;
            }
            if (!poller_.wait_writable(output_.live, -1)) return false;
        }
        return true;
    }

    /// Sends the held message if the queue has room for it. Returns whether no message is held.
    bool flush() {
        if (held_ && output_.lossless.try_send(*held_)) held_.reset();
        return !held_;
    }

    /// Blocks until no message is held. Returns false if the stop was requested.
    bool wait() {
        while (!flush()) {
            if (!poller_.wait_writable(output_.lossless, -1)) return false;
        }
        return true;
    }

    /// Returns what to wait for until flush() can send the held message.
    [[nodiscard]] Interest interest() const {
        return {.socket = &output_.lossless, .read = false, .write = held_.has_value()};
    }

    /// Returns the number of live messages dropped because the next stage was too slow or
    /// unavailable.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    Link& output_;
    const Poller& poller_;
    std::optional<Message> held_;  ///< message of a lossless source that waits for the next stage
    std::uint64_t seq_ = 0;
    std::uint64_t dropped_ = 0;
};

/// Queue lengths for the sockets of StreamReader and StreamWriter. Short, because a message can
/// contain a whole frame.
inline const SocketOptions stream_options{.send_queue = 2, .receive_queue = 2};

}  // namespace facebus::bus
