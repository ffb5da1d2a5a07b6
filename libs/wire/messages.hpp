// The messages on the bus, as structs. The contract for their format is schemas/. tests/contract
// verifies that the schemas, the golden bytes and these structs agree.
//
// fields() of each struct lists its fields. From this list, the codec derives the keys of the
// MessagePack map that it encodes. It omits the keys of empty std::optional fields.
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

/// Completion times of the pipeline steps that led to a message, as Unix times in ns. A step that
/// is not complete has no time.
class StageTimes {
  public:
    using Time = std::optional<std::int64_t>;
    /// Completion time of one step.
    struct Stamp {
        StepKey step;
        std::int64_t time;
    };

    StageTimes() = default;
    StageTimes(std::initializer_list<Stamp> stamps) {
        for (const auto& [step, time] : stamps) (*this)[step] = time;
    }

    [[nodiscard]] Time& operator[](StepKey step) { return times_[step.index]; }
    [[nodiscard]] const Time& operator[](StepKey step) const { return times_[step.index]; }

    /// Returns the times in the order of `steps`.
    [[nodiscard]] std::array<Time, steps.size()>& all() { return times_; }
    [[nodiscard]] const std::array<Time, steps.size()>& all() const { return times_; }

    static void fields(auto& self, auto&& field) {
        for (std::size_t i = 0; i < steps.size(); ++i) field(steps[i].key, self.times_[i]);
    }

  private:
    std::array<Time, steps.size()> times_{};
};

/// First fields of every message.
struct Head {
    std::uint32_t v = schema_version;
    std::string src{};      ///< name of the camera, or of the service that sent the message
    std::uint64_t seq = 0;  ///< sequence number; the sender increases it with every message
    /// Capture time of the frame; for a message without a frame, its creation time (Unix time, ns).
    std::int64_t ts = 0;
    StageTimes t{};  ///< completion times of the steps so far

    static void fields(auto& self, auto&& field) {
        field("v", self.v);
        field("src", self.src);
        field("seq", self.seq);
        field("ts", self.ts);
        field("t", self.t);
    }
};

/// Fields shared by the messages about a frame on the edge.
struct Stream {
    std::int64_t pts = 0;  ///< position in the stream (presentation timestamp), ns
    bool live = false;     ///< true: late messages are dropped; false (lossless): senders wait
    bool end = false;      ///< last message of the stream, without pixels
    /// Id of the stream, which capture chooses when it opens the source. It stays the same when
    /// other processes restart or a camera reconnects. Absent: the sender is an older version.
    std::optional<std::string> id{};

    static void fields(auto& self, auto&& field) {
        field("pts", self.pts);
        field("live", self.live);
        field("end", self.end);
        field("stream", self.id);
    }
};

/// capture -> motion: one frame. Payload: width x height x 3 bytes, BGR; none at the end of the
/// stream.
struct Frame {
    static constexpr std::string_view kind = "frame";
    Head head{};
    Stream stream{};
    std::int32_t width = 0;   ///< pixels; 0 at the end of the stream
    std::int32_t height = 0;  ///< pixels; 0 at the end of the stream

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("width", self.width);
        field("height", self.height);
    }
};

/// motion -> detect-align: areas of one frame in which to search for faces. Payload: the pixels of
/// all areas, BGR, in the order of `areas`.
struct Region {
    static constexpr std::string_view kind = "region";
    Head head{};
    Stream stream{};
    std::int32_t frame_width = 0;   ///< pixels; 0 at the end of the stream
    std::int32_t frame_height = 0;  ///< pixels; 0 at the end of the stream
    bool cut = false;               ///< a scene cut occurred since the previous message
    std::vector<Area> areas{};      ///< disjoint areas of the frame

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("frame_width", self.frame_width);
        field("frame_height", self.frame_height);
        field("cut", self.cut);
        field("areas", self.areas);
    }
};

/// One element of Face::faces. Coordinates are in pixels of the frame.
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

/// detect-align -> track: all faces of one frame. Payload: one crop per face, 160 x 160 x 3 bytes,
/// BGR, in the order of `faces`.
struct Face {
    static constexpr std::string_view kind = "face";
    Head head{};
    Stream stream{};
    bool cut = false;  ///< a scene cut occurred since the previous message
    std::vector<FaceItem> faces{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        Stream::fields(self.stream, field);
        field("cut", self.cut);
        field("faces", self.faces);
    }
};

/// track -> broker -> recognize: a crop to recognize. Payload: 160 x 160 x 3 bytes, BGR.
struct Probe {
    static constexpr std::string_view kind = "probe";
    Head head{};
    std::string probe{};  ///< globally unique id of the probe: "<track>/<number>"
    /// Globally unique id of the track. In messages to workers, the broker replaces it with another
    /// id, and it restores the original in their results, so that an edge cannot interfere with the
    /// tracks of another edge.
    std::string track{};
    std::int64_t pts = 0;  ///< position in the stream, ns
    Box box{};             ///< face in the frame, pixels
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

/// broker -> track: the probe or event is completed, so `track` removes it from the outbox. If
/// `stored` is false, `track` keeps it until another acknowledgement arrives.
struct Ack {
    static constexpr std::string_view kind = "ack";
    Head head{};
    std::string ref{};  ///< id of the probe, or Track::ref() of the event
    /// False if the result of the probe is published, but not in the history yet.
    std::optional<bool> stored{};

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("ref", self.ref);
        field("stored", self.stored);
    }
};

/// recognize -> broker: heartbeat of a worker, with the number of probes that it requests.
struct Credit {
    static constexpr std::string_view kind = "credit";
    Head head{};
    /// Number of probes requested in addition to those in flight. Replaces the previous credit.
    std::uint32_t credit = 0;
    std::string model{};         ///< model id of the worker
    std::string gallery{};       ///< version of the gallery snapshot that the worker uses
    bool gallery_stale = false;  ///< the snapshot is stale, for example while Redis is unavailable
    std::uint64_t subjects = 0;  ///< number of subjects in the snapshot
    std::uint64_t samples = 0;   ///< number of samples in the snapshot

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

/// Subject that a track resembles.
struct Candidate {
    std::string subject_id{};
    std::string subject{};
    double similarity = 0;

    static void fields(auto& self, auto&& field) {
        field("subject_id", self.subject_id);
        field("subject", self.subject);
        field("similarity", self.similarity);
    }
};

/// Decision about the person of a track.
enum class Decision {
    known,      ///< the person is Identity::subject
    unknown,    ///< enough good faces were seen, but no subject reaches threshold and margin
    undecided,  ///< too few good faces so far for `known` or `unknown`, the match is ambiguous, or
                ///< the person is ignored
    error,      ///< the probe was dead-lettered
};
constexpr auto enum_names(Decision /*type*/) {
    return std::to_array<std::string_view>({"known", "unknown", "undecided", "error"});
}

/// recognize -> broker -> subscribers: the decision about a track and its reasons. Payload: the
/// crop of the probe (160 x 160 x 3 bytes, BGR) if recognize.publish_crops is set, otherwise none.
/// Never contains the crop of an ignored person. If the decision is `error`, the message has no
/// payload.
struct Identity {
    static constexpr std::string_view kind = "identity";
    Head head{};
    std::uint64_t result = 0;          ///< number of the result in the run; 0 until published
    std::optional<std::string> run{};  ///< id of the broker's run; absent until published
    std::string probe{};               ///< id of the probe that led to this result
    std::string track{};               ///< id of the track
    std::int64_t pts = 0;              ///< position of the probe in the stream, ns
    Box box{};                         ///< face of the probe in the frame, pixels
    Decision decision = Decision::undecided;
    std::optional<std::string> subject_id{};  ///< present if and only if the decision is `known`
    std::optional<std::string> subject{};     ///< name; present together with subject_id
    std::optional<double> similarity{};       ///< similarity of the template to the best subject
    /// Calibrated probability that the track shows the best subject.
    std::optional<double> probability{};
    /// `similarity` minus the runner-up's similarity; without a runner-up, equal to `similarity`.
    /// Negative if the runner-up is more similar, but has a lower score.
    std::optional<double> margin{};
    /// Absent if there is no second subject, or if it is ignored.
    std::optional<Candidate> runner_up{};
    /// The best subject if the match is ambiguous: it reaches `threshold`, but the margin over
    /// `runner_up` is too small, so the person is one of the two. The decision is then `undecided`.
    /// Absent for all other decisions, and if one of the two is ignored.
    std::optional<Candidate> best{};
    /// Similarity at which `score` would reach `score_threshold`; 0 without `similarity`.
    double threshold = 0;
    std::uint32_t probes = 0;  ///< number of probes of this track so far, at most 64
    /// Ids of the most similar samples of the best subject, best first. Empty if that subject is
    /// ignored.
    std::vector<std::string> samples{};
    double quality = 0;                     ///< overall quality of the best probe, 0..1
    std::optional<Quality> crop_quality{};  ///< quality of the crop of `probe`
    std::string model{};                    ///< model id of the worker; empty for `error`
    std::string gallery{};                  ///< version of the gallery snapshot; empty for `error`
    /// Reason for the decision `unknown`, `undecided` or `error`. Can be absent for `unknown`.
    std::optional<std::string> reason{};
    /// True: the person is ignored. The decision is then `undecided`, and no field reveals the
    /// person. The broker publishes such a message only to retract earlier results of the track.
    std::optional<bool> ignored{};
    /// Present if the decision is `error`: why each attempt to recognise the probe failed, oldest
    /// first.
    std::optional<std::vector<std::string>> attempts{};
    /// Normalised score of the template with the best subject: the value that is compared.
    std::optional<double> score{};
    std::optional<double> score_threshold{};  ///< score required for `known`
    /// `score` minus the runner-up's score; without a runner-up, equal to `score`.
    std::optional<double> score_margin{};

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
        field("attempts", self.attempts);
        field("best", self.best);
        field("score", self.score);
        field("score_threshold", self.score_threshold);
        field("score_margin", self.score_margin);
    }
};

/// Lifecycle event of a track.
enum class TrackEvent {
    started,
    /// The face was detected again. Sent at most once per `track.heartbeat` seconds or, if
    /// `track.publish_positions` is set, for every frame in which the face is detected.
    moved,
    ended,  ///< one track has ended
    end,    ///< the stream of the camera has ended, and with it all of its tracks
};
constexpr auto enum_names(TrackEvent /*type*/) {
    return std::to_array<std::string_view>({"started", "moved", "ended", "end"});
}

/// track -> broker -> subscribers: a track started, moved or ended, or the stream ended.
struct Track {
    static constexpr std::string_view kind = "track";
    Head head{};
    std::string track{};  ///< id of the track; empty for `end`
    TrackEvent event = TrackEvent::started;
    std::int64_t pts = 0;                 ///< position in the stream, ns
    Box box{};                            ///< face in the frame, pixels; all zeros for `end`
    std::optional<std::string> stream{};  ///< Stream::id of the frames

    /// Returns the id by which Ack::ref acknowledges this event. The id of `end` must not contain
    /// `seq`, which starts again when `track` restarts: the ends of two streams could then have the
    /// same id, and the broker would publish only the first.
    [[nodiscard]] std::string ref() const {
        if (event == TrackEvent::end && stream) return head.src + "/" + *stream + "/end";
        std::string ref = event == TrackEvent::end ? head.src : track;
        return ref.append("/").append(to_string(event)).append("/") + std::to_string(head.seq);
    }

    static void fields(auto& self, auto&& field) {
        Head::fields(self.head, field);
        field("track", self.track);
        field("event", self.event);
        field("pts", self.pts);
        field("box", self.box);
        field("stream", self.stream);
    }
};

/// track -> broker -> subscribers, every 2 s per camera: state of the camera's stream as seen by
/// `track`, the last edge stage. This message is neither acknowledged nor resent, because the next
/// one replaces it.
struct Camera {
    static constexpr std::string_view kind = "camera";
    Head head{};               ///< ts: creation time
    bool live = false;         ///< false: the source is lossless, usually a file
    bool ended = false;        ///< the stream has ended
    std::uint64_t frames = 0;  ///< frames of the camera received since `track` started
    double rate = 0;           ///< frames per second since the previous Camera message
    /// Time of the latest frame or of the end of the stream (Unix time, ns); 0: no frame yet.
    std::int64_t last_frame = 0;
    std::uint32_t tracks = 0;  ///< number of tracks that have not ended

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

/// Numbers of times that probes were queued again in this run, by the reason why the worker
/// returned no result.
struct Redelivered {
    std::uint64_t unresponsive = 0;   ///< the worker sent nothing for `broker.worker_timeout`
    std::uint64_t disconnected = 0;   ///< the connection to the worker is closed
    std::uint64_t timeout = 0;        ///< no result within `broker.probe_timeout`
    std::uint64_t invalid = 0;        ///< the worker sent an invalid message
    std::uint64_t undeliverable = 0;  ///< the probe could not be sent to the worker

    static void fields(auto& self, auto&& field) {
        field("unresponsive", self.unresponsive);
        field("disconnected", self.disconnected);
        field("timeout", self.timeout);
        field("invalid", self.invalid);
        field("undeliverable", self.undeliverable);
    }
};

/// broker -> subscribers, once per second: state of the server.
struct Status {
    static constexpr std::string_view kind = "status";
    Head head{};
    std::string state{};               ///< "ok", or the problem in a few words
    std::optional<std::string> run{};  ///< id of the broker's run
    std::uint32_t workers = 0;         ///< responsive workers, except stalled ones
    std::uint64_t queued = 0;          ///< probes waiting for a worker
    std::uint64_t in_flight = 0;       ///< probes in flight at workers
    std::uint64_t results = 0;         ///< number of the last result in this run; 0: none yet
    /// Number of probes rejected in this run because the queue was full. The edge resends them.
    std::uint64_t refused = 0;
    /// The worker that sent the latest Credit uses a stale gallery snapshot.
    bool gallery_stale = false;
    /// Age of the oldest probe that is not completed, in seconds; 0: there is none.
    std::optional<double> oldest_probe{};
    /// Responsive workers that get no probes, because they did not return a result within
    /// `broker.probe_timeout`.
    std::optional<std::uint32_t> stalled{};
    std::optional<std::uint32_t> edges{};  ///< edges that sent a message in the last ten seconds
    std::optional<Redelivered> redelivered{};
    std::optional<std::uint64_t> dead_lettered{};  ///< probes dead-lettered in this run

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
        field("oldest_probe", self.oldest_probe);
        field("stalled", self.stalled);
        field("edges", self.edges);
        field("redelivered", self.redelivered);
        field("dead_lettered", self.dead_lettered);
    }
};

}  // namespace facebus::wire
