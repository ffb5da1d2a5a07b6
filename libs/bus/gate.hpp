// The doorkeeper of a context: answers ZeroMQ when it asks whether a key may connect.
#pragma once

#include <thread>

#include <zmq.hpp>

#include "bus/allow_list.hpp"

namespace facebus::bus {

/// A thread that speaks ZeroMQ's authentication protocol (ZAP, RFC 27) for all sockets of a
/// context. The domain of a socket is the role that a key needs there. Make it before the first
/// socket is bound, and let it end after the last is closed.
class Gate {
  public:
    Gate(zmq::context_t& context, const AllowList& allowed);
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

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
