// Protects a gateway without API keys from requests that other web sites make a browser send.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "gateway/fault.hpp"
#include "http/server.hpp"

namespace facebus::gateway {

/// Parses a comma-separated list of host names without ports. If a name is invalid, throws
/// `FatalError` (config) with a message that contains `setting`.
std::set<std::string> parse_hosts(const std::string& text, const std::string& setting);

/// Returns an error if another web site may have caused the request, otherwise nothing. Returns an
/// error in these cases:
/// - The host of the URL is neither localhost, nor an IP address, nor in `hosts`. The name of a
///   malicious web site could point to this machine (DNS rebinding).
/// - The request is not a GET, and it has an Origin that is not this gateway.
/// - The request is a POST with neither an Origin nor the header x-api-key, and its body is not
///   JSON. A form on any web site can cause such a request. Before a browser sends JSON or the
///   header to another site, it sends a CORS preflight request, which the gateway never allows.
std::optional<Fault> cross_site_fault(const http::Request& request,
                                      const std::set<std::string>& hosts);

}  // namespace facebus::gateway
