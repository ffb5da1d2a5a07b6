// All settings of facebus.yaml. The options struct of each section declares the keys of that
// section.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/options.hpp"
#include "capture/options.hpp"
#include "enrolment/options.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/history/history.hpp"
#include "gallery/redis/redis.hpp"
#include "gateway/mqtt/options.hpp"
#include "gateway/options.hpp"
#include "gateway/webhooks/options.hpp"
#include "recognize/options.hpp"
#include "service/common_options.hpp"
#include "track/options.hpp"
#include "vision/detect/detector_options.hpp"
#include "vision/motion/motion_gate.hpp"

namespace facebus::settings {

/// Values of all settings, by section of facebus.yaml.
struct Settings {
    std::map<std::string, capture::CameraOptions> cameras;
    std::map<std::string, gateway::WebhookOptions> webhooks;
    capture::Options capture;
    vision::MotionOptions motion;
    vision::DetectorOptions detect;
    track::Options track;
    broker::Options broker;
    recognize::Options recognize;
    gallery::CalibrationOptions calibration;  ///< further keys of the section `recognize`
    enrolment::Options enrolment;             ///< keys of the section `gallery`
    gateway::Options gateway;
    gateway::MqttOptions mqtt;
    gallery::RedisOptions redis;
    gallery::HistoryOptions results;
    service::CommonOptions common;

    /// Returns the names of the cameras in alphabetical order.
    [[nodiscard]] std::vector<std::string> camera_names() const;
};

/// Returns the keys of all sections except `cameras` and `webhooks`. They store their values in
/// `settings`.
std::vector<service::Key> keys(Settings& settings);
/// Returns the sections `cameras` and `webhooks`, whose entries are named by the user. They store
/// their entries in `settings`.
std::vector<service::Group> groups(Settings& settings);

/// Returns the name of the configuration file that load() reads, or an empty string if there is
/// none.
std::string config_file(const std::string& file, const service::Environment& environment);

/// Reads the configuration file, then the environment, which overrides the file. If `file` is
/// empty, reads the file that $FACEBUS_CONFIG names. If this variable is not set or empty, reads
/// the first of ./facebus.yaml and /etc/facebus/facebus.yaml that exists. Settings that are not set
/// have their defaults. Throws `FatalError` (config) if the file cannot be read, if a setting is
/// unknown or invalid, or if a camera has no source.
Settings load(const std::string& file, const service::Environment& environment);

/// Returns a facebus.yaml with every key, its default and its help text.
std::string reference();

}  // namespace facebus::settings
