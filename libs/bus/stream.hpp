// Transport of frames, regions and faces from one stage to the next. If the next stage is too slow,
// messages of a live source are dropped; for messages of a lossless source, the sender blocks.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <ranges>
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

/// Receiving end of the connection between two stages. Keeps only the newest message of each live
/// source: if a newer message arrives before the previous one was read, the previous one is dropped
/// and counted, unless one of the two is the end of a stream. While a message of a lossless source
/// is waiting, all further messages stay in the queue of the socket; when the queue is full, the
/// sender blocks. Not thread-safe.
template <class M>
class StreamReader {
  public:
    using OnError = std::function<void(const Error&)>;

    /// `on_error` is called for every message that cannot be received or decoded.
    StreamReader(Socket& socket, const Poller& poller, OnError on_error)
        : socket_(socket), poller_(poller), on_error_(std::move(on_error)) {}

    /// Returns the next message. If there is none, blocks until one arrives or the stop is
    /// requested; in the latter case, returns nothing.
    std::optional<Item<M>> next() {
        while (true) {
            drain();
            if (!waiting_.empty()) {
                auto item = std::move(waiting_.front());
                waiting_.pop_front();
                return item;
            }
            if (!poller_.wait_readable(socket_, -1)) return std::nullopt;
        }
    }

    /// Returns the next message without blocking, or nothing.
    std::optional<Item<M>> poll() {
        drain();
        if (waiting_.empty()) return std::nullopt;
        auto item = std::move(waiting_.front());
        waiting_.pop_front();
        return item;
    }

    /// Returns the number of live messages dropped because a newer one had arrived.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    /// Maximum number of messages received per drain(), so that drain() ends even if messages
    /// arrive faster than they are decoded.
    static constexpr int drain_limit = 256;

    /// Returns whether a newer message may replace this one. The end of a live stream must not be
    /// dropped, because the next stages have to finish the stream.
    static bool droppable(const M& message) { return message.stream.live && !message.stream.end; }

    /// Moves messages from the socket to `waiting_`.
    void drain() {
        for (int i = 0; i < drain_limit; ++i) {
            // Once a message of a lossless source is waiting, leave further messages in the queue
            // of the socket, so that the sender blocks when the queue is full.
            if (!waiting_.empty() && !waiting_.back().message.stream.live) return;
            auto received = socket_.try_receive();
            if (!received) {
                on_error_(received.error());
                continue;
            }
            if (!*received) return;
            auto& raw = (*received)->message;
            auto message = wire::decode<M>(raw.header, raw.payload.size());
            if (!message) {
                on_error_(message.error());
                continue;
            }
            put({std::move(*message), std::move(raw.payload)});
        }
    }

    /// Replaces the last waiting message of the same source if both are droppable. Otherwise
    /// appends the item.
    void put(Item<M> item) {
        if (droppable(item.message)) {
            for (auto& old : waiting_ | std::views::reverse) {
                if (old.message.head.src != item.message.head.src) continue;
                // A message must not overtake the end of the previous stream of its source.
                if (!droppable(old.message)) break;
                // If the dropped message reports a scene cut, the newer message must report it,
                // too. Otherwise `track` would continue its tracks across the cut.
                if constexpr (requires { item.message.cut; }) {
                    item.message.cut = item.message.cut || old.message.cut;
                }
                old = std::move(item);
                ++dropped_;
                return;
            }
        }
        waiting_.push_back(std::move(item));
    }

    Socket& socket_;
    const Poller& poller_;
    OnError on_error_;
    std::deque<Item<M>> waiting_;
    std::uint64_t dropped_ = 0;
};

/// Sending end of the connection between two stages. Not thread-safe.
class StreamWriter {
  public:
    StreamWriter(Socket& socket, const Poller& poller) : socket_(socket), poller_(poller) {}

    /// Sets the sequence number of the message and sends it. If the queue is full, send() drops and
    /// counts a message of a live source. With a message of a lossless source or the end of a
    /// stream, it blocks instead. Returns false if the stop was requested while send() was blocked.
    template <class M>
    bool send(M& message, const Bytes& payload) {
        message.head.seq = ++seq_;
        const Message raw{wire::topic(message), wire::encode(message), payload};
        const bool may_drop = message.stream.live && !message.stream.end;
        while (!socket_.try_send(raw)) {
            if (may_drop) {
                ++dropped_;
                return true;
            }
            if (!poller_.wait_writable(socket_, -1)) return false;
        }
        return true;
    }

    /// Returns the number of live messages dropped because the next stage was too slow or
    /// unavailable.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    Socket& socket_;
    const Poller& poller_;
    std::uint64_t seq_ = 0;
    std::uint64_t dropped_ = 0;
};

/// Queue lengths for the sockets of StreamReader and StreamWriter. Short, because a message can
/// contain a whole frame.
inline const SocketOptions stream_options{.send_queue = 2, .receive_queue = 2};

}  // namespace facebus::bus
