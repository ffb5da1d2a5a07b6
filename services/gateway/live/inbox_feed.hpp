// From results to the inbox.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/bytes.hpp"
#include "base/metrics.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/pool.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Embeds the crops of strangers in a thread of its own, with a network that picture requests use
/// too, and puts them into the inbox. Where more come than can be embedded the oldest are left out
/// and counted: the person will be seen again. Thread-safe.
class InboxFeed {
  public:
    InboxFeed(Inbox& inbox, Pool<FaceStage>& stages, Metrics& metrics);
    ~InboxFeed();
    InboxFeed(const InboxFeed&) = delete;
    InboxFeed& operator=(const InboxFeed&) = delete;

    /// Takes what is `unknown` with a crop, and takes a track out that became `known`,
    /// or is not to be reported.
    void see(const wire::Identity& identity, const Bytes& crop);
    void see(const wire::Track& event);

  private:
    struct Waiting {
        wire::Identity identity;
        Bytes crop;
    };
    void embed(const std::stop_token& stop);
    bool embed(const Waiting& waiting);

    Inbox& inbox_;
    Pool<FaceStage>& stages_;
    Counter left_out_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> waiting_;
    std::jthread thread_;
};

}  // namespace facebus::gateway
