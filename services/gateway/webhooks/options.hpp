// Options of one entry of the configuration section `webhooks`.
#pragma once

#include <string>

#include "base/option.hpp"

namespace facebus::gateway {

struct WebhookOptions {
    std::string url{};
    std::string secret_file{};
    std::string ca_file{};
    std::string decisions = "known";
    std::string cameras{};
    double timeout = 10;
    int attempts = 5;

    static void keys(auto& self, auto&& key) {
        key("url", self.url, "URL that receives results, http:// or https://; empty: off");
        key("secret_file", self.secret_file, "file with the secret that signs each request");
        key("ca_file", self.ca_file,
            "TLS: CA certificates (PEM file) that verify the server; empty: the system's CAs");
        key("decisions", self.decisions,
            "decisions whose results are delivered, comma-separated: known, unknown, undecided, "
            "error");
        key("cameras", self.cameras,
            "cameras whose results are delivered, comma-separated; empty: all");
        key("timeout", self.timeout, Range{0.1, 300},
            "timeout in seconds for one delivery attempt");
        key("attempts", self.attempts, Range{1, 1000},
            "attempts to deliver a result that the receiver refuses; it is then dead-lettered");
    }
};

}  // namespace facebus::gateway
