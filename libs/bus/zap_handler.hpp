// ZAP handler: decides for ZeroMQ whether the key of a new connection is allowed.
#pragma once

#include <thread>

#include <zmq.hpp>

#include "bus/allow_list.hpp"

namespace facebus::bus {

/// Thread that answers the requests of ZeroMQ's authentication protocol (ZAP, RFC 27) for all
/// sockets of a context. The ZAP domain of a socket is the role that a key requires there.
/// Requires: constructed before the first socket is bound, destroyed after the last one is closed;
/// `allowed` outlives it.
class ZapHandler {
  public:
    ZapHandler(zmq::context_t& context, const AllowList& allowed);
    ~ZapHandler();
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;

  private:
    void run();
    void answer();

    const AllowList& allowed_;
    zmq::socket_t requests_;
    zmq::socket_t stop_;
    zmq::socket_t stopped_;
    std::thread thread_;
};

}  // namespace facebus::bus
