#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace facebus::cli {
namespace {

void add_watch(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("watch", "Show identities as they are published");
    auto options = std::make_shared<WatchOptions>();
    sub->add_option("--connect", options->endpoint, "result topic; default broker.results");
    sub->add_flag("--json", options->json, "one JSON object a line");
    sub->add_flag("--stats", options->stats, "at the end, print latency p50 and p99 by stage");
    sub->add_flag("--events", options->events, "show tracks and the broker's status too");
    sub->add_flag("--until-end", options->until_end, "stop when a stream has ended");
    sub->add_option("--count", options->count, "stop after so many identities");
    sub->add_option(
           "--since", options->since,
           "also what was published so long ago, such as 30s, 10m or 2h, and what is missed "
           "while the network is away; from Redis")
        ->transform(
            CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                  CLI::AsNumberWithUnit::UNIT_REQUIRED));
    sub->callback([&command, options] {
        command = [options](const auto& context) { return watch(context, *options); };
    });
}

void add_archive(CLI::App& gallery, Command& command) {
    const auto add = [&](const char* name, const char* help, auto run) {
        auto* sub = gallery.add_subcommand(name, help);
        auto options = std::make_shared<ArchiveOptions>();
        sub->add_option("file", options->file)->required();
        sub->add_option("--passphrase", options->passphrase,
                        "file whose first line is the passphrase of an encrypted archive");
        sub->callback([&command, options, run] {
            command = [options, run](const auto& context) { return run(context, *options); };
        });
    };
    add("export", "Write everybody to a file, encrypted with --passphrase", gallery_export);
    add("import", "Enrol everybody who is in such a file", gallery_import);
}

void add_gallery(CLI::App& app, Command& command) {
    auto* gallery = app.add_subcommand("gallery", "Who is enrolled");
    gallery->require_subcommand(1);

    auto* add = gallery->add_subcommand("add", "Enrol people from pictures");
    auto options = std::make_shared<GalleryAddOptions>();
    add->add_option(
           "paths", options->paths,
           "pictures or videos (named after the file; of a video, who is seen in its first "
           "second), or folders (named after the folder that holds the picture: "
           "<name>/*.jpg)")
        ->required();
    add->add_option("--name", options->name, "the person in all of them");
    add->callback([&command, options] {
        command = [options](const auto& context) { return gallery_add(context, *options); };
    });

    auto json = std::make_shared<bool>(false);
    auto name = std::make_shared<std::string>();
    auto* list = gallery->add_subcommand("list", "List all people");
    list->add_flag("--json", *json, "as JSON");
    list->callback([&command, json] {
        command = [json](const auto& context) { return gallery_list(context, *json); };
    });
    auto* show = gallery->add_subcommand("show", "List the samples of a person");
    show->add_option("name", *name)->required();
    show->add_flag("--json", *json, "as JSON");
    show->callback([&command, name, json] {
        command = [name, json](const auto& context) { return gallery_show(context, *name, *json); };
    });
    auto file = std::make_shared<std::filesystem::path>();
    auto* picture = gallery->add_subcommand("picture", "Write the picture of a sample to a file");
    picture->add_option("id", *name, "as show tells it")->required();
    picture->add_option("--into", *file, "a JPEG for its owner to read")->required();
    picture->callback([&command, name, file] {
        command = [name, file](const auto& context) {
            return gallery_picture(context, *name, *file);
        };
    });
    auto* remove = gallery->add_subcommand("remove", "Remove a person and every trace");
    remove->add_option("name", *name)->required();
    remove->callback([&command, name] {
        command = [name](const auto& context) { return gallery_remove(context, *name); };
    });
    for (const bool ignored : {true, false}) {
        auto* mark = ignored ? gallery->add_subcommand("ignore", "Never report a person")
                             : gallery->add_subcommand("report", "Report an ignored person again");
        mark->add_option("name", *name)->required();
        mark->callback([&command, name, ignored] {
            command = [name, ignored](const auto& context) {
                return gallery_ignore(context, *name, ignored);
            };
        });
    }
    add_archive(*gallery, command);
}

void add_collect(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "collect", "Sort the faces in videos into a folder for each person, ready to enrol");
    auto options = std::make_shared<CollectOptions>();
    sub->add_option("videos", options->videos, "video files, or folders of pictures as frames")
        ->required();
    sub->add_option("--output", options->output, "new or empty folder for them")
        ->capture_default_str();
    sub->add_flag("--match", options->match, "name the folders of people who are in the gallery");
    sub->add_option("--every", options->every,
                    "search a frame every so many seconds; 0: every frame")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    sub->add_flag("--json", options->json, "as JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return collect(context, *options); };
    });
}

void add_demo(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "demo", "Run everything on one video, with a Redis of its own, and show the results");
    auto options = std::make_shared<DemoOptions>();
    auto gallery = std::make_shared<std::string>();
    sub->add_option(
        "--source", options->source,
        "video file, folder of pictures, rtsp://... or /dev/video0; default: a clip that "
        "models/prepare fetched");
    sub->add_option("--gallery", *gallery,
                    "folder of <name>/*.jpg (or <name>.jpg) to enrol; default: photographs that "
                    "models/prepare fetched");
    sub->add_option("--output", options->output, "folder for pictures and logs")
        ->capture_default_str();
    sub->add_option("--workers", options->workers, "recognize processes")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub->add_option("--seconds", options->seconds, "stop after so long; 0: at the end")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub->add_flag(
        "!--no-first-second", options->first_second,
        "do not enrol who is seen in the first second of a file; with --gallery nobody is");
    sub->callback([&command, options, gallery] {
        if (!gallery->empty()) options->gallery = *gallery;
        command = [options](const auto& context) { return demo(context, *options); };
    });
}

void add_calibrate(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("calibrate",
                                   "Set the threshold for this gallery and a rate of false alarms");
    auto options = std::make_shared<CalibrateOptions>();
    sub->add_option("--false-alarms", options->fpir,
                    "share of strangers that may be named as somebody, such as 0.01 or 0.001; "
                    "default recognize.fpir")
        ->check(CLI::Range(1e-5, 0.5));
    sub->add_flag("--dry-run", options->dry_run, "show it, store nothing");
    sub->add_flag("--reset", options->reset, "forget it: the configuration counts again");
    sub->add_flag("--json", options->json, "as JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return calibrate(context, *options); };
    });
}

void add_detect(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("detect", "Show the faces in pictures, and their quality");
    auto paths = std::make_shared<std::vector<std::filesystem::path>>();
    auto json = std::make_shared<bool>(false);
    sub->add_option("paths", *paths, "pictures or folders of them")->required();
    sub->add_flag("--json", *json, "one JSON object a picture and line");
    sub->callback([&command, paths, json] {
        command = [paths, json](const auto& context) { return detect(context, *paths, *json); };
    });
}

void add_evaluate(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("evaluate", "Measure recognition on <name>/*.jpg");
    auto options = std::make_shared<EvaluateOptions>();
    sub->add_option("folder", options->folder, "folder of <name>/*.jpg")->required();
    sub->add_option("--pairs", options->pairs,
                    "pairs in the format of LFW's pairs.txt; default: random ones");
    sub->add_option("--samples", options->samples, "enrolled pictures a person, such as 1,3,5")
        ->delimiter(',')
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub->add_option("--probes", options->probes, "pictures fused into a probe, such as 1,3,5")
        ->delimiter(',')
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub->add_option("--trials", options->trials, "divisions into enrolled people and strangers")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    sub->add_option("--cache", options->cache,
                    "file that keeps the embeddings; default: in ~/.cache/facebus/evaluate");
    sub->add_option("--pictures", options->pictures, "folder for ROC, DET and FNIR curves (SVG)");
    sub->add_option("--false-alarms", options->fpir,
                    "rate of false alarms for which galleries are calibrated and checked")
        ->check(CLI::Range(1e-5, 0.5))
        ->capture_default_str();
    sub->add_option("--write-cohort", options->cohort,
                    "write the statistics of these people to a file: models/cohort.json is that");
    sub->add_flag("--failures", options->failures,
                  "name each pair that was judged wrongly and each picture without a face");
    sub->add_flag("--json", options->json, "as JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return evaluate(context, *options); };
    });
}

void add_keygen(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("keygen", "Make a key for the broker or what connects to it");
    auto options = std::make_shared<KeygenOptions>();
    sub->add_option("role", options->role, "broker, edge, worker or subscriber")
        ->required()
        ->check(CLI::IsMember({"broker", "edge", "worker", "subscriber"}));
    sub->add_option("name", options->name, "name of the machine, and of the two files")->required();
    sub->add_option("--into", options->folder, "folder for NAME.key and NAME.pub")
        ->capture_default_str();
    sub->footer(
        "Each process has a key of its own (bus.key). The broker knows whose public keys may\n"
        "connect (bus.allowed, a folder), and who connects knows the broker's (bus.broker).");
    sub->callback(
        [&command, options] { command = [options](const auto&) { return keygen(*options); }; });
}

void add_api_key(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("api-key", "Make a key to the REST API");
    auto options = std::make_shared<ApiKeyOptions>();
    sub->add_option("role", options->role,
                    "read (recognise, detect, verify, list), enrol (also add, rename and remove) "
                    "or admin (also export, import, remove all)")
        ->required()
        ->check(CLI::IsMember({"read", "enrol", "admin"}));
    sub->add_option("name", options->name, "whose it is")->required();
    sub->add_option("--into", options->file, "file of keys to add it to; default gateway.keys");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return api_key(context, *options); };
    });
}

void add_checks(CLI::App& app, Command& command) {
    auto* check = app.add_subcommand("check", "Check configuration, models and Redis");
    auto defaults = std::make_shared<bool>(false);
    check->add_flag("--defaults", *defaults, "print a facebus.yaml with every key and its default");
    check->callback([&command, defaults] {
        if (*defaults) {
            fmt::print("{}", settings::reference());
            std::exit(0);
        }
        command = cli::check;
    });
    auto* health = app.add_subcommand("health", "Ask a service how it is; exit code 0 if well");
    auto address = std::make_shared<std::string>();
    health->add_option("address", *address, "host:port, as in capture.health")->required();
    health->callback([&command, address] {
        command = [address](const auto&) { return cli::health(*address); };
    });
}

}  // namespace

std::expected<CommandLine, Exit> parse(int argc, char** argv) {
    CLI::App app("facebus: face recognition on a message bus");
    app.fallthrough();
    CommandLine line;
    app.add_option("--config", line.config,
                   "configuration file; default $FACEBUS_CONFIG, ./facebus.yaml, "
                   "/etc/facebus/facebus.yaml");
    app.set_version_flag("--version", FACEBUS_VERSION);
    add_demo(app, line.command);
    add_watch(app, line.command);
    add_gallery(app, line.command);
    add_collect(app, line.command);
    add_calibrate(app, line.command);
    add_detect(app, line.command);
    add_evaluate(app, line.command);
    add_keygen(app, line.command);
    add_api_key(app, line.command);
    add_checks(app, line.command);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wanted) {
        return std::unexpected(static_cast<Exit>(app.exit(wanted)));
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "facebus: {}; see facebus --help\n", error.what());
        return std::unexpected(Exit::usage);
    }
    // Asked for here and not of the parser, which would not name an unknown flag before it.
    if (!line.command) {
        fmt::print(stderr, "facebus: no command; see facebus --help\n");
        return std::unexpected(Exit::usage);
    }
    return line;
}

}  // namespace facebus::cli
