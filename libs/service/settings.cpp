#include "service/settings.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "wire/codec.hpp"

namespace facebus::service {
namespace {

std::vector<Key> camera_keys(Settings& settings, const std::string& name) {
    if (!wire::valid_source(name)) {
        throw std::invalid_argument(fmt::format(
            "\"{}\" can't name a camera: use 1 to 64 letters, digits, '_' and '-'", name));
    }
    auto& camera = settings.cameras[name];
    const auto path = "cameras." + name + ".";
    return {
        text_key(path + "source",
                 "device, rtsp:// or http:// URL, video file or folder of pictures", camera.source),
        choice_key(path + "pace",
                   "live: as fast as time passes, dropping what is late; lossless: every frame, as "
                   "fast as the slowest stage; auto: lossless for files and folders",
                   camera.pace, {"auto", "live", "lossless"}),
        number_key(path + "frame_rate", "frames a second at most; 0: all", camera.frame_rate, 0,
                   1000),
        switch_key(path + "loop", "start a file again at its end", camera.loop),
    };
}

std::vector<Key> webhook_keys(Settings& settings, const std::string& name) {
    if (!wire::valid_source(name)) {
        throw std::invalid_argument(fmt::format(
            "\"{}\" can't name a webhook: use 1 to 64 letters, digits, '_' and '-'", name));
    }
    auto& hook = settings.webhooks[name];
    const auto path = "webhooks." + name + ".";
    return {
        text_key(path + "url", "where to post: http:// or https://; none: off", hook.url),
        text_key(path + "secret_file", "file with the secret that signs what is posted",
                 hook.secret_file),
        text_key(path + "ca_file",
                 "https: certificate of the authority that signed the server's; none: the system's",
                 hook.ca_file),
        text_key(path + "decisions",
                 "which results: known, unknown, undecided, error, with commas between",
                 hook.decisions),
        text_key(path + "cameras", "of which cameras, with commas between; none: of all",
                 hook.cameras),
        number_key(path + "timeout", "seconds that an answer may take", hook.timeout, 0.1, 300),
    };
}

void append(std::vector<Key>& keys, std::vector<Key> more) {
    keys.insert(keys.end(), std::make_move_iterator(more.begin()),
                std::make_move_iterator(more.end()));
}

std::vector<Key> edge_keys(Settings& s) {
    const std::string health = "host:port of /healthz and /metrics; port 0: a free one; none: off";
    return {
        number_key("capture.reconnect_first", "seconds before the first try to reconnect",
                   s.capture.reconnect_first, 0.01, 3600),
        number_key("capture.reconnect_longest", "seconds between two tries at most",
                   s.capture.reconnect_longest, 0.01, 3600),
        number_key(
            "capture.still_limit",
            "seconds after which a stream that shows the same picture, to the bit, is opened "
            "again; 0: never",
            s.capture.still_limit, 0, 3600),
        switch_key("capture.exit_at_end", "exit when all files have ended", s.capture.exit_at_end),
        text_key("capture.health", health, s.capture.health),

        text_key("motion.input", "endpoint where frames arrive", s.motion.input),
        switch_key("motion.enabled", "search moving areas only; false: every frame, whole",
                   s.motion.enabled),
        number_key("motion.full_interval", "seconds between frames that are searched whole",
                   s.motion.full_interval, 0, 3600),
        number_key("motion.linger", "seconds that an area is searched after its last motion",
                   s.motion.linger, 0, 3600),
        int_key("motion.min_area", "smallest moving area in pixels of the frame", s.motion.min_area,
                1, 100'000'000),
        int_key("motion.margin", "pixels added on every side of a moving area", s.motion.margin, 0,
                4096),
        text_key("motion.health", health, s.motion.health),

        text_key("detect.input", "endpoint where regions arrive", s.detect.input),
        choice_key("detect.detector",
                   "mtcnn finds small faces; ssd looks at a small copy of the picture once, takes "
                   "its boxes and landmarks from MTCNN's O-Net, and needs `models/prepare --only "
                   "ssd`",
                   s.detect.detector, {"mtcnn", "ssd"}),
        int_key("detect.min_face", "mtcnn: smallest face, side of its box in pixels of the frame",
                s.detect.min_face, 12, 4096),
        number_key("detect.scale_factor", "mtcnn: step of the image pyramid", s.detect.scale_factor,
                   0.3, 0.95),
        number_key("detect.proposal_score", "mtcnn: threshold of the proposal network (P-Net)",
                   s.detect.proposal_score, 0, 1),
        number_key("detect.refine_score", "mtcnn: threshold of the refinement network (R-Net)",
                   s.detect.refine_score, 0, 1),
        number_key("detect.output_score", "both: threshold of the output network (O-Net)",
                   s.detect.output_score, 0, 1),
        int_key("detect.ssd_input", "ssd: side in pixels of the square that a picture is scaled to",
                s.detect.ssd_input, 100, 2000),
        number_key("detect.ssd_score", "ssd: threshold of its own", s.detect.ssd_score, 0, 1),
        text_key("detect.health", health, s.detect.health),

        text_key("track.input", "endpoint where faces arrive", s.track.input),
        number_key("track.max_gap", "seconds without the face after which a track ends",
                   s.track.max_gap, 0.04, 3600),
        int_key("track.confirm", "detections before a track counts", s.track.confirm, 1, 100),
        int_key("track.max_probes", "crops sent for a track before it is only refreshed",
                s.track.max_probes, 1, 64),
        number_key("track.probe_interval", "seconds between two crops of a track at least",
                   s.track.probe_interval, 0, 3600),
        number_key("track.refresh", "seconds after which a long track sends one more crop",
                   s.track.refresh, 0.1, 86400),
        number_key("track.min_eye_distance", "pixels between the eyes that a crop needs",
                   s.track.min_eye_distance, 0, 4096),
        number_key("track.min_quality", "overall quality that a crop needs, 0 to 1",
                   s.track.min_quality, 0, 1),
        switch_key("track.moves", "publish where every track is, frame by frame", s.track.moves),
        number_key(
            "track.alive",
            "seconds after which a track that goes on says so, where it does not do so frame "
            "by frame",
            s.track.alive, 0.1, 3600),
        int_key("track.outbox", "probes and events kept until they are acknowledged",
                s.track.outbox, 8, 1'000'000),
        number_key("track.resend", "seconds without acknowledgement before sending again",
                   s.track.resend, 0.05, 3600),
        text_key("track.health", health, s.track.health),
    };
}

std::vector<Key> server_keys(Settings& s) {
    const std::string health = "host:port of /healthz and /metrics; port 0: a free one; none: off";
    return {
        text_key("broker.probes", "endpoint where the edge's probes arrive", s.broker.probes),
        text_key("broker.workers", "endpoint where recognize workers connect", s.broker.workers),
        text_key("broker.results", "endpoint of the result topic", s.broker.results),
        int_key("broker.queue", "probes that wait at most; a full queue makes the edge keep them",
                s.broker.queue, 1, 10'000'000),
        int_key("broker.result_queue",
                "results that wait for a slow subscriber; it misses what comes beyond them",
                s.broker.result_queue, 1, 1'000'000),
        number_key("broker.worker_timeout", "seconds of silence after which a worker is dead",
                   s.broker.worker_timeout, 0.1, 3600),
        int_key("broker.attempts", "deliveries of a probe before it is set aside",
                s.broker.attempts, 1, 100),
        text_key("broker.health", health, s.broker.health),

        choice_key(
            "recognize.engine",
            "what runs FaceNet: opencv is always there; onnxruntime is faster, where facebus "
            "was built with it",
            s.recognize.engine, {"opencv", "onnxruntime"}),
        int_key("recognize.batch", "faces embedded at once, and probes asked for",
                s.recognize.batch, 1, 256),
        switch_key("recognize.crops", "publish the crop with each identity", s.recognize.crops),
        number_key("recognize.false_alarms",
                   "share of strangers that may be named: workers calibrate the gallery for it; "
                   "this and the next four count where the gallery stores no policy (`facebus "
                   "calibrate` does)",
                   s.recognize.false_alarms, 1e-5, 0.5),
        number_key(
            "recognize.early",
            "similarity asked for in addition while fewer than min_probes good faces are seen",
            s.recognize.early, 0, 1),
        int_key("recognize.min_probes", "good faces without which nobody is called a stranger",
                s.recognize.min_probes, 1, 64),
        number_key("recognize.margin", "lead over the runner-up that `known` takes",
                   s.recognize.margin, 0, 2),
        number_key("recognize.min_quality", "overall quality of a good face, 0 to 1",
                   s.recognize.min_quality, 0, 1),
        int_key("recognize.track_ttl", "seconds that Redis remembers a track's faces",
                s.recognize.track_ttl, 1, 86400),
        text_key("recognize.health", health, s.recognize.health),

        number_key("gallery.min_eye_distance", "pixels between the eyes that enrolment takes",
                   s.gallery.min_eye_distance, 0, 4096),
        number_key(
            "gallery.min_sharpness",
            "sharpness that enrolment takes: 50 is usual, 14 blurred by two pixels of the crop",
            s.gallery.min_sharpness, 0, 1e6),
        number_key("gallery.min_quality", "overall quality that enrolment takes, 0 to 1",
                   s.gallery.min_quality, 0, 1),
        switch_key(
            "gallery.keep_pictures",
            "keep the crop of each enrolled face, a JPEG of 5 to 10 kB, so that people can look at "
            "the gallery",
            s.gallery.keep_pictures),
    };
}

std::vector<Key> common_keys(Settings& s) {
    return {
        text_key("bus.key",
                 "secret key of this process, as `facebus keygen` makes it: every tcp:// endpoint "
                 "is then encrypted and knows its peers by key",
                 s.bus.key),
        text_key("bus.broker", "public key (.pub) of the broker, for whoever connects to it",
                 s.bus.broker),
        text_key("bus.allowed", "broker: folder with the public keys (.pub) that may connect",
                 s.bus.allowed),
        choice_key("bus.plain",
                   "which tcp:// endpoints may go without keys and encryption; ipc:// is protected "
                   "by the rights of its folder",
                   s.bus.plain, {"never", "loopback", "anywhere"}),

        text_key("redis.url",
                 "redis://host:port/db, rediss://host:port/db for TLS, or unix:///path?db=0",
                 s.redis.url),
        text_key("redis.user", "user to log in as; none: Redis' default user", s.redis.user),
        text_key("redis.password_file", "file with the password; none: no password",
                 s.redis.password_file),
        text_key("redis.ca_file",
                 "TLS: certificate of the authority that signed the server's; none: the system's",
                 s.redis.ca_file),
        text_key("redis.cert_file", "TLS: certificate of this client, where the server wants one",
                 s.redis.cert_file),
        text_key("redis.key_file", "TLS: its private key", s.redis.key_file),
        int_key("redis.timeout_ms", "milliseconds to connect, and for each command",
                s.redis.timeout_ms, 10, 600'000),

        number_key("results.history_hours", "hours that results stay in Redis; 0: none are kept",
                   s.results.history_hours, 0, 8760),

        text_key("models", "folder that models/prepare filled; empty: its default folder",
                 s.models),
        int_key("threads", "threads for the networks of each process; 0: all cores", s.threads, 0,
                1024),
        choice_key("log_level", "lowest level that is logged", s.log_level,
                   {"debug", "info", "warning", "error"}),
    };
}

std::vector<Key> gateway_keys(Settings& s) {
    return {
        text_key("gateway.address", "host:port of the REST API; a proxy in front of it adds TLS",
                 s.gateway.address),
        text_key("gateway.keys",
                 "file with the API keys' hashes, as `facebus api-key` writes it; a change counts "
                 "within a second",
                 s.gateway.keys),
        switch_key("gateway.open",
                   "true: no key is asked for, and whoever reaches the address may do all; only on "
                   "a loopback address",
                   s.gateway.open),
        int_key("gateway.max_upload", "megabytes of a request with pictures at most",
                s.gateway.max_upload, 1, 1000),
        int_key("gateway.max_import", "megabytes of an imported gallery at most",
                s.gateway.max_import, 1, 1000),
        int_key("gateway.max_megapixels", "million pixels of a picture at most",
                s.gateway.max_megapixels, 1, 64),
        number_key("gateway.rate", "requests a second of one API key in the long run; 0: any",
                   s.gateway.rate, 0, 1e6),
        int_key("gateway.burst", "requests of one API key at once, before its rate counts",
                s.gateway.burst, 1, 1'000'000),
        number_key("gateway.timeout",
                   "seconds for a request to arrive, to wait for its turn, and for its answer to "
                   "be taken, each",
                   s.gateway.timeout, 0.1, 3600),
        int_key("gateway.threads", "connections served at once", s.gateway.threads, 1, 1000),
        int_key("gateway.pictures",
                "pictures searched at once; each takes networks of its own, some 200 MB",
                s.gateway.pictures, 1, 64),
        int_key("gateway.live",
                "latest results that the page shows; they and their crops are kept in memory for "
                "an hour",
                s.gateway.live, 1, 10'000),
        int_key("gateway.streams",
                "clients that may listen to the results as they come; each takes a connection "
                "beyond gateway.threads",
                s.gateway.streams, 1, 1000),
        int_key("gateway.unknown_faces",
                "faces of strangers that are kept in memory to be named; 0: none",
                s.gateway.unknown_faces, 0, 1000),
        number_key("gateway.unknown_hours", "hours that they are kept", s.gateway.unknown_hours, 0,
                   8760),
        text_key("gateway.health",
                 "host:port of /healthz and /metrics; port 0: a free one; none: off",
                 s.gateway.health),
    };
}

std::vector<Key> mqtt_keys(Settings& s) {
    return {
        text_key("mqtt.host", "gateway: host of the MQTT broker; none: off", s.mqtt.host),
        int_key("mqtt.port", "its port; 8883 is usual with TLS", s.mqtt.port, 1, 65535),
        text_key("mqtt.user", "user to log in as; none: without", s.mqtt.user),
        text_key("mqtt.password_file", "file with the password; none: without",
                 s.mqtt.password_file),
        switch_key("mqtt.tls", "connect with TLS, and check the broker's certificate", s.mqtt.tls),
        text_key("mqtt.ca_file",
                 "TLS: certificate of the authority that signed the broker's; none: the system's",
                 s.mqtt.ca_file),
        text_key(
            "mqtt.client_id",
            "name of this gateway at the broker, in topics and in Home Assistant; each gateway "
            "needs its own",
            s.mqtt.client_id),
        text_key("mqtt.topic", "what all topics begin with; each gateway needs its own",
                 s.mqtt.topic),
        text_key("mqtt.discovery",
                 "what the topics of Home Assistant's discovery begin with; empty: no discovery",
                 s.mqtt.discovery),
        int_key("mqtt.people",
                "people of the gallery who get a presence at most; 0: nobody, only cameras do",
                s.mqtt.people, 0, 10'000),
        number_key(
            "mqtt.silence",
            "seconds without a word of a track after which it is over: more than track.alive",
            s.mqtt.silence, 0.2, 3600),
        number_key("mqtt.linger",
                   "seconds that somebody stays present after the last track: the next may follow",
                   s.mqtt.linger, 0, 3600),
        int_key("mqtt.queue",
                "results that wait while the broker is away; beyond them the oldest are dropped",
                s.mqtt.queue, 1, 1'000'000),
    };
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) {
        throw StartupError(
            Exit::config,
            fmt::format("cannot read {}; check the name and the rights", file.string()));
    }
    return text.str();
}

}  // namespace

std::vector<Key> setting_keys(Settings& settings) {
    auto keys = edge_keys(settings);
    append(keys, server_keys(settings));
    append(keys, gateway_keys(settings));
    append(keys, mqtt_keys(settings));
    append(keys, common_keys(settings));
    return keys;
}

std::vector<Group> setting_groups(Settings& settings) {
    return {{"cameras",
             "the cameras, by name; a name is 1 to 64 letters, digits, '_' and '-'",
             {"source", "pace", "frame_rate", "loop"},
             [&settings](const std::string& name) { return camera_keys(settings, name); }},
            {"webhooks",
             "gateway: who is told of results over HTTP, by name",
             {"url", "secret_file", "ca_file", "decisions", "cameras", "timeout"},
             [&settings](const std::string& name) { return webhook_keys(settings, name); },
             "lock"}};
}

Settings load_settings(const std::string& file, const Environment& environment) {
    std::string name = file;
    if (name.empty()) {
        if (const auto set = environment.find("FACEBUS_CONFIG"); set != environment.end()) {
            name = set->second;
        }
    }
    if (name.empty()) {
        for (const char* candidate : {"facebus.yaml", "/etc/facebus/facebus.yaml"}) {
            if (name.empty() && std::filesystem::exists(candidate)) name = candidate;
        }
    }
    Settings settings;
    read_config(name.empty() ? std::string() : read_file(name), name, environment,
                setting_keys(settings), setting_groups(settings));
    for (const auto& [camera, set] : settings.cameras) {
        if (set.source.empty()) {
            throw StartupError(
                Exit::config,
                fmt::format("camera {0} has no source; set cameras.{0}.source", camera));
        }
    }
    return settings;
}

std::filesystem::path models_folder(const Settings& settings, const Environment& environment) {
    if (!settings.models.empty()) return settings.models;
    const auto variable = [&](const char* key) {
        const auto found = environment.find(key);
        return found == environment.end() ? std::string() : found->second;
    };
    if (const auto cache = variable("XDG_CACHE_HOME"); !cache.empty()) {
        return std::filesystem::path(cache) / "facebus/models";
    }
    return std::filesystem::path(variable("HOME")) / ".cache/facebus/models";
}

std::string read_secret(const std::string& file, const std::string& setting) {
    if (file.empty()) return {};
    std::ifstream in(file);
    std::string secret;
    if (!std::getline(in, secret)) {
        throw StartupError(Exit::config,
                           fmt::format("cannot read a secret from {}; check {}", file, setting));
    }
    return secret;
}

}  // namespace facebus::service
