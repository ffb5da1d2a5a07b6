// One example message of each kind. The floating-point values are not whole numbers, because some
// versions of MessagePack-c write whole numbers as integers. The encoded messages would then differ
// from the golden bytes in schemas/golden.
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>

#include "wire/messages.hpp"

namespace facebus::examples {

inline wire::Head head() {
    return {.v = 1,
            .src = "door",
            .seq = 42,
            .ts = 1'700'000'000'000'000'000,
            .t = {{"capture", 1'700'000'000'000'000'001},
                  {"motion", 1'700'000'000'000'000'002},
                  {"detect", 1'700'000'000'000'000'003},
                  {"track", 1'700'000'000'000'000'004},
                  {"queue", 1'700'000'000'000'000'005},
                  {"recognize", 1'700'000'000'000'000'006},
                  {"publish", 1'700'000'000'000'000'007}}};
}

inline constexpr Box box{10.5F, 20.25F, 64.5F, 80.25F};
inline constexpr Quality quality{32.5F, 250.5F, -0.25F, 0.9375F, 0.75F};

inline wire::Frame frame() {
    return {.head = head(), .stream = {.pts = 40'000'000, .live = true}, .width = 4, .height = 2};
}

inline wire::Region region() {
    return {.head = head(),
            .stream = {.pts = 40'000'000, .live = true},
            .frame_width = 640,
            .frame_height = 480,
            .cut = true,
            .areas = {{1, 2, 4, 3}, {100, 200, 5, 6}}};
}

inline wire::Face face() {
    return {
        .head = head(),
        .stream = {.pts = 40'000'000},
        .cut = false,
        .faces = {
            {box,
             {{{20.5F, 40.25F}, {52.5F, 40.5F}, {36.5F, 55.5F}, {24.5F, 70.5F}, {48.5F, 70.25F}}},
             quality}}};
}

inline wire::Probe probe() {
    return {.head = head(),
            .probe = "door-18bcfe56800-1-7/0001",
            .track = "door-18bcfe56800-1-7",
            .pts = 40'000'000,
            .box = box,
            .quality = quality};
}

inline wire::Ack ack() {
    return {.head = head(), .ref = "door-18bcfe56800-1-7/0001"};
}

inline wire::Credit credit() {
    return {.head = head(),
            .credit = 8,
            .model = "facenet:box",
            .gallery = "1700000000000-0",
            .gallery_stale = true,
            .subjects = 3,
            .samples = 9};
}

inline wire::Identity identity() {
    return {.head = head(),
            .result = 17,
            .probe = "door-18bcfe56800-1-7/0003",
            .track = "door-18bcfe56800-1-7",
            .pts = 40'000'000,
            .box = box,
            .decision = wire::Decision::known,
            .subject_id = "a1b2",
            .subject = "Ada Lovelace",
            .similarity = 0.75,
            .probability = 0.984375,
            .margin = 0.5,
            .runner_up = wire::Candidate{"c3d4", "Grace Hopper", 0.25},
            .threshold = 0.375,
            .probes = 3,
            .samples = {"s1", "s2"},
            .quality = 0.875,
            .model = "facenet:box",
            .gallery = "1700000000000-0",
            .reason = "for the sake of the example"};
}

inline wire::Track track() {
    return {.head = head(),
            .track = "door-18bcfe56800-1-7",
            .event = wire::TrackEvent::started,
            .pts = 40'000'000,
            .box = box};
}

inline wire::Camera camera() {
    return {.head = head(),
            .live = true,
            .ended = true,
            .frames = 1200,
            .rate = 24.5,
            .last_frame = 1'699'999'999'000'000'000,
            .tracks = 2};
}

inline wire::Status status() {
    return {.head = head(),
            .state = "ok",
            .workers = 2,
            .queued = 3,
            .in_flight = 4,
            .results = 5,
            .refused = 6,
            .gallery_stale = true};
}

/// Returns the message without its optional keys.
template <class Message>
Message minimal(Message message) {
    message.head.t = {};
    if constexpr (std::is_same_v<Message, wire::Identity>) {
        message.decision = wire::Decision::unknown;
        message.subject_id = message.subject = message.reason = {};
        message.similarity = message.probability = message.margin = {};
        message.runner_up = {};
    }
    return message;
}

/// Returns the message with those of the keys `run`, `stored` and `stream` that it can have. The
/// functions above do not set these keys, because they were added to v1 after their golden bytes
/// were recorded.
template <class Message>
Message extended(Message message) {
    if constexpr (requires { message.run; }) message.run = "18bcfe56800";
    if constexpr (requires { message.stream.id; }) message.stream.id = "5f3a9c0d7e124b68";
    if constexpr (std::is_same_v<Message, wire::Track>) message.stream = "5f3a9c0d7e124b68";
    if constexpr (requires { message.stored; }) message.stored = false;
    return message;
}

/// Gives a value to every empty std::optional in a message or field, also in nested structs and
/// lists. Also replaces boxes, qualities and floating-point zeros by values that are not whole
/// numbers; see the top of this file.
template <class Field>
void complete_field([[maybe_unused]] Field& field) {
    if constexpr (std::is_same_v<Field, Box>) {
        field = box;
    } else if constexpr (std::is_same_v<Field, Quality>) {
        field = quality;
    } else if constexpr (std::is_floating_point_v<Field>) {
        if (field == 0) field = static_cast<Field>(0.5);
    } else if constexpr (requires { field.has_value(); }) {
        if (!field) field.emplace();
        complete_field(*field);
    } else if constexpr (requires { Field::fields(field, field); }) {
        Field::fields(field, [](std::string_view, auto& member) { complete_field(member); });
    } else if constexpr (requires { field.begin(); }) {
        for (auto& element : field) complete_field(element);
    }
}

/// Returns the message with every key set.
template <class Message>
Message complete(Message message) {
    complete_field(message);
    return message;
}

/// Returns an identity with scores.
inline wire::Identity with_score() {
    auto message = identity();
    message.score = 0.375;
    message.score_threshold = 0.1875;
    message.score_margin = 0.25;
    return message;
}

/// Returns an identity that includes the quality of its crop.
inline wire::Identity with_crop_quality() {
    auto message = extended(identity());
    message.crop_quality = quality;
    return message;
}

/// Returns a message that retracts the results of a track, because the person is ignored. Its
/// `reason` is the one in the golden bytes; workers now send another text.
inline wire::Identity ignored() {
    auto message = minimal(identity());
    message.run = "18bcfe56800";
    message.decision = wire::Decision::undecided;
    message.samples.clear();
    message.reason = "the person is not to be reported";
    message.ignored = true;
    return message;
}

/// Calls `visit(message, payload_bytes)` for one message of each kind.
void for_each(auto&& visit) {
    visit(frame(), std::size_t{4 * 2 * 3});
    visit(region(), std::size_t{(4 * 3 + 5 * 6) * 3});
    visit(face(), crop_bytes);
    visit(probe(), crop_bytes);
    visit(ack(), std::size_t{0});
    visit(credit(), std::size_t{0});
    visit(identity(), std::size_t{0});
    visit(track(), std::size_t{0});
    visit(camera(), std::size_t{0});
    visit(status(), std::size_t{0});
}

}  // namespace facebus::examples
