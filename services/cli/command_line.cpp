#include "cli/command_line.hpp"

#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/terminal.hpp"

namespace facebus::cli {
namespace {

void add_watch(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("watch", "Show results as they are published");
    auto options = std::make_shared<WatchOptions>();
    sub->add_option("--connect", options->endpoint,
                    "endpoint of the result topic; default: broker.results");
    sub->add_flag("--json", options->json, "one JSON object per line");
    sub->add_flag("--stats", options->stats,
                  "at the end, print the latency of each stage (p50 and p99)");
    sub->add_flag("--events", options->events, "also show track events and the broker's status");
    sub->add_flag("--until-end", options->until_end, "stop when the stream of a camera ends");
    sub->add_option("--count", options->count, "stop after this many results");
    sub->add_option(
           "--since", options->since,
           "first show earlier results from Redis, up to this age, such as 30s, 10m or 2h; also "
           "show results that were missed while disconnected")
        ->transform(
            CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                  CLI::AsNumberWithUnit::UNIT_REQUIRED));
    sub->callback([&command, options] {
        command = [options](const auto& context) { return watch(context, *options); };
    });
}

void add_status(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("status", "Show the broker's queue, workers and edges");
    auto options = std::make_shared<StatusOptions>();
    sub->add_option("--connect", options->endpoint,
                    "endpoint of the result topic; default: broker.results");
    sub->add_flag("--json", options->json, "print JSON");
    sub->add_option("--timeout", options->timeout,
                    "seconds to wait for the broker, which publishes its status every second")
        ->check(CLI::Range(0.1, 3600.0))
        ->capture_default_str();
    sub->callback([&command, options] {
        command = [options](const auto& context) { return status(context, *options); };
    });
}

void add_archive(CLI::App& gallery, Command& command) {
    const auto add = [&](const char* name, const char* help, auto run) {
        auto* sub = gallery.add_subcommand(name, help);
        auto options = std::make_shared<ArchiveOptions>();
        sub->add_option("file", options->file, "archive file")->required();
        sub->add_option("--passphrase", options->passphrase,
                        "file whose first line is the archive's passphrase");
        sub->callback([&command, options, run] {
            command = [options, run](const auto& context) { return run(context, *options); };
        });
    };
    add("export", "Write the whole gallery to a file, encrypted if --passphrase is given",
        gallery_export);
    add("import", "Enrol everyone in an exported gallery", gallery_import);
}

void add_gallery_edits(CLI::App& gallery, Command& command) {
    auto json = std::make_shared<bool>(false);
    auto* duplicates = gallery.add_subcommand(
        "duplicates", "List pairs of people who are probably the same person, to merge them");
    duplicates->add_flag("--json", *json, "print JSON");
    duplicates->callback([&command, json] {
        command = [json](const auto& context) { return gallery_duplicates(context, *json); };
    });
    const auto add = [&](const char* name, const char* help, const char* first,
                         const char* first_help, const char* second, const char* second_help,
                         auto run) {
        auto* sub = gallery.add_subcommand(name, help);
        auto one = std::make_shared<std::string>();
        auto two = std::make_shared<std::string>();
        sub->add_option(first, *one, first_help)->required();
        sub->add_option(second, *two, second_help)->required();
        sub->callback([&command, one, two, run] {
            command = [one, two, run](const auto& context) { return run(context, *one, *two); };
        });
    };
    add("rename", "Rename a person", "old", "name of the person", "new", "new name",
        gallery_rename);
    add("merge", "Move the samples of one person to another, and remove the first", "from",
        "name of the person to remove", "into", "name of the person to keep", gallery_merge);
    add("remove-sample", "Remove one sample of a person and its photo", "name",
        "name of the person", "id", "id of the sample, as printed by `gallery show`",
        gallery_remove_sample);
}

void add_gallery(CLI::App& app, Command& command) {
    auto* gallery = app.add_subcommand("gallery", "Manage enrolled people");
    gallery->require_subcommand(1);

    auto* add = gallery->add_subcommand("add", "Enrol people from photos or videos");
    auto options = std::make_shared<GalleryAddOptions>();
    add->add_option(
           "paths", options->paths,
           "photos, videos or folders of photos. A photo or video is enrolled under its file name "
           "without extension, a photo in a folder under the name of its folder or sub-folder "
           "(<name>/*.jpg). From a video, the people seen in the first second are enrolled")
        ->required();
    add->add_option("--name", options->name,
                    "name of the person in all files; default: the name of the file or folder");
    add->add_flag(
        "--allow-duplicates", options->allow_duplicates,
        "also enrol a face that would be recognised as another person; without this flag, "
        "it is rejected");
    add->callback([&command, options] {
        command = [options](const auto& context) { return gallery_add(context, *options); };
    });

    auto json = std::make_shared<bool>(false);
    auto name = std::make_shared<std::string>();
    auto* list = gallery->add_subcommand("list", "List all people");
    list->add_flag("--json", *json, "print JSON");
    list->callback([&command, json] {
        command = [json](const auto& context) { return gallery_list(context, *json); };
    });
    auto* show = gallery->add_subcommand("show", "List the samples of a person");
    show->add_option("name", *name, "name of the person")->required();
    show->add_flag("--json", *json, "print JSON");
    show->callback([&command, name, json] {
        command = [name, json](const auto& context) { return gallery_show(context, *name, *json); };
    });
    auto file = std::make_shared<std::filesystem::path>();
    auto* photo =
        gallery->add_subcommand("photo", "Write the photo of a sample (its crop) to a file");
    photo->add_option("id", *name, "id of the sample, as printed by `gallery show`")->required();
    photo->add_option("--into", *file, "JPEG file to write, readable only by its owner")
        ->required();
    photo->callback([&command, name, file] {
        command = [name, file](const auto& context) {
            return gallery_photo(context, *name, *file);
        };
    });
    add_gallery_edits(*gallery, command);
    auto moving = std::make_shared<GalleryReembedOptions>();
    auto* reembed = gallery->add_subcommand(
        "reembed", "Compute the embeddings of another model from the photos of the samples");
    reembed
        ->add_option("--model", moving->model,
                     "model to move to: facenet or sface; default: recognize.model")
        ->transform(CLI::CheckedTransformer(std::map<std::string, vision::Model>{
            {"facenet", vision::Model::facenet}, {"sface", vision::Model::sface}}));
    reembed->add_flag("--finish", moving->finish,
                      "then drop the embeddings of the old model; first restart all workers and "
                      "the gateway with the new one");
    reembed->callback([&command, moving] {
        command = [moving](const auto& context) { return gallery_reembed(context, *moving); };
    });
    auto* remove = gallery->add_subcommand("remove", "Remove a person and all their data");
    remove->add_option("name", *name, "name of the person")->required();
    remove->callback([&command, name] {
        command = [name](const auto& context) { return gallery_remove(context, *name); };
    });
    for (const bool ignored : {true, false}) {
        auto* mark = ignored
                         ? gallery->add_subcommand("ignore", "Ignore a person: never report them")
                         : gallery->add_subcommand("unignore", "Stop ignoring a person");
        mark->add_option("name", *name, "name of the person")->required();
        mark->callback([&command, name, ignored] {
            command = [name, ignored](const auto& context) {
                return gallery_ignore(context, *name, ignored);
            };
        });
    }
    add_archive(*gallery, command);
}

void add_webhooks(CLI::App& app, Command& command) {
    auto* webhooks = app.add_subcommand(
        "webhooks", "Show the deliveries of webhooks; replay or remove their dead letters");
    webhooks->require_subcommand(1);
    auto name = std::make_shared<std::string>();
    auto json = std::make_shared<bool>(false);
    auto* list = webhooks->add_subcommand("list", "Show lag, errors and dead letters");
    list->add_option("webhook", *name, "also list the dead letters of this webhook; default: none");
    list->add_flag("--json", *json, "print JSON");
    list->callback([&command, name, json] {
        command = [name, json](const auto& context) {
            return webhooks_list(context, *name, *json);
        };
    });
    const auto add = [&](const char* verb, const char* help, auto run) {
        auto* sub = webhooks->add_subcommand(verb, help);
        sub->add_option("webhook", *name, "name of the webhook; default: all");
        sub->callback([&command, name, run] {
            command = [name, run](const auto& context) { return run(context, *name); };
        });
    };
    add("replay", "Let the gateway end its back-off and deliver the dead letters again",
        webhooks_replay);
    add("clear", "Remove the dead letters", webhooks_clear);
}

void add_backup(CLI::App& app, Command& command) {
    auto* backup = app.add_subcommand(
        "backup", "Write gallery, history, settings and keys to one file, while services run");
    auto written = std::make_shared<BackupOptions>();
    backup->add_option("file", written->file, "backup file to write")->required();
    auto* passphrase = backup->add_option("--passphrase", written->passphrase,
                                          "file whose first line is the backup's passphrase");
    backup
        ->add_flag("--unencrypted", written->unencrypted,
                   "do not encrypt the backup, which contains names, photos and secret keys")
        ->excludes(passphrase);
    backup->callback([&command, written] {
        command = [written](const auto& context) { return cli::backup(context, *written); };
    });

    auto* restore =
        app.add_subcommand("restore", "Restore a backup into an empty Redis database and a folder");
    auto read = std::make_shared<RestoreOptions>();
    restore->add_option("file", read->file, "file written by `facebus backup`")->required();
    restore
        ->add_option("--into", read->into,
                     "folder for the files of settings and keys, which are written below it with "
                     "their whole paths; / restores them to where they were. Existing files are "
                     "never replaced")
        ->required();
    restore->add_option("--passphrase", read->passphrase,
                        "file whose first line is the backup's passphrase");
    restore->add_flag("--replace", read->replace,
                      "first remove everyone and the history from Redis");
    restore->callback([&command, read] {
        command = [read](const auto& context) { return cli::restore(context, *read); };
    });
}

void add_migrate(CLI::App& app, Command& command) {
    auto* migrate = app.add_subcommand(
        "migrate", "Bring the data in Redis to the format that this version requires");
    migrate->callback([&command] { command = cli::migrate; });
}

void add_collect(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "collect", "Sort the faces in videos into one folder per person, ready to enrol");
    auto options = std::make_shared<CollectOptions>();
    sub->add_option("videos", options->videos,
                    "video files, or folders whose images are the frames of a video")
        ->required();
    sub->add_option("--output", options->output, "output folder; must be new or empty")
        ->capture_default_str();
    sub->add_flag("--match", options->match,
                  "recognise enrolled people and name their folders after them");
    sub->add_option("--every", options->every,
                    "interval in seconds between searched frames; 0: search every frame")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    sub->add_flag("--json", options->json, "print JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return collect(context, *options); };
    });
}

void add_demo(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "demo", "Run the whole system on one video, with its own Redis, and show the results");
    auto options = std::make_shared<DemoOptions>();
    auto gallery = std::make_shared<std::string>();
    sub->add_option(
        "--source", options->source,
        "video file, folder of images, rtsp://... or /dev/video0; default: a clip fetched by "
        "models/prepare");
    sub->add_option("--gallery", *gallery,
                    "folder of <name>/*.jpg (or <name>.jpg) to enrol; default: photos fetched by "
                    "models/prepare");
    sub->add_option("--output", options->output, "folder for images and logs")
        ->capture_default_str();
    sub->add_option("--workers", options->workers, "number of recognize processes")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    sub->add_option("--seconds", options->seconds,
                    "stop after this many seconds; 0: only at the end of the source")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    sub->add_flag(
        "!--no-first-second", options->first_second,
        "do not enrol the people seen in the first second of a file; implied by --gallery");
    sub->callback([&command, options, gallery] {
        if (!gallery->empty()) options->gallery = *gallery;
        command = [options](const auto& context) { return demo(context, *options); };
    });
}

void add_calibrate(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("calibrate",
                                   "Set the decision threshold for this gallery and a target FPIR");
    auto options = std::make_shared<CalibrateOptions>();
    sub->add_option("--fpir", options->fpir,
                    "target false positive identification rate: the share of unknown people who "
                    "may be falsely identified, such as 0.01 or 0.001; default: recognize.fpir")
        ->check(CLI::Range(gallery::min_fpir, gallery::max_fpir));
    auto* dry_run =
        sub->add_flag("--dry-run", options->dry_run, "show the result without storing it");
    auto* show = sub->add_flag("--show", options->show,
                               "show the calibration in force and where it comes from");
    show->excludes(dry_run)->excludes("--fpir");
    sub->add_flag(
           "--reset", options->reset,
           "remove the stored calibration, so that the settings in the section recognize apply")
        ->excludes(dry_run)
        ->excludes(show);
    sub->add_flag("--json", options->json, "print JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return calibrate(context, *options); };
    });
}

void add_adapt(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "adapt", "Adapt recognition to your cameras, from faces that `collect` has sorted");
    auto options = std::make_shared<AdaptOptions>();
    auto* folder = sub->add_option(
        "folder", options->folder,
        "folder written by `facebus collect` and checked by you. Sub-folders with the name of an "
        "enrolled person show that person; all others show unknown people");
    sub->add_option("--camera", options->cameras,
                    "cameras to adapt, separated by commas; default: all")
        ->delimiter(',');
    sub->add_option("--probes", options->probes,
                    "faces of a person that are fused per search, at most")
        ->check(CLI::Range(1, 20))
        ->capture_default_str();
    sub->add_option("--photos", options->photos,
                    "folder of <name>/*.jpg: other photos, which no camera took; with them, an own "
                    "cohort can also be chosen, if it misses at most 0.1% more of them");
    sub->add_option("--cache", options->cache,
                    "file to cache embeddings in; default: as for `evaluate`");
    sub->add_option("--photo-cache", options->photo_cache, "the same for --photos");
    auto* dry_run =
        sub->add_flag("--dry-run", options->dry_run, "show the result without storing it");
    auto* show = sub->add_flag("--show", options->show, "show the stored adaptation");
    show->excludes(folder)->excludes(dry_run);
    sub->add_flag("--undo", options->undo, "remove the stored adaptation")
        ->excludes(folder)
        ->excludes(dry_run)
        ->excludes(show);
    sub->add_flag("--json", options->json, "print JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return adapt(context, *options); };
    });
}

void add_detect(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("detect", "Show the faces in images and their quality");
    auto paths = std::make_shared<std::vector<std::filesystem::path>>();
    auto json = std::make_shared<bool>(false);
    sub->add_option("paths", *paths, "images or folders of images")->required();
    sub->add_flag("--json", *json, "print one line of JSON per image");
    sub->callback([&command, paths, json] {
        command = [paths, json](const auto& context) { return detect(context, *paths, *json); };
    });
}

void add_evaluate(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("evaluate", "Measure recognition accuracy on labelled images");
    auto options = std::make_shared<EvaluateOptions>();
    sub->add_option("folder", options->folder, "folder of <name>/*.jpg")->required();
    sub->add_option("--pairs", options->pairs,
                    "file of pairs in the format of LFW's pairs.txt; default: random pairs");
    sub->add_option("--samples", options->samples,
                    "numbers of enrolled images per person, such as 1,3,5; accuracy is measured "
                    "for each number")
        ->delimiter(',')
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub->add_option("--probes", options->probes,
                    "numbers of images fused per search, such as 1,3,5; accuracy is measured for "
                    "each number")
        ->delimiter(',')
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
    sub->add_option("--trials", options->trials,
                    "number of random splits into enrolled people and impostors")
        ->check(CLI::Range(1, 10'000))
        ->capture_default_str();
    sub->add_option(
        "--cache", options->cache,
        "file to cache embeddings in; default: a file in facebus/evaluate in the user's "
        "cache folder");
    sub->add_option("--charts", options->charts, "folder for ROC, DET and FNIR charts (SVG)");
    sub->add_option("--fpir", options->fpirs,
                    "target false positive identification rates (FPIR) of the calibration check")
        ->delimiter(',')
        ->check(CLI::Range(gallery::min_fpir, gallery::max_fpir))
        ->capture_default_str();
    sub->add_option("--folds", options->folds,
                    "compare the people of each of this many parts with a cohort of the other "
                    "parts; 0: with the cohort that ships. Required for people who are in that "
                    "cohort")
        ->check(CLI::Range(0, 20))
        ->capture_default_str();
    sub->add_option("--write-cohort", options->cohort,
                    "file to write a cohort of these people to, in the format of "
                    "models/cohort_*.json");
    sub->add_flag("--gallery", options->gallery,
                  "instead of all other measurements, search the gallery for the person in each "
                  "image, with the threshold of the workers; people whose names are not in the "
                  "gallery count as unknown. --failures lists the wrong decisions, --json all");
    sub->add_flag("--failures", options->failures,
                  "list every misclassified pair and every image without a face");
    sub->add_flag("--json", options->json, "print JSON");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return evaluate(context, *options); };
    });
}

void add_keygen(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand(
        "keygen", "Create a key pair for the broker or for a process that connects to it");
    auto options = std::make_shared<KeygenOptions>();
    sub->add_option("role", options->role, "broker, edge, worker or subscriber")
        ->required()
        ->check(CLI::IsMember({"broker", "edge", "worker", "subscriber"}));
    sub->add_option("name", options->name, "name of the machine; also the name of the two files")
        ->required();
    sub->add_option("--into", options->folder, "folder for NAME.key and NAME.pub")
        ->capture_default_str();
    sub->add_option("--cameras", options->cameras,
                    "edge: cameras that the holder of the key may report, separated by commas; * "
                    "stands for any characters, as in front-*; default: all cameras");
    sub->footer(
        "At tcp:// endpoints, the broker and each process that connects to it need a key pair\n"
        "(bus.key), unless bus.allow_unencrypted permits connections without keys. The broker\n"
        "accepts the public keys in the folder bus.allowed; the other processes need the broker's\n"
        "public key (bus.broker).");
    sub->callback(
        [&command, options] { command = [options](const auto&) { return keygen(*options); }; });
}

void add_api_key(CLI::App& app, Command& command) {
    auto* sub = app.add_subcommand("api-key", "Create a key for the REST API");
    auto options = std::make_shared<ApiKeyOptions>();
    sub->add_option(
           "role", options->role,
           "read: may recognise faces in images, list enrolled people, and see results; enrol: "
           "may also add, change and remove people, and see their photos; admin: may also remove "
           "all people, and export and import the gallery")
        ->required()
        ->check(CLI::IsMember({"read", "enrol", "admin"}));
    sub->add_option("name", options->name, "name of the key's owner")->required();
    sub->add_option("--into", options->file,
                    "file to add the key's hash to; default: gateway.keys");
    sub->callback([&command, options] {
        command = [options](const auto& context) { return api_key(context, *options); };
    });
}

void add_checks(CLI::App& app, Command& command) {
    auto* check = app.add_subcommand("check", "Check the configuration, keys, models and Redis");
    auto defaults = std::make_shared<bool>(false);
    check->add_flag("--defaults", *defaults, "print a facebus.yaml with every key and its default");
    check->callback([&command, defaults] {
        if (*defaults) {
            safe_print_lines(settings::reference());
            throw CLI::Success();  // parse() returns the exit code
        }
        command = cli::check;
    });
    auto* health =
        app.add_subcommand("health", "Show the health of a service; exit code 0 if healthy");
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
                   "configuration file; default: $FACEBUS_CONFIG, ./facebus.yaml or "
                   "/etc/facebus/facebus.yaml");
    app.set_version_flag("--version", FACEBUS_VERSION);
    add_demo(app, line.command);
    add_watch(app, line.command);
    add_status(app, line.command);
    add_gallery(app, line.command);
    add_webhooks(app, line.command);
    add_backup(app, line.command);
    add_migrate(app, line.command);
    add_collect(app, line.command);
    add_calibrate(app, line.command);
    add_adapt(app, line.command);
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
        safe_print(stderr, "facebus: {}; see facebus --help\n", error.what());
        return std::unexpected(Exit::usage);
    }
    // Check this here instead of with require_subcommand(): if there is also an unknown flag, the
    // parser would report the missing command instead of the flag.
    if (!line.command) {
        safe_print(stderr, "facebus: no command; see facebus --help\n");
        return std::unexpected(Exit::usage);
    }
    return line;
}

}  // namespace facebus::cli
