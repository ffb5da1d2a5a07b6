// Settings of gateway: its REST API and its page.
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
            "file with the API keys' hashes, as `facebus api-key` writes it; a change counts "
            "within a second");
        key("allow_anonymous", self.allow_anonymous,
            "true: no key is asked for, and whoever reaches the address may do all; only on a "
            "loopback address");
        key("max_upload", self.max_upload, Range{1, 1000},
            "megabytes of a request with pictures at most");
        key("max_import", self.max_import, Range{1, 1000},
            "megabytes of an imported gallery at most");
        key("max_megapixels", self.max_megapixels, Range{1, 64},
            "million pixels of a picture at most");
        key("rate", self.rate, Range{0, 1e6},
            "requests a second of one API key in the long run; 0: any");
        key("burst", self.burst, Range{1, 1'000'000},
            "requests of one API key at once, before its rate counts");
        key("timeout", self.timeout, Range{0.1, 3600},
            "seconds for a request to arrive, to wait for its turn, and for its answer to be "
            "taken, each");
        key("threads", self.threads, Range{1, 1000}, "connections served at once");
        key("concurrent_images", self.concurrent_images, Range{1, 64},
            "pictures searched at once; each takes networks of its own, some 200 MB");
        key("live", self.live, Range{1, 10'000},
            "latest results that the page shows; they and their crops are kept in memory for an "
            "hour");
        key("max_streams", self.max_streams, Range{1, 1000},
            "clients that may listen to the results as they come; each takes a connection beyond "
            "gateway.threads");
        key("unknown_faces", self.unknown_faces, Range{0, 1000},
            "faces of strangers that are kept in memory to be named; 0: none");
        key("unknown_hours", self.unknown_hours, Range{0, 8760}, "hours that they are kept");
    }
};

}  // namespace facebus::gateway
