// facebus.yaml: what can be set, and to what it is set.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "service/config.hpp"

namespace facebus::service {

struct CameraSettings {
    std::string source;  ///< device, URL, file or folder
    std::string pace = "auto";
    double frame_rate = 0;
    bool loop = false;
};

struct WebhookSettings {
    std::string url;
    std::string secret_file;
    std::string ca_file;
    std::string decisions = "known";
    std::string cameras;
    double timeout = 10;
};

/// All of facebus.yaml. Times in seconds. The help texts in settings.cpp are the reference.
struct Settings {
    std::map<std::string, CameraSettings> cameras;
    std::map<std::string, WebhookSettings> webhooks;

    struct Capture {
        double reconnect_first = 0.5;
        double reconnect_longest = 30;
        double still_limit = 10;
        bool exit_at_end = true;
        std::string health = "127.0.0.1:9101";
    } capture;

    struct Motion {
        std::string input = "ipc:///run/facebus/motion.sock";
        bool enabled = true;
        double full_interval = 1;
        double linger = 1;
        int min_area = 400;
        int margin = 48;
        std::string health = "127.0.0.1:9102";
    } motion;

    struct Detect {
        std::string input = "ipc:///run/facebus/detect.sock";
        std::string detector = "mtcnn";
        int min_face = 40;
        double scale_factor = 0.709;
        double proposal_score = 0.6;
        double refine_score = 0.7;
        double output_score = 0.9;
        int ssd_input = 300;
        double ssd_score = 0.5;
        std::string health = "127.0.0.1:9103";
    } detect;

    struct Track {
        std::string input = "ipc:///run/facebus/track.sock";
        double max_gap = 1.5;
        int confirm = 2;
        int max_probes = 8;
        double probe_interval = 0.2;
        double refresh = 5;
        double min_eye_distance = 10;
        double min_quality = 0.2;
        bool moves = false;
        double alive = 5;
        int outbox = 256;
        double resend = 3;
        std::string health = "127.0.0.1:9104";
    } track;

    struct Broker {
        std::string probes = "tcp://127.0.0.1:5701";
        std::string workers = "tcp://127.0.0.1:5702";
        std::string results = "tcp://127.0.0.1:5703";
        int queue = 10000;
        int result_queue = 1000;
        double worker_timeout = 5;
        int attempts = 3;
        std::string health = "127.0.0.1:9105";
    } broker;

    struct Recognize {
        std::string engine = "opencv";
        int batch = 8;
        bool crops = false;
        double false_alarms = 0.01;
        double margin = 0.05;
        double early = 0.08;
        int min_probes = 2;
        double min_quality = 0.2;
        int track_ttl = 600;
        std::string health = "127.0.0.1:9106";
    } recognize;

    struct Gallery {
        double min_eye_distance = 20;
        double min_sharpness = 14;
        double min_quality = 0.3;
        bool keep_pictures = true;
    } gallery;

    struct Gateway {
        std::string address = "127.0.0.1:8000";
        std::string keys;
        bool open = false;
        int max_upload = 10;
        int max_import = 64;
        int max_megapixels = 25;
        double rate = 20;
        int burst = 100;
        double timeout = 30;
        int threads = 16;
        int pictures = 1;
        int live = 200;
        int streams = 16;
        int unknown_faces = 500;
        double unknown_hours = 24;
        std::string health = "127.0.0.1:9107";
    } gateway;

    struct Mqtt {
        std::string host;
        int port = 1883;
        std::string user;
        std::string password_file;
        bool tls = false;
        std::string ca_file;
        std::string client_id = "facebus";
        std::string topic = "facebus";
        std::string discovery = "homeassistant";
        int people = 200;
        double silence = 20;
        double linger = 5;
        int queue = 1000;
    } mqtt;

    struct Bus {
        std::string key;
        std::string broker;
        std::string allowed;
        std::string plain = "never";
    } bus;

    struct Redis {
        std::string url = "redis://127.0.0.1:6379/0";
        std::string user;
        std::string password_file;
        std::string ca_file;
        std::string cert_file;
        std::string key_file;
        int timeout_ms = 2000;
    } redis;

    struct Results {
        double history_hours = 24;
    } results;

    std::string models;
    int threads = 1;
    std::string log_level = "info";
};

/// Every key with its help, bound to `settings`.
std::vector<Key> setting_keys(Settings& settings);
std::vector<Group> setting_groups(Settings& settings);

/// Reads `file`; an empty name means $FACEBUS_CONFIG, or else ./facebus.yaml or
/// /etc/facebus/facebus.yaml where one exists, or else defaults alone. Throws StartupError
/// (config).
Settings load_settings(const std::string& file, const Environment& environment);

/// Where the models are: `models` as set, or the folder that models/prepare fills by default.
std::filesystem::path models_folder(const Settings& settings, const Environment& environment);

/// The contents of a file that holds a secret, without the line end. Empty for an empty name.
/// Throws StartupError (config) that names `setting`.
std::string read_secret(const std::string& file, const std::string& setting);

}  // namespace facebus::service
