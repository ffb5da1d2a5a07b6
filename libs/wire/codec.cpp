#include "wire/codec.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <msgpack.hpp>

#include "base/text/unicode.hpp"

namespace facebus::wire {
namespace {

// Fields of the types from libs/base. They are listed here, because libs/base must not depend on
// libs/wire.
void list_fields(auto& self, auto&& field)
    requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(self)>>, Box>
{
    field("x", self.x);
    field("y", self.y);
    field("width", self.width);
    field("height", self.height);
}

void list_fields(auto& self, auto&& field)
    requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(self)>>, Area>
{
    field("x", self.x);
    field("y", self.y);
    field("width", self.width);
    field("height", self.height);
}

void list_fields(auto& self, auto&& field)
    requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(self)>>, Point>
{
    field("x", self.x);
    field("y", self.y);
}

void list_fields(auto& self, auto&& field)
    requires std::same_as<std::remove_const_t<std::remove_reference_t<decltype(self)>>, Quality>
{
    field("eye_distance", self.eye_distance);
    field("sharpness", self.sharpness);
    field("yaw", self.yaw);
    field("detector", self.detector);
    field("overall", self.overall);
}

void list_fields(auto& self, auto&& field)
    requires requires { std::remove_reference_t<decltype(self)>::fields(self, field); }
{
    std::remove_reference_t<decltype(self)>::fields(self, field);
}

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;
template <class T>
constexpr bool is_sequence = false;
template <class T>
constexpr bool is_sequence<std::vector<T>> = true;
template <class T, std::size_t N>
constexpr bool is_sequence<std::array<T, N>> = true;

// ---- encoding

using Packer = msgpack::packer<msgpack::sbuffer>;

template <class T>
void pack(Packer& out, const T& value) {
    if constexpr (is_optional<T>) {
        pack(out, *value);
    } else if constexpr (std::is_same_v<T, std::string> || std::is_arithmetic_v<T>) {
        out.pack(value);
    } else if constexpr (NamedEnum<T>) {
        out.pack(to_string(value));
    } else if constexpr (is_sequence<T>) {
        out.pack_array(static_cast<std::uint32_t>(value.size()));
        for (const auto& element : value) pack(out, element);
    } else {
        // A MessagePack map begins with its size, so first count the fields that are present.
        std::uint32_t count = 0;
        list_fields(value, [&](std::string_view, const auto& field) {
            if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>) {
                if (!field) return;
            }
            ++count;
        });
        out.pack_map(count);
        list_fields(value, [&](std::string_view key, const auto& field) {
            if constexpr (is_optional<std::remove_cvref_t<decltype(field)>>) {
                if (!field) return;
            }
            out.pack(key);
            pack(out, field);
        });
    }
}

// ---- decoding

/// Exception for an invalid message; decode() converts it to an Error.
struct Malformed {
    ErrorKind kind = ErrorKind::malformed;
    std::string message;
};

[[noreturn]] void reject(std::string message) {
    throw Malformed{.message = std::move(message)};
}

template <class T>
void unpack(const msgpack::object& object, T& value, std::string_view key);

/// Returns the value of `key`, or null.
const msgpack::object* find(const msgpack::object& map, std::string_view key) {
    const std::span entries(map.via.map.ptr, map.via.map.size);
    const auto entry = std::ranges::find_if(entries, [&](const msgpack::object_kv& kv) {
        return kv.key.type == msgpack::type::STR &&
               std::string_view(kv.key.via.str.ptr, kv.key.via.str.size) == key;
    });
    return entry == entries.end() ? nullptr : &entry->val;
}

template <std::integral T>
void unpack_number(const msgpack::object& object, T& value, std::string_view key) {
    if (object.type == msgpack::type::POSITIVE_INTEGER) {
        if (!std::in_range<T>(object.via.u64)) reject(fmt::format("{} is out of range", key));
        value = static_cast<T>(object.via.u64);
    } else if (object.type == msgpack::type::NEGATIVE_INTEGER) {
        if (!std::in_range<T>(object.via.i64)) reject(fmt::format("{} is out of range", key));
        value = static_cast<T>(object.via.i64);
    } else {
        reject(fmt::format("{} is not an integer", key));
    }
}

template <std::floating_point T>
void unpack_number(const msgpack::object& object, T& value, std::string_view key) {
    double number = 0;
    // Some encoders write whole numbers as integers, so accept those as well.
    switch (object.type) {
        case msgpack::type::POSITIVE_INTEGER:
            number = static_cast<double>(object.via.u64);
            break;
        case msgpack::type::NEGATIVE_INTEGER:
            number = static_cast<double>(object.via.i64);
            break;
        case msgpack::type::FLOAT32:
        case msgpack::type::FLOAT64:
            number = object.via.f64;
            break;
        default:
            reject(fmt::format("{} is not a number", key));
    }
    if (!std::isfinite(number) || std::abs(number) > 1e12) {
        reject(fmt::format("{} is out of range", key));
    }
    value = static_cast<T>(number);
}

template <class T>
void unpack_map(const msgpack::object& object, T& value, std::string_view name) {
    if (object.type != msgpack::type::MAP) reject(fmt::format("{} is not a map", name));
    list_fields(value, [&](std::string_view key, auto& field) {
        const auto* found = find(object, key);
        if (found == nullptr) {
            if constexpr (!is_optional<std::remove_cvref_t<decltype(field)>>) {
                reject(fmt::format("{} has no {}", name, key));
            }
            return;
        }
        unpack(*found, field, key);
    });
}

template <class T>
void unpack(const msgpack::object& object, T& value, std::string_view key) {
    if constexpr (is_optional<T>) {
        unpack(object, value.emplace(), key);
    } else if constexpr (std::is_same_v<T, bool>) {
        if (object.type != msgpack::type::BOOLEAN) reject(fmt::format("{} is not a boolean", key));
        value = object.via.boolean;
    } else if constexpr (std::is_arithmetic_v<T>) {
        unpack_number(object, value, key);
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (object.type != msgpack::type::STR) reject(fmt::format("{} is not a string", key));
        value.assign(object.via.str.ptr, object.via.str.size);
        // Many MessagePack libraries reject strings that are not UTF-8, which could crash
        // subscribers.
        if (!is_utf8(value)) reject(fmt::format("{} is not valid UTF-8", key));
    } else if constexpr (NamedEnum<T>) {
        std::string name;
        unpack(object, name, key);
        const auto named = from_string<T>(name);
        if (!named)
            reject(fmt::format("{} is not one of {}", key, fmt::join(enum_names(T{}), ", ")));
        value = *named;
    } else if constexpr (is_sequence<T>) {
        if (object.type != msgpack::type::ARRAY) reject(fmt::format("{} is not an array", key));
        const std::span elements(object.via.array.ptr, object.via.array.size);
        if constexpr (requires { value.resize(1); }) {
            value.resize(elements.size());
        } else if (elements.size() != value.size()) {
            reject(fmt::format("{} has {} elements, not {}", key, elements.size(), value.size()));
        }
        for (std::size_t i = 0; i < elements.size(); ++i) unpack(elements[i], value[i], key);
    } else {
        unpack_map(object, value, key);
    }
}

// ---- validation

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void require(bool condition, std::string_view error) {
    if (!condition) reject(std::string(error));
}

void check_head(const Head& head) {
    require(valid_source(head.src), "src is not a valid name");
    require(head.ts >= 0, "ts is negative");
}

void check_size(std::int32_t width, std::int32_t height) {
    require(width > 0 && width <= max_side && height > 0 && height <= max_side,
            "width or height is out of range");
}

void check_payload(std::size_t expected, std::size_t actual) {
    if (expected != actual) {
        reject(
            fmt::format("the payload has {} bytes, but the header requires {}", actual, expected));
    }
}

std::size_t pixel_bytes(std::int32_t width, std::int32_t height) {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * channels;
}

void check_box(const Box& box) {
    require(box.width >= 0 && box.height >= 0, "box has a negative size");
}

void check_quality(const Quality& quality) {
    require(quality.overall >= 0 && quality.overall <= 1, "quality.overall is not in 0..1");
    require(quality.detector >= 0 && quality.detector <= 1, "quality.detector is not in 0..1");
    require(quality.eye_distance >= 0 && quality.sharpness >= 0, "quality has a negative value");
}

/// Rounding may take a similarity slightly out of its range.
void check_similarity(double similarity) {
    require(std::abs(similarity) <= 1.001, "similarity is not in -1..1");
}

void check_id(std::string_view id, std::string_view key) {
    if (!valid_id(id)) {
        reject(
            fmt::format("{} must be 1 to {} characters from A-Z, a-z, 0-9, '_', '.', ':', '/' "
                        "and '-'",
                        key, max_id_bytes));
    }
}

/// Checks the id of a run of the broker or of a stream.
void check_short_id(const std::optional<std::string>& id, std::string_view key) {
    if (!id) return;
    check_id(*id, key);
    if (id->size() > 64) reject(fmt::format("{} must be at most 64 bytes", key));
}

void check(const Frame& m, std::size_t payload) {
    check_short_id(m.stream.id, "stream");
    if (m.stream.end) return check_payload(0, payload);
    check_size(m.width, m.height);
    check_payload(pixel_bytes(m.width, m.height), payload);
}

void check(const Region& m, std::size_t payload) {
    check_short_id(m.stream.id, "stream");
    require(m.areas.size() <= max_areas, "too many areas");
    if (m.stream.end) {
        require(m.areas.empty(), "the last message of a stream must not have areas");
        return check_payload(0, payload);
    }
    check_size(m.frame_width, m.frame_height);
    std::size_t expected = 0;
    for (const auto& area : m.areas) {
        check_size(area.width, area.height);
        require(area.x >= 0 && area.y >= 0 && area.x <= m.frame_width - area.width &&
                    area.y <= m.frame_height - area.height,
                "an area extends beyond the frame");
        expected += pixel_bytes(area.width, area.height);
    }
    check_payload(expected, payload);
}

void check(const Face& m, std::size_t payload) {
    check_short_id(m.stream.id, "stream");
    require(m.faces.size() <= max_faces, "too many faces");
    for (const auto& face : m.faces) {
        check_box(face.box);
        check_quality(face.quality);
    }
    check_payload(m.faces.size() * crop_bytes, payload);
}

void check(const Probe& m, std::size_t payload) {
    check_id(m.probe, "probe");
    check_id(m.track, "track");
    check_box(m.box);
    check_quality(m.quality);
    check_payload(crop_bytes, payload);
}

void check(const Ack& m, std::size_t payload) {
    check_id(m.ref, "ref");
    check_payload(0, payload);
}

void check(const Credit& m, std::size_t payload) {
    require(m.credit <= 4096, "credit is out of range");
    check_payload(0, payload);
}

void check(const Identity& m, std::size_t payload) {
    check_short_id(m.run, "run");
    check_id(m.probe, "probe");
    check_id(m.track, "track");
    check_box(m.box);
    require((m.decision == Decision::known) == m.subject_id.has_value() &&
                m.subject.has_value() == m.subject_id.has_value(),
            "subject and subject_id must be present if and only if the decision is known");
    const bool reveals_person = m.decision != Decision::undecided || m.similarity ||
                                m.probability || m.margin || m.runner_up || m.best || m.score ||
                                m.score_margin || !m.samples.empty() || payload != 0;
    require(!m.ignored.value_or(false) || !reveals_person,
            "an ignored identity must not reveal the person");
    if (m.subject_id) check_id(*m.subject_id, "subject_id");
    for (const auto& sample : m.samples) check_id(sample, "a sample");
    if (m.similarity) check_similarity(*m.similarity);
    for (const auto& score : {m.score, m.score_threshold}) {
        require(std::abs(score.value_or(0)) <= 2.001, "a score is not in -2..2");
    }
    if (m.runner_up) {
        check_id(m.runner_up->subject_id, "runner_up.subject_id");
        check_similarity(m.runner_up->similarity);
    }
    if (m.best) {
        require(m.decision == Decision::undecided && m.runner_up,
                "best requires runner_up and the decision undecided");
        check_id(m.best->subject_id, "best.subject_id");
        check_similarity(m.best->similarity);
    }
    if (m.probability) {
        require(*m.probability >= 0 && *m.probability <= 1, "probability is not in 0..1");
    }
    require(m.quality >= 0 && m.quality <= 1, "quality is not in 0..1");
    if (m.crop_quality) check_quality(*m.crop_quality);
    for (const auto& attempt : m.attempts.value_or(std::vector<std::string>())) {
        require(attempt.size() <= 64, "an element of attempts must be at most 64 bytes");
    }
    if (payload != 0) check_payload(crop_bytes, payload);
}

void check(const Track& m, std::size_t payload) {
    if (m.event != TrackEvent::end || !m.track.empty()) check_id(m.track, "track");
    check_short_id(m.stream, "stream");
    check_box(m.box);
    check_payload(0, payload);
}

void check(const Camera& m, std::size_t payload) {
    require(m.rate >= 0, "rate is negative");
    require(m.last_frame >= 0, "last_frame is negative");
    check_payload(0, payload);
}

void check(const Status& m, std::size_t payload) {
    require(m.state.size() <= 200, "state must be at most 200 bytes");
    require(m.oldest_probe.value_or(0) >= 0, "oldest_probe is negative");
    check_short_id(m.run, "run");
    check_payload(0, payload);
}

}  // namespace

template <class Message>
std::string encode(const Message& message) {
    msgpack::sbuffer buffer;
    Packer out(buffer);
    pack(out, message);
    return {buffer.data(), buffer.size()};
}

template <class Message>
Result<Message> decode(std::string_view header, std::size_t payload_bytes) {
    if (header.size() > max_header_bytes) {
        return fail(ErrorKind::too_large, fmt::format("the header has {} bytes; the limit is {}",
                                                      header.size(), max_header_bytes));
    }
    if (payload_bytes > max_payload_bytes) {
        return fail(ErrorKind::too_large, fmt::format("the payload has {} bytes; the limit is {}",
                                                      payload_bytes, max_payload_bytes));
    }
    // Limits that msgpack checks before it allocates memory: sizes of array, map, str, bin and ext,
    // and nesting depth.
    const msgpack::unpack_limit limits(max_faces, 64, 4096, 0, 0, 8);
    try {
        std::size_t offset = 0;
        const auto handle =
            msgpack::unpack(header.data(), header.size(), offset, nullptr, nullptr, limits);
        require(offset == header.size(), "unexpected bytes after the header");
        const auto& object = handle.get();
        require(object.type == msgpack::type::MAP, "the header is not a map");
        std::uint32_t version = 0;
        const auto* v = find(object, "v");
        require(v != nullptr, "the header has no v");
        unpack(*v, version, "v");
        if (version != schema_version) {
            throw Malformed{
                ErrorKind::unsupported,
                fmt::format("schema version {} is not supported; the sender must use version {}",
                            version, schema_version)};
        }
        Message message;
        unpack_map(object, message, Message::kind);
        check_head(message.head);
        check(message, payload_bytes);
        return message;
    } catch (const Malformed& error) {
        return fail(error.kind, fmt::format("{}: {}", Message::kind, error.message));
    } catch (const msgpack::unpack_error& error) {
        return fail(ErrorKind::malformed, fmt::format("{}: {}", Message::kind, error.what()));
    }
}

std::string_view kind(std::string_view topic) {
    return topic.substr(0, topic.find('.'));
}

bool valid_source(std::string_view name) {
    return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
        return is_letter_or_digit(c) || c == '_' || c == '-';
    });
}

bool valid_id(std::string_view id) {
    return !id.empty() && id.size() <= max_id_bytes && std::ranges::all_of(id, [](char c) {
        return is_letter_or_digit(c) || std::string_view("_.:/-").contains(c);
    });
}

template std::string encode(const Frame&);
template std::string encode(const Region&);
template std::string encode(const Face&);
template std::string encode(const Probe&);
template std::string encode(const Ack&);
template std::string encode(const Credit&);
template std::string encode(const Identity&);
template std::string encode(const Track&);
template std::string encode(const Camera&);
template std::string encode(const Status&);
template Result<Frame> decode(std::string_view, std::size_t);
template Result<Region> decode(std::string_view, std::size_t);
template Result<Face> decode(std::string_view, std::size_t);
template Result<Probe> decode(std::string_view, std::size_t);
template Result<Ack> decode(std::string_view, std::size_t);
template Result<Credit> decode(std::string_view, std::size_t);
template Result<Identity> decode(std::string_view, std::size_t);
template Result<Track> decode(std::string_view, std::size_t);
template Result<Camera> decode(std::string_view, std::size_t);
template Result<Status> decode(std::string_view, std::size_t);

}  // namespace facebus::wire
