// Frames, regions and faces from stage to stage: newest wins on a live source, nothing is lost on a
// file.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "bus/socket.hpp"
#include "wire/codec.hpp"

namespace facebus::bus {

/// A decoded message with its pixels.
template <class Message>
struct Item {
    Message message;
    Bytes payload;
};

/// The reading end. Of a live source only the newest message waits: an older one that was not read
/// in time is dropped and counted. Messages of a file wait in the socket, which holds the sender.
template <class M>
class StreamReader {
  public:
    using OnError = std::function<void(const Error&)>;

    /// `on_error` is told of every message that did not decode.
    StreamReader(Socket& socket, const Poller& poller, OnError on_error)
        : socket_(socket), poller_(poller), on_error_(std::move(on_error)) {}

    /// The next message; nothing if the stop was requested.
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

    /// The next message if one waits, without waiting for it.
    std::optional<Item<M>> poll() {
        drain();
        if (waiting_.empty()) return std::nullopt;
        auto item = std::move(waiting_.front());
        waiting_.pop_front();
        return item;
    }

    /// Live messages dropped because newer ones were there.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    /// Messages looked at before the next is worked on, so that a flood can't starve the work.
    static constexpr int drain_limit = 256;

    static bool droppable(const M& message) { return message.stream.live && !message.stream.end; }

    void drain() {
        for (int i = 0; i < drain_limit; ++i) {
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

    void put(Item<M> item) {
        if (droppable(item.message)) {
            for (auto& old : waiting_) {
                if (old.message.head.src != item.message.head.src || !droppable(old.message)) {
                    continue;
                }
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

/// The sending end.
class StreamWriter {
  public:
    StreamWriter(Socket& socket, const Poller& poller) : socket_(socket), poller_(poller) {}

    /// Numbers the message and sends it. Live: dropped and counted if there is no room. Else waits
    /// for room. False if the stop was requested meanwhile.
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

    /// Live messages dropped because the next stage was too slow or not there.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    Socket& socket_;
    const Poller& poller_;
    std::uint64_t seq_ = 0;
    std::uint64_t dropped_ = 0;
};

/// Messages that wait at either end of a hop between two stages: few, since each is a frame.
inline const SocketOptions stream_options{.send_queue = 2, .receive_queue = 2};

}  // namespace facebus::bus
