#include "gateway/rest/upload.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gallery/name.hpp"

namespace facebus::gateway {
namespace {

constexpr std::size_t max_parts = 1000;

}  // namespace

HttpResult<std::vector<http::FormPart>> read_form(const http::Request& request) {
    auto form = http::parse_form(request.header("content-type"), request.body, max_parts);
    if (form) return std::move(*form);
    if (form.error().kind == ErrorKind::unsupported) {
        return http_error(415, 415, form.error().message);
    }
    return std::unexpected(to_fault(form.error(), fault_code::missing_part));
}

HttpResult<http::FormPart> find_part(const std::vector<http::FormPart>& form,
                                     std::string_view name) {
    const auto found = std::ranges::find(form, name, &http::FormPart::name);
    if (found != form.end()) return *found;
    return http_error(
        400, fault_code::missing_part,
        fmt::format("the form has no part named {0}; add it, for example with curl -F {0}=@FILE",
                    name));
}

std::string file_name_of(const http::FormPart& part) {
    const auto slash = part.filename.find_last_of("/\\");
    const auto name =
        slash == std::string_view::npos ? part.filename : part.filename.substr(slash + 1);
    const auto clean = gallery::clean_name(name);
    return clean ? *clean : "upload";
}

}  // namespace facebus::gateway
