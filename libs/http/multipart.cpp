#include "http/multipart.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace facebus::http {
namespace {

constexpr std::size_t max_header_bytes = 2048;  // per part
constexpr std::size_t max_boundary_bytes = 70;  // RFC 2046
constexpr auto npos = std::string_view::npos;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Removes the beginning of `text` up to and including the first `end`. Returns the removed text
/// without `end`, or nothing if `text` does not contain `end`.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
    const auto position = text.find(end);
    if (position == npos) return std::nullopt;
    const auto before = text.substr(0, position);
    text.remove_prefix(position + end.size());
    return before;
}

Result<FormPart> parse_part(std::string_view part) {
    std::string_view rest = part;
    const auto headers = take_until(rest, "\r\n\r\n");
    if (!headers)
        return fail(ErrorKind::malformed, "a form part has no blank line after its headers");
    if (headers->size() > max_header_bytes) {
        return fail(ErrorKind::too_large,
                    fmt::format("the headers of a form part exceed {} bytes", max_header_bytes));
    }
    FormPart parsed{.name = {}, .filename = {}, .content = rest};
    std::string_view lines = *headers;
    while (!lines.empty()) {
        const auto line = take_until(lines, "\r\n").value_or(lines);
        if (line.end() == headers->end()) lines = {};  // the last line
        const auto colon = line.find(':');
        if (colon == npos ||
            !equal_ignoring_case(trim(line.substr(0, colon)), "content-disposition")) {
            continue;
        }
        const auto value = line.substr(colon + 1);
        parsed.name = header_parameter(value, "name");
        parsed.filename = header_parameter(value, "filename");
    }
    return parsed;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view header_parameter(std::string_view header, std::string_view name) {
    const auto first = header.find(';');
    if (first == npos) return {};
    header.remove_prefix(first + 1);
    while (!header.empty()) {
        const auto equals = header.find('=');
        if (equals == npos) return {};
        const auto key = trim(header.substr(0, equals));
        header.remove_prefix(equals + 1);
        header = header.substr(std::min(header.find_first_not_of(" \t"), header.size()));
        std::string_view value;
        if (header.starts_with('"')) {
            // Clients encode a quote inside the value as %22, so the next quote ends the value.
            header.remove_prefix(1);
            const auto end = header.find('"');
            if (end == npos) return {};
            value = header.substr(0, end);
            header.remove_prefix(end + 1);
        } else {
            value = trim(header.substr(0, header.find(';')));
        }
        if (equal_ignoring_case(key, name)) return value;
        const auto next = header.find(';');
        if (next == npos) return {};
        header.remove_prefix(next + 1);
    }
    return {};
}

Result<std::vector<FormPart>> parse_form(std::string_view type, std::string_view body,
                                         std::size_t max_parts) {
    if (!equal_ignoring_case(trim(type.substr(0, type.find(';'))), "multipart/form-data")) {
        return fail(ErrorKind::unsupported,
                    "the body must be a form; send it as multipart/form-data");
    }
    const auto boundary = header_parameter(type, "boundary");
    if (boundary.empty() || boundary.size() > max_boundary_bytes) {
        return fail(ErrorKind::malformed, "the Content-Type of the form has no valid boundary");
    }
    const auto separator = fmt::format("\r\n--{}", boundary);
    std::string_view rest = body;
    // The body begins with the first boundary or with a preamble, which is ignored.
    if (rest.starts_with(std::string_view(separator).substr(2))) {
        rest.remove_prefix(separator.size() - 2);
    } else if (!take_until(rest, separator)) {
        return fail(ErrorKind::malformed, "the form does not contain its boundary");
    }
    std::vector<FormPart> parts;
    // Here `rest` always begins directly after a boundary. "--" ends the form; a line end begins
    // the next part.
    while (!rest.starts_with("--")) {
        if (!rest.starts_with("\r\n")) {
            return fail(ErrorKind::malformed, "a form boundary is not followed by a line end");
        }
        rest.remove_prefix(2);
        const auto part = take_until(rest, separator);
        if (!part) return fail(ErrorKind::malformed, "the form is truncated");
        if (parts.size() == max_parts) {
            return fail(ErrorKind::too_large,
                        fmt::format("the form has more than {} parts", max_parts));
        }
        auto parsed = parse_part(*part);
        if (!parsed) return std::unexpected(std::move(parsed.error()));
        parts.push_back(*parsed);
    }
    return parts;
}

}  // namespace facebus::http
