// Options of the section `gateway`: REST API and web page.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct Options {
    std::string address = "127.0.0.1:8000";
    std::string key_file{};
    bool allow_anonymous = false;
    int max_upload = 10;
    int max_import = 64;
    int max_megapixels = 25;
    double rate = 20;
    int burst = 100;
    double timeout = 30;
    int threads = 16;
    int concurrent_images = 1;
    int live = 200;
    int max_streams = 16;
    int unknown_faces = 500;
    double unknown_hours = 24;

    static void keys(auto& self, auto&& key) {
        key("address", self.address, "host:port of the REST API; a proxy in front of it adds TLS");
        key("keys", self.key_file,
            "file with hashed API keys, written by `facebus api-key`; changes take effect within "
            "a second");
        key("allow_anonymous", self.allow_anonymous,
            "true: no API key required, every client has full access; loopback addresses only");
        key("max_upload", self.max_upload, Range{1, 1000},
            "maximum size of a request with images, in megabytes");
        key("max_import", self.max_import, Range{1, 1000},
            "maximum size of an imported gallery, in megabytes");
        key("max_megapixels", self.max_megapixels, Range{1, 64},
            "maximum size of an image, in million pixels");
        key("rate", self.rate, Range{0, 1e6},
            "sustained requests per second per API key; 0: unlimited");
        key("burst", self.burst, Range{1, 1'000'000},
            "requests that an API key can send in a burst above its rate");
        key("timeout", self.timeout, Range{0.1, 3600},
            "deadline in seconds, separately for receiving a request, waiting for a free resource "
            "and sending the response");
        key("threads", self.threads, Range{1, 1000}, "connections served concurrently");
        key("concurrent_images", self.concurrent_images, Range{1, 64},
            "images processed concurrently; each needs its own networks, about 200 MB");
        key("live", self.live, Range{1, 10'000},
            "latest results shown by the page; kept in memory with their crops for one hour");
        key("max_streams", self.max_streams, Range{1, 1000},
            "clients that can stream live results; each needs a connection in addition to "
            "gateway.threads");
        key("unknown_faces", self.unknown_faces, Range{0, 1000},
            "faces of unknown people kept in memory, ready to be named; 0: none");
        key("unknown_hours", self.unknown_hours, Range{0, 8760},
            "hours to keep the faces of unknown people");
    }
};

}  // namespace facebus::gateway
