// ZAP handler: decides for ZeroMQ whether the key of a new connection is allowed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <zmq.hpp>

#include "bus/allow_list.hpp"

namespace facebus::bus {

/// Thread that handles the requests of ZeroMQ's authentication protocol (ZAP, RFC 27) for all
/// sockets of a context. The ZAP domain of a socket is the role that the key of a peer must have.
/// The thread also rereads the list of keys once per second. Requires: the handler is constructed
/// before the first socket is bound and destroyed after the last one is closed; `allowed` outlives
/// the handler.
class ZapHandler {
  public:
    /// Called from the thread when a peer with this IP address has authenticated with the key.
    using OnAllowed = std::function<void(const std::string& address,
                                         const std::shared_ptr<const AllowedKey>& key)>;
    /// Called from the thread with the result of AllowList::refresh().
    using OnRefreshed = std::function<void(const Result<std::size_t>&)>;

    ZapHandler(zmq::context_t& context, AllowList& allowed, OnAllowed on_allowed,
               OnRefreshed on_refreshed);
    ~ZapHandler();
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;

  private:
    void run();
    void handle_request();

    AllowList& allowed_;
    OnAllowed on_allowed_;
    OnRefreshed on_refreshed_;
    zmq::socket_t requests_;
    zmq::socket_t stop_sender_;
    zmq::socket_t stop_receiver_;
    std::thread thread_;
};

}  // namespace facebus::bus
