#include "gateway/rest/parameters.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "http/multipart.hpp"

namespace facebus::gateway {
namespace {

constexpr std::size_t max_faces = 1000;
constexpr std::size_t max_predictions = 100;
constexpr std::size_t max_page_number = 1'000'000'000;
constexpr std::size_t max_page_size = 1000;

/// CompreFace's plugins. Only `landmarks` and `calculator` have an effect. The others are accepted,
/// so that clients of CompreFace can request them.
constexpr std::array<std::string_view, 7> plugins{
    "landmarks", "calculator", "age", "gender", "mask", "pose", "landmarks2d106"};

/// Parses a number from `lowest` to `highest` into `value`. Leaves `value` unchanged if the
/// parameter is missing. Fails with `code` if the number is invalid, and with `bad_argument` if the
/// parameter occurs more than once.
template <class Number>
HttpResult<void> read_number(const Query& query, const std::string& name, Number lowest,
                             Number highest, int code, Number& value) {
    const auto text = optional_parameter(query, name);
    if (!text) return std::unexpected(text.error());
    if (!*text) return {};
    Number parsed{};
    const auto* end = (*text)->data() + (*text)->size();
    const auto [rest, error] = std::from_chars((*text)->data(), end, parsed);
    if (error != std::errc{} || rest != end || !(parsed >= lowest && parsed <= highest)) {
        return http_error(
            400, code,
            fmt::format("{} must be {} from {} to {}", name,
                        std::is_integral_v<Number> ? "an integer" : "a number", lowest, highest));
    }
    value = parsed;
    return {};
}

/// Parses `true` or `false` into `value`. Leaves `value` unchanged if the parameter is missing.
HttpResult<void> read_flag(const Query& query, const std::string& name, bool& value) {
    const auto text = optional_parameter(query, name);
    if (!text) return std::unexpected(text.error());
    if (!*text) return {};
    // Clients written in Python send True and False.
    value = http::equal_ignoring_case(**text, "true");
    if (value || http::equal_ignoring_case(**text, "false")) return {};
    return http_error(400, fault_code::bad_argument, name + " must be true or false");
}

HttpResult<void> read_plugins(const Query& query, ImageOptions& options) {
    const auto text = optional_parameter(query, "face_plugins");
    if (!text) return std::unexpected(text.error());
    if (!*text) return {};
    std::string_view rest = **text;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        auto word = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        if (word.empty()) continue;
        if (std::ranges::find(plugins, word) == plugins.end()) {
            return http_error(400, fault_code::bad_argument,
                              fmt::format("unknown plugin \"{}\" in face_plugins; use landmarks, "
                                          "calculator, or both, separated by a comma",
                                          word.substr(0, 40)));
        }
        options.landmarks = options.landmarks || word == "landmarks";
        options.embedding = options.embedding || word == "calculator";
    }
    return {};
}

}  // namespace

HttpResult<std::optional<std::string>> optional_parameter(const Query& query,
                                                          const std::string& name) {
    const auto [first, last] = query.equal_range(name);
    if (first == last) return std::nullopt;
    if (std::next(first) != last) {
        return http_error(
            400, fault_code::bad_argument,
            fmt::format("the query parameter {} occurs more than once; send it once", name));
    }
    return first->second;
}

HttpResult<std::string> required_parameter(const Query& query, const std::string& name) {
    const auto text = optional_parameter(query, name);
    if (!text) return std::unexpected(text.error());
    if (*text && !(*text)->empty()) return **text;
    return http_error(
        400, fault_code::missing_parameter,
        fmt::format("the query parameter {0} is missing or empty; add {0}=VALUE to the URL", name));
}

HttpResult<ImageOptions> parse_image_options(const Query& query) {
    ImageOptions options;
    HttpResult<void> parsed = read_number<std::size_t>(query, "limit", 0, max_faces,
                                                       fault_code::bad_argument, options.limit);
    if (parsed) {
        parsed = read_number<std::size_t>(query, "prediction_count", 1, max_predictions,
                                          fault_code::bad_prediction_count, options.predictions);
    }
    double min_score = 0;
    if (parsed) {
        parsed = read_number<double>(query, "det_prob_threshold", 0, 1, fault_code::bad_argument,
                                     min_score);
    }
    options.min_score = static_cast<float>(min_score);
    if (parsed) parsed = read_plugins(query, options);
    if (parsed) parsed = read_flag(query, "status", options.status);
    if (parsed) parsed = read_flag(query, "allow_duplicate", options.allow_duplicate);
    if (!parsed) return std::unexpected(parsed.error());
    return options;
}

HttpResult<ListPage> parse_list_page(const Query& query) {
    ListPage page;
    auto parsed = read_number<std::size_t>(query, "page", 0, max_page_number,
                                           fault_code::bad_argument, page.number);
    if (parsed) {
        parsed = read_number<std::size_t>(query, "size", 1, max_page_size, fault_code::bad_argument,
                                          page.size);
    }
    if (!parsed) return std::unexpected(parsed.error());
    return page;
}

}  // namespace facebus::gateway
