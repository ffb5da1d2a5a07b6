// The messages on the bus, as structs. schemas/ is the contract; tests/contract proves that schema,
// golden bytes and these structs agree.
//
// Every struct lists its fields once, in fields(): the codec packs, unpacks and names them from
// that list. A std::optional field is left out of the map when it is empty.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/image.hpp"
#include "wire/named_enum.hpp"
#include "wire/stages.hpp"

namespace facebus::wire {

inline constexpr std::uint32_t schema_version = 1;

/// When each step of `steps` was done with what led to this message: ns UTC, absent where it has
/// not been.
class StageTimes {
  public:
    using Time = std::optional<std::int64_t>;
    struct Stamp {
        StepKey step;
        std::int64_t time;
    };

    StageTimes() = default;
    StageTimes(std::initializer_list<Stamp> stamps) {
        for (const auto& [step, time] : stamps) (*this)[step] = time;
    }

    [[nodiscard]] Time& operator[](StepKey step) { return times_[step.place]; }
    [[nodiscard]] const Time& operator[](StepKey step) const { return times_[step.place]; }

    /// In the order of `steps`.
    [[nodiscard]] std::array<Time, steps.size()>& all() { return times_; }
    [[nodiscard]] const std::array<Time, steps.size()>& all() const { return times_; }

    static void fields(auto& self, auto&& field) {
        for (std::size_t i = 0; i < steps.size(); ++i) field(steps[i].key, self.times_[i]);
    }

  private:
    std::array<Time, steps.size()> times_{};
};

/// What every message starts with.
struct Head {
    std::uint32_t v = schema_version;
    std::string src{};      ///< camera, or the service that speaks
    std::uint64_t seq = 0;  ///< counts the publisher's messages, so that a gap is visible
    std::int64_t ts = 0;    ///< capture time, ns UTC (a message of no frame: when it was made)
    StageTimes t{};

    static void fields(auto& self, auto&& field) {
        field("v", self.v);
        field("src", self.src);
        field("seq", self.seq);
        field("ts", self.ts);
        field("t", self.t);
    }
};

/// What the messages of one frame share on the edge side.
struct Stream {
    std::int64_t pts = 0;  ///< position in the stream, ns
    bool live = false;     ///< newest wins; otherwise the slow stage holds the fast one
    bool end = false;      ///< the stream ended: no pixels, nothing after it

    static void fields(auto& self, auto&& field) {
        field("pts", self.pts);
        field("live", self.live);
        field("end", self.end);
    }
};

/// capture -> motion. Payload: width x height x 3 bytes, BGR, none at the end of the stream.
struct Frame {
    static constexpr std::string_view topic = "frame";
    Head head{};
    Stream stream{};
    std::int32_t width = 0;
    std::int32_t height = 0;

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("width", self.width);
        field("height", self.height);
    }
};

/// motion -> detect-align. Payload: the pixels of each area, one after the other, BGR.
struct Region {
    static constexpr std::string_view topic = "region";
    Head head{};
    Stream stream{};
    std::int32_t frame_width = 0;
    std::int32_t frame_height = 0;
    bool cut = false;  ///< the scene changed at once before this frame
    std::vector<Area> areas{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("frame_width", self.frame_width);
        field("frame_height", self.frame_height);
        field("cut", self.cut);
        field("areas", self.areas);
    }
};

/// A face in the message `face`. Coordinates in pixels of the frame.
struct FaceItem {
    Box box{};
    Landmarks landmarks{};
    Quality quality{};

    static void fields(auto& self, auto&& field) {
        field("box", self.box);
        field("landmarks", self.landmarks);
        field("quality", self.quality);
    }
};

/// detect-align -> track: all faces of one frame. Payload: a 160 x 160 x 3 crop a face, BGR.
struct Face {
    static constexpr std::string_view topic = "face";
    Head head{};
    Stream stream{};
    bool cut = false;
    std::vector<FaceItem> faces{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("cut", self.cut);
        field("faces", self.faces);
    }
};

/// track -> broker -> recognize. Payload: one 160 x 160 x 3 crop, BGR.
struct Probe {
    static constexpr std::string_view topic = "probe";
    Head head{};
    std::string probe{};  ///< id, unique for ever: "<track>/<number>"
    std::string track{};  ///< id, unique for ever
    std::int64_t pts = 0;
    Box box{};
    Quality quality{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("probe", self.probe);
        field("track", self.track);
        field("pts", self.pts);
        field("box", self.box);
        field("quality", self.quality);
    }
};

/// broker -> track: the probe's result is out (or the event is published); forget it.
struct Ack {
    static constexpr std::string_view topic = "ack";
    Head head{};
    std::string ref{};  ///< the probe's id, or Track::ref() of an event

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("ref", self.ref);
    }
};

/// recognize -> broker: this worker is alive and takes so many probes more.
struct Credit {
    static constexpr std::string_view topic = "credit";
    Head head{};
    std::uint32_t credit = 0;    ///< probes that the worker can take beyond those it holds
    std::string model{};         ///< the worker's model id
    std::string gallery{};       ///< version of the gallery it matches against
    bool gallery_stale = false;  ///< Redis does not answer: the worker goes on with its last copy
    std::uint64_t subjects = 0;
    std::uint64_t samples = 0;

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("credit", self.credit);
        field("model", self.model);
        field("gallery", self.gallery);
        field("gallery_stale", self.gallery_stale);
        field("subjects", self.subjects);
        field("samples", self.samples);
    }
};

/// The best subject other than the one that was named.
struct RunnerUp {
    std::string subject_id{};
    std::string subject{};
    double similarity = 0;

    static void fields(auto& self, auto&& field) {
        field("subject_id", self.subject_id);
        field("subject", self.subject);
        field("similarity", self.similarity);
    }
};

/// Who a track shows, as far as it is known.
enum class Decision {
    known,
    unknown,    ///< seen well enough, and not in the gallery
    undecided,  ///< not seen well enough yet
    error,      ///< the probe was dead-lettered
};
constexpr auto enum_names(Decision /*of*/) {
    return std::to_array<std::string_view>({"known", "unknown", "undecided", "error"});
}

/// recognize -> broker -> result topic: who it is, and why. Payload: none, or the crop that was
/// looked at last (160 x 160 x 3, BGR) where the configuration asks for it.
struct Identity {
    static constexpr std::string_view topic = "identity";
    Head head{};
    std::uint64_t result = 0;  ///< counts the results of a run of the broker; 0 until published
    std::optional<std::string> run{};  ///< which run of the broker; absent until published
    std::string probe{};
    std::string track{};
    std::int64_t pts = 0;
    Box box{};
    Decision decision = Decision::undecided;
    std::optional<std::string> subject_id{};  ///< only where the decision is `known`
    std::optional<std::string> subject{};     ///< its name, likewise
    std::optional<double> similarity{};       ///< cosine of the template to the best subject
    std::optional<double> probability{};      ///< calibrated, that it is the best subject
    std::optional<double> margin{};           ///< similarity less the runner-up's
    std::optional<RunnerUp> runner_up{};
    double threshold = 0;                   ///< similarity that `known` requires
    std::uint32_t probes = 0;               ///< faces of this track seen so far
    std::vector<std::string> samples{};     ///< ids of the gallery samples that decided
    double quality = 0;                     ///< of the best probe, 0..1
    std::optional<Quality> crop_quality{};  ///< of the crop that was looked at last
    std::string model{};
    std::string gallery{};                ///< version of the gallery
    std::optional<std::string> reason{};  ///< why it is undecided, or what the error was
    /// The person is not to be reported: undecided, with nothing that tells who it is. The broker
    /// publishes it only to take back what it published of the track before.
    std::optional<bool> ignored{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("result", self.result);
        field("run", self.run);
        field("probe", self.probe);
        field("track", self.track);
        field("pts", self.pts);
        field("box", self.box);
        field("decision", self.decision);
        field("subject_id", self.subject_id);
        field("subject", self.subject);
        field("similarity", self.similarity);
        field("probability", self.probability);
        field("margin", self.margin);
        field("runner_up", self.runner_up);
        field("threshold", self.threshold);
        field("probes", self.probes);
        field("samples", self.samples);
        field("quality", self.quality);
        field("model", self.model);
        field("gallery", self.gallery);
        field("reason", self.reason);
        field("crop_quality", self.crop_quality);
        field("ignored", self.ignored);
    }
};

enum class TrackEvent {
    started,
    moved,  ///< it goes on; published every `track.heartbeat` seconds
    ended,
    end,  ///< the stream of the camera is over, and with it all its tracks
};
constexpr auto enum_names(TrackEvent /*of*/) {
    return std::to_array<std::string_view>({"started", "moved", "ended", "end"});
}

/// track -> broker -> result topic.
struct Track {
    static constexpr std::string_view topic = "track";
    Head head{};
    std::string track{};  ///< empty for `end`
    TrackEvent event = TrackEvent::started;
    std::int64_t pts = 0;
    Box box{};

    /// What an acknowledgement of this event refers to.
    [[nodiscard]] std::string ref() const {
        std::string ref = event == TrackEvent::end ? head.src : track;
        return ref.append("/").append(to_string(event)).append("/") + std::to_string(head.seq);
    }

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("track", self.track);
        field("event", self.event);
        field("pts", self.pts);
        field("box", self.box);
    }
};

/// track -> broker -> result topic, every few seconds for each camera: what comes of it at the end
/// of the edge. Worthless when late, so it is not acknowledged and never sent again.
struct Camera {
    static constexpr std::string_view topic = "camera";
    Head head{};                  ///< ts: when this was written
    bool live = false;            ///< false: a file, as fast as it goes
    bool ended = false;           ///< the file ended
    std::uint64_t frames = 0;     ///< that came since `track` began
    double rate = 0;              ///< of those, how many a second since the last such message
    std::int64_t last_frame = 0;  ///< capture time of the latest, by the same clock as head.ts
    std::uint32_t tracks = 0;     ///< that are open

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("live", self.live);
        field("ended", self.ended);
        field("frames", self.frames);
        field("rate", self.rate);
        field("last_frame", self.last_frame);
        field("tracks", self.tracks);
    }
};

/// broker -> result topic, once a second: how things are.
struct Status {
    static constexpr std::string_view topic = "status";
    Head head{};
    std::string state{};               ///< "ok", or what is wrong in a word or two
    std::optional<std::string> run{};  ///< which run of the broker: results are counted in each
    std::uint32_t workers = 0;         ///< recognize processes that are alive
    std::uint64_t queued = 0;          ///< probes that wait for a worker
    std::uint64_t in_flight = 0;
    std::uint64_t results = 0;   ///< number of the last result
    std::uint64_t refused = 0;   ///< probes not taken because the queue was full (they come again)
    bool gallery_stale = false;  ///< a worker matches against an old copy, because Redis is away

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("state", self.state);
        field("run", self.run);
        field("workers", self.workers);
        field("queued", self.queued);
        field("in_flight", self.in_flight);
        field("results", self.results);
        field("refused", self.refused);
        field("gallery_stale", self.gallery_stale);
    }
};

}  // namespace facebus::wire
