// facebus demo: runs the whole system on one source, until the source ends, the time given by
// --seconds has passed, or the user presses Ctrl-C.
#include <cstdlib>
#include <list>

#include <fmt/format.h>
#include <unistd.h>

#include "base/temporary_folder.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/demo/child.hpp"
#include "cli/demo/demo_report.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/progress.hpp"
#include "cli/result_line.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"
#include "results/latency.hpp"
#include "results/result_stream.hpp"
#include "vision/network/threads.hpp"
#include "vision/video/video_source.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;
using Environment = std::map<std::string, std::string>;

/// Searches the folder of this program, then the PATH, and returns the path of the program `name`.
/// Throws FatalError (unavailable) if the program is in none of these folders.
std::string find_program(const std::string& name) {
    std::vector<fs::path> folders{fs::read_symlink("/proc/self/exe").parent_path()};
    const char* const variable = std::getenv("PATH");
    const std::string path = variable != nullptr ? variable : "";
    for (std::size_t start = 0; start <= path.size();) {
        const auto end = std::min(path.find(':', start), path.size());
        folders.emplace_back(path.substr(start, end - start));
        start = end + 1;
    }
    for (const auto& folder : folders) {
        if (access((folder / name).c_str(), X_OK) == 0) return (folder / name).string();
    }
    throw FatalError(Exit::unavailable,
                     fmt::format("{} not found; install it next to facebus or on the PATH "
                                 "(redis-server is in the package redis-server)",
                                 name));
}

/// One run of the demo: a Redis server, the services and the report.
class Demo {
  public:
    Demo(const Context& context, const DemoOptions& options)
        : context_(context),
          options_(options),
          settings_(context.settings),
          source_(options.source.empty() ? (context.models / "demo/carphone_pristine.mp4").string()
                                         : options.source),
          replay_(vision::source_kind(source_) == vision::SourceKind::file ||
                  vision::source_kind(source_) == vision::SourceKind::folder),
          ready_(scratch_.path() / "ready"),
          endpoint_("ipc://" + (scratch_.path() / "results").string()) {
        settings_.redis = {};
        settings_.redis.url = "unix://" + (scratch_.path() / "redis").string();
    }

    Exit run() {
        const auto video = vision::VideoSource::open(source_);
        if (!video && options_.source.empty()) {
            throw FatalError(
                Exit::unavailable,
                video.error().message + "; run models/prepare, or choose a video with --source");
        }
        if (!video) throw FatalError(exit_code(video.error()), video.error().message);
        const auto logs = options_.output / "logs";
        std::error_code failed;
        fs::create_directories(logs, failed);
        if (failed) {
            throw FatalError(
                Exit::unavailable,
                fmt::format("cannot create {}: {}; choose another folder with --output",
                            logs.string(), failed.message()));
        }
        print_line(fmt::format("source {}, results in {}", vision::without_credentials(source_),
                               options_.output.string()));
        if (!start_redis() || !enrol() || !start_services()) return Exit::interrupted;
        results::ResultStream stream(bus_, endpoint_, context_.stop);
        if (!wait_for_workers(stream)) return Exit::interrupted;
        if (!start("capture")) return Exit::interrupted;
        print_results(stream);
        stop_services();
        report();
        return Exit::ok;
    }

  private:
    static void print_line(const std::string& text) { safe_print(stderr, "{}\n", text); }

    bool start_redis() {
        const auto folder = scratch_.path().string();
        children_.emplace_back(
            "redis",
            std::vector<std::string>{find_program("redis-server"), "--port", "0", "--unixsocket",
                                     folder + "/redis", "--save", "", "--dir", folder,
                                     "--supervised", "systemd"},
            Environment{{"NOTIFY_SOCKET", folder + "/ready"}}, log("redis"));
        return ready_.wait(children_.back(), context_.stop);
    }

    [[nodiscard]] fs::path log(const std::string& name) const {
        return options_.output / "logs" / (name + ".log");
    }

    bool enrol() {
        vision::use_threads(0);
        enrolment::Enroller enroller(context_.models, settings_.detect, settings_.enrolment,
                                     settings_.recognize.embedder);
        gallery::Store store(settings_.redis);
        const auto folder = options_.gallery.value_or(context_.models / "demo/photos");
        if (options_.gallery || options_.source.empty() || fs::exists(folder)) {
            enrol_photos(enroller, store, folder);
        }
        // With --gallery, do not enrol people from the video, because they may already be enrolled.
        // A person who is enrolled as two subjects is about equally similar to both and identified
        // as neither.
        if (options_.first_second && replay_ && !options_.gallery) {
            enrol_first_second(enroller, store);
        }
        return !context_.stop.requested();
    }

    void enrol_photos(enrolment::Enroller& enroller, gallery::Store& store,
                      const fs::path& folder) {
        const auto files = named_files({folder}, "");
        std::size_t added = 0;
        Progress progress("enrolling", files.size());
        for (const auto& named : files) {
            if (context_.stop.requested()) return;
            // For an image directly in `folder`, named_files() returns the name of the folder. The
            // demo uses the name of the file instead, for example alice for <folder>/alice.jpg.
            const bool flat = fs::equivalent(named.file.parent_path(), folder);
            const auto name = flat ? named.file.stem().string() : named.name;
            const auto face = enroller.sample(named.file);
            const auto enrolled =
                face ? enrolment::enrol(store, name, *face) : std::unexpected(face.error());
            if (enrolled) {
                added += enrolled->added;
            } else {
                progress.note(fmt::format("rejected {}: {}", named.file.filename().string(),
                                          enrolled.error().message));
            }
            progress.advance();
        }
        progress.note(
            fmt::format("enrolled {} of {}", added, counted(files.size(), "photo", "photos")));
    }

    /// Enrols each person whose face is visible in the first second and good enough.
    void enrol_first_second(enrolment::Enroller& enroller, gallery::Store& store) {
        std::size_t number = 0;
        for (const auto& seen : people_of_first_second(enroller, source_, context_.stop)) {
            const auto name =
                fmt::format("{} face {}", fs::path(source_).stem().string(), ++number);
            const auto added = enroller.add(store, name, seen, "first second");
            if (added) {
                print_line(fmt::format("enrolled \"{}\" from the first second: {}", name,
                                       counted(added->added, "sample", "samples")));
            }
        }
    }

    /// Starts a service and waits until it is ready. `name`: name of the child process and of its
    /// log; empty: the same as `service`. Returns false if a stop was requested.
    bool start(const std::string& service, const std::string& name = {}) {
        const auto ipc = [&](const std::string& socket) {
            return "ipc://" + (scratch_.path() / socket).string();
        };
        Environment environment{{"NOTIFY_SOCKET", (scratch_.path() / "ready").string()},
                                {"FACEBUS_CAMERAS_DEMO_SOURCE", source_},
                                {"FACEBUS_TRACK_PUBLISH_POSITIONS", "true"},
                                {"FACEBUS_BROKER_PROBES", ipc("probes")},
                                {"FACEBUS_BROKER_WORKERS", ipc("workers")},
                                {"FACEBUS_BROKER_RESULTS", endpoint_},
                                {"FACEBUS_RECOGNIZE_PUBLISH_CROPS", "true"},
                                {"FACEBUS_REDIS_URL", settings_.redis.url},
                                {"FACEBUS_REDIS_USER", ""},
                                {"FACEBUS_REDIS_PASSWORD_FILE", ""},
                                {"FACEBUS_BUS_KEY", ""},
                                {"FACEBUS_BUS_BROKER", ""},
                                {"FACEBUS_BUS_ALLOWED", ""},
                                {"FACEBUS_MODELS", context_.models.string()}};
        for (const auto& stage : wire::stages) {
            const auto section = std::string(stage.section);
            environment[service::variable_name(section + ".health")] = "127.0.0.1:0";
            if (stage.endpoint.empty()) continue;
            environment[service::variable_name(section + ".input")] = ipc(section);
        }
        const auto child = name.empty() ? service : name;
        children_.emplace_back(child, std::vector<std::string>{find_program("facebus-" + service)},
                               environment, log(child));
        return ready_.wait(children_.back(), context_.stop);
    }

    bool start_services() {
        print_line("starting the services");
        if (!start("broker")) return false;
        for (int i = 1; i <= options_.workers; ++i) {
            if (!start("recognize", fmt::format("recognize-{}", i))) return false;
        }
        // Start the edge stages in reverse order, so that each stage finds the next one. run()
        // starts the first stage, capture, after it has subscribed to the results.
        for (std::size_t row = wire::edge_stages - 1; row > 0; --row) {
            if (!start(std::string(wire::stages.at(row).process))) return false;
        }
        return true;
    }

    /// Blocks until the broker reports that all workers are connected. The received status also
    /// proves that the subscription works, so no result will be missed. Returns false if a stop was
    /// requested.
    bool wait_for_workers(results::ResultStream& stream) {
        return stream.read({.identity = {},
                            .track = {},
                            .status =
                                [&](const wire::Status& status) {
                                    return status.workers <
                                           static_cast<std::uint32_t>(options_.workers);
                                },
                            .raw = {},
                            .error = {},
                            .idle = [&] { return check_children(), true; }});
    }

    void print_results(results::ResultStream& stream) {
        const bool colour = isatty(STDOUT_FILENO) != 0;
        const auto limit = Monotonic::now() + std::chrono::duration<double>(options_.seconds);
        print_line("running; press Ctrl-C to stop");
        stream.read({.identity =
                         [&](const wire::Identity& identity, const Bytes& crop) {
                             report_.add(identity, crop);
                             latency_.add(identity);
                             print_now(format_line(identity, colour));
                             return true;
                         },
                     .track =
                         [&](const wire::Track& event) {
                             report_.add(event);
                             return event.event != wire::TrackEvent::end;
                         },
                     .status = {},
                     .raw = {},
                     .error = [](const Error& error) { print_line(error.message); },
                     .idle =
                         [&] {
                             check_children();
                             return options_.seconds <= 0 || Monotonic::now() < limit;
                         }});
    }

    /// Throws FatalError if a child has exited, unless the child is capture and its exit code is 0:
    /// capture exits at the end of its source.
    void check_children() {
        for (auto& child : children_) {
            const auto code = child.exit_code();
            if (!code || (child.name() == "capture" && *code == 0)) continue;
            throw FatalError(Exit::unavailable,
                             fmt::format("{} exited: {}; see {}", child.name(),
                                         child.last_log_line(), child.log().string()));
        }
    }

    void stop_services() {
        for (auto& child : children_) child.terminate();
        // Destroying a child waits for its exit.
        while (!children_.empty()) children_.pop_back();
    }

    void report() {
        safe_print_lines(fmt::format("\n{}\n{}", report_.summary(), latency_.table()));
        const auto sheet = options_.output / contact_sheet_name;
        if (report_.write_sheet(sheet,
                                fmt::format("facebus: {}", vision::without_credentials(source_)))) {
            safe_print("contact sheet: {}\n", sheet.string());
        } else {
            safe_print("no contact sheet, because no result has a crop\n");
        }
        if (vision::source_kind(source_) == vision::SourceKind::file &&
            !context_.stop.requested()) {
            const auto video = options_.output / "annotated.mp4";
            report_.write_video(source_, video, context_.stop);
            safe_print("annotated video: {}\n", video.string());
        }
    }

    const Context& context_;
    const DemoOptions& options_;
    settings::Settings settings_;
    std::string source_;
    bool replay_;  ///< the source is a file or a folder
    TemporaryFolder scratch_;
    ReadyListener ready_;
    std::string endpoint_;
    bus::Context bus_;
    std::list<Child> children_;
    DemoReport report_;
    results::Latency latency_;
};

}  // namespace

Exit demo(const Context& context, const DemoOptions& options) {
    return Demo(context, options).run();
}

}  // namespace facebus::cli
