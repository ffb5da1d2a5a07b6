// ZAP handler: decides for ZeroMQ whether the key of a new connection is allowed.
#pragma once

#include <thread>

#include <zmq.hpp>

#include "bus/allow_list.hpp"

namespace facebus::bus {

/// Thread that handles the requests of ZeroMQ's authentication protocol (ZAP, RFC 27) for all
/// sockets of a context. The ZAP domain of a socket is the role that the key of a peer must have.
/// Requires: the handler is constructed before the first socket is bound and destroyed after the
/// last one is closed; `allowed` outlives the handler.
class ZapHandler {
  public:
    ZapHandler(zmq::context_t& context, const AllowList& allowed);
    ~ZapHandler();
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;

  private:
    void run();
    void handle_request();

    const AllowList& allowed_;
    zmq::socket_t requests_;
    zmq::socket_t stop_sender_;
    zmq::socket_t stop_receiver_;
    std::thread thread_;
};

}  // namespace facebus::bus
