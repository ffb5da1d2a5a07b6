// Fills the inbox of unknown faces from results.
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

/// Embeds the crops of unknown people on its own thread, sharing the networks with image requests,
/// and adds them to the inbox. If crops arrive faster than they are embedded, drops and counts the
/// oldest. Thread-safe.
class InboxFeed {
  public:
    InboxFeed(Inbox& inbox, Pool<FaceStage>& stages, Metrics& metrics);
    ~InboxFeed();
    InboxFeed(const InboxFeed&) = delete;
    InboxFeed& operator=(const InboxFeed&) = delete;

    /// Queues an `unknown` result that has a crop. Drops the faces of a track that became `known`
    /// or `ignored`.
    void update(const wire::Identity& identity, const Bytes& crop);
    void update(const wire::Track& event);

  private:
    struct Waiting {
        wire::Identity identity;
        Bytes crop;
    };
    void embed(const std::stop_token& stop);
    bool embed(const Waiting& waiting);

    Inbox& inbox_;
    Pool<FaceStage>& stages_;
    Counter dropped_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> waiting_;
    std::jthread thread_;
};

}  // namespace facebus::gateway
