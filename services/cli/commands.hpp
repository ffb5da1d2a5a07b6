// The commands of `facebus`. Each gives the exit code; a StartupError ends any of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "settings/settings.hpp"

namespace facebus::cli {

/// What every command is given.
struct Context {
    settings::Settings settings;
    std::filesystem::path models;
    Stop& stop;
};

struct WatchOptions {
    std::string endpoint;  ///< empty: broker.results
    bool json = false;
    bool stats = false;
    bool events = false;  ///< tracks and status too
    bool until_end = false;
    std::uint64_t count = 0;  ///< stop after so many identities; 0: never
    double since = 0;         ///< seconds: results of so long ago too, from Redis; 0: none
};
Exit watch(const Context& context, const WatchOptions& options);

struct GalleryAddOptions {
    std::vector<std::filesystem::path> paths;
    std::string name;  ///< empty: from the folder or file
};
Exit gallery_add(const Context& context, const GalleryAddOptions& options);
Exit gallery_list(const Context& context, bool json);
Exit gallery_show(const Context& context, const std::string& name, bool json);
/// Writes the picture of a sample to a file that only its owner may read.
Exit gallery_picture(const Context& context, const std::string& id,
                     const std::filesystem::path& file);
Exit gallery_remove(const Context& context, const std::string& name);
/// Whether the person is never to be reported.
Exit gallery_ignore(const Context& context, const std::string& name, bool ignored);

struct ArchiveOptions {
    std::filesystem::path file;
    std::filesystem::path passphrase;  ///< file whose first line it is; empty: not encrypted
};
Exit gallery_export(const Context& context, const ArchiveOptions& options);
Exit gallery_import(const Context& context, const ArchiveOptions& options);

struct CollectOptions {
    std::vector<std::string> videos;
    std::filesystem::path output = "facebus-faces";
    bool match = false;  ///< name who is in the gallery
    double every = 0;    ///< seconds between two frames that are searched; 0: all are
    bool json = false;
};
Exit collect(const Context& context, const CollectOptions& options);

struct DemoOptions {
    std::string source;  ///< empty: the clip that models/prepare fetches
    std::optional<std::filesystem::path>
        gallery;  ///< folder of <name>/*.jpg; none: the photographs
    std::filesystem::path output = "facebus-demo";
    int workers = 2;
    double seconds = 0;  ///< stop a live source after so long; 0: at its end or Ctrl-C
    bool first_second = true;
    bool json = false;
};
Exit demo(const Context& context, const DemoOptions& options);

struct EvaluateOptions {
    std::filesystem::path folder;
    std::filesystem::path pairs;  ///< empty: random pairs
    std::vector<std::size_t> samples{1, 3};
    std::vector<std::size_t> probes{1, 3};
    std::size_t trials = 100;
    std::filesystem::path cache;     ///< empty: in the user's cache folder
    std::filesystem::path pictures;  ///< folder for curves; empty: none
    std::filesystem::path cohort;    ///< file to write the statistics of these people to
    double fpir = 0.01;              ///< that calibrated galleries promise
    bool json = false;
    bool failures = false;
};
Exit evaluate(const Context& context, const EvaluateOptions& options);

struct CalibrateOptions {
    std::optional<double> fpir;  ///< share of strangers that may be named; none: as configured
    bool dry_run = false;
    bool reset = false;  ///< forget the stored policy
    bool json = false;
};
Exit calibrate(const Context& context, const CalibrateOptions& options);

/// Prints the faces in pictures.
Exit detect(const Context& context, const std::vector<std::filesystem::path>& paths, bool json);

struct KeygenOptions {
    std::string role;  ///< one of bus::key_roles
    std::string name;
    std::filesystem::path folder = ".";
};
Exit keygen(const KeygenOptions& options);

struct ApiKeyOptions {
    std::string role;  ///< read, enrol or admin
    std::string name;
    std::filesystem::path file;  ///< empty: gateway.keys
};
/// Prints a new key to the REST API.
Exit api_key(const Context& context, const ApiKeyOptions& options);

Exit check(const Context& context);
Exit health(const std::string& address);

}  // namespace facebus::cli
