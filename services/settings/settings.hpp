// All settings of facebus.yaml. The keys of a section are declared in the header of its owner.
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

/// The sections of facebus.yaml.
struct Settings {
    std::map<std::string, capture::CameraOptions> cameras;
    std::map<std::string, gateway::WebhookOptions> webhooks;
    capture::Options capture;
    vision::MotionOptions motion;
    vision::DetectorOptions detect;
    track::Options track;
    broker::Options broker;
    recognize::Options recognize;
    gallery::CalibrationOptions calibration;  ///< in the section `recognize`
    enrolment::Options enrolment;             ///< the section `gallery`
    gateway::Options gateway;
    gateway::MqttOptions mqtt;
    gallery::RedisOptions redis;
    gallery::HistoryOptions results;
    service::CommonOptions common;

    /// Returns the names of the cameras in alphabetical order.
    [[nodiscard]] std::vector<std::string> camera_names() const;
};

/// Returns all keys and groups, bound to `settings`.
std::vector<service::Key> keys(Settings& settings);
std::vector<service::Group> groups(Settings& settings);

/// Reads `file` and the environment. If `file` is empty, uses $FACEBUS_CONFIG if it is set,
/// otherwise
/// ./facebus.yaml or /etc/facebus/facebus.yaml if one exists, otherwise only the defaults. Throws
/// `FatalError` (config) if the file is unreadable or a setting is invalid.
Settings load(const std::string& file, const service::Environment& environment);

/// Returns a facebus.yaml with every key, its default and its help.
std::string reference();

}  // namespace facebus::settings
