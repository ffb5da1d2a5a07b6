// The commands of `facebus`. Each returns its exit code or throws FatalError.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "settings/settings.hpp"
#include "vision/embed/embedder.hpp"

namespace facebus::cli {

/// Input of most commands: the configuration, the folder of the models, and the stop request.
struct Context {
    std::filesystem::path config;  ///< configuration file; empty: none
    settings::Settings settings;
    std::filesystem::path models;
    Stop& stop;
};

struct WatchOptions {
    std::string endpoint;  ///< endpoint of the result topic; empty: broker.results
    bool json = false;
    bool stats = false;       ///< print the latency of each stage at the end
    bool events = false;      ///< also print track events and the broker's status
    bool until_end = false;   ///< stop when the stream of a camera ends
    std::uint64_t count = 0;  ///< stop after this many results; 0: no limit
    double since = 0;         ///< maximum age in seconds of results read from Redis; 0: read none
};
/// Prints results as they are published.
Exit watch(const Context& context, const WatchOptions& options);

struct StatusOptions {
    std::string endpoint;  ///< empty: broker.results
    bool json = false;
    double timeout = 5;  ///< maximum time in seconds to wait for the status
};
/// Prints the state of the broker: its queue, workers and edges.
Exit status(const Context& context, const StatusOptions& options);

struct GalleryAddOptions {
    std::vector<std::filesystem::path> paths;
    std::string name;               ///< name of the person; empty: the name of the folder or file
    bool allow_duplicates = false;  ///< also enrol faces that belong to another person
};
/// Enrols people from photos and videos.
Exit gallery_add(const Context& context, const GalleryAddOptions& options);
/// Lists all people.
Exit gallery_list(const Context& context, bool json);
/// Lists the samples of a person.
Exit gallery_show(const Context& context, const std::string& name, bool json);
struct GalleryReembedOptions {
    std::optional<vision::Model> model;  ///< model to move to; empty: recognize.model
    bool finish = false;                 ///< drop the old embeddings at the end
};
/// Computes the embeddings of another model from the photos of the samples.
Exit gallery_reembed(const Context& context, const GalleryReembedOptions& options);
/// Writes the photo of a sample to a file that only its owner can read.
Exit gallery_photo(const Context& context, const std::string& id,
                   const std::filesystem::path& file);
/// Lists the pairs of people who are probably the same person.
Exit gallery_duplicates(const Context& context, bool json);
/// Renames a person. Fails if another person has the new name.
Exit gallery_rename(const Context& context, const std::string& name, const std::string& new_name);
/// Moves the samples of the person `from` to the person `into`, and removes `from`.
Exit gallery_merge(const Context& context, const std::string& from, const std::string& into);
/// Removes a person and all their data.
Exit gallery_remove(const Context& context, const std::string& name);
/// Removes one sample of a person.
Exit gallery_remove_sample(const Context& context, const std::string& name, const std::string& id);
/// Starts or stops ignoring a person. Ignored people are never reported.
Exit gallery_ignore(const Context& context, const std::string& name, bool ignored);

struct ArchiveOptions {
    std::filesystem::path file;
    std::filesystem::path passphrase;  ///< file with the passphrase on its first line; empty: none
};
/// Writes the whole gallery to a file, encrypted if there is a passphrase.
Exit gallery_export(const Context& context, const ArchiveOptions& options);
/// Enrols everyone in an exported gallery.
Exit gallery_import(const Context& context, const ArchiveOptions& options);

/// Shows the deliveries of the webhook, or of all webhooks if `webhook` is empty. Also lists the
/// dead letters of `webhook`.
Exit webhooks_list(const Context& context, const std::string& webhook, bool json);
/// Requests that the gateway delivers the dead letters of one or all webhooks again.
Exit webhooks_replay(const Context& context, const std::string& webhook);
/// Removes the dead letters of one or all webhooks.
Exit webhooks_clear(const Context& context, const std::string& webhook);

struct BackupOptions {
    std::filesystem::path file;
    std::filesystem::path passphrase;  ///< file with the passphrase on its first line; empty: none
    bool unencrypted = false;          ///< allow a backup without a passphrase
};
/// Writes gallery, history, settings and keys to a file.
Exit backup(const Context& context, const BackupOptions& options);

struct RestoreOptions {
    std::filesystem::path file;
    std::filesystem::path passphrase;  ///< see BackupOptions
    std::filesystem::path into;        ///< folder for the files of settings and keys
    bool replace = false;              ///< first remove the gallery and history in Redis
};
/// Restores a backup: writes gallery and history to Redis, and settings and keys into a folder.
Exit restore(const Context& context, const RestoreOptions& options);

/// Brings the data in Redis to the format that this program requires.
Exit migrate(const Context& context);

struct CollectOptions {
    std::vector<std::string> videos;
    std::filesystem::path output = "facebus-faces";
    bool match = false;  ///< recognise enrolled people and name their folders after them
    double every = 0;    ///< interval in seconds between searched frames; 0: search every frame
    bool json = false;
};
/// Sorts the faces in videos into one folder per person.
Exit collect(const Context& context, const CollectOptions& options);

struct DemoOptions {
    std::string source;  ///< video to play; empty: the clip that models/prepare fetches
    /// Folder of <name>/*.jpg or <name>.jpg. Empty: the photos that models/prepare fetches.
    std::optional<std::filesystem::path> gallery;
    std::filesystem::path output = "facebus-demo";
    int workers = 2;           ///< number of recognize processes
    double seconds = 0;        ///< stop after this many seconds; 0: no limit
    bool first_second = true;  ///< enrol the people seen in the first second of the source; has no
                               ///< effect if `gallery` is set or the source is live
};
/// Runs all services on one source and reports the results.
Exit demo(const Context& context, const DemoOptions& options);

struct EvaluateOptions {
    std::filesystem::path folder;
    std::filesystem::path pairs;             ///< file of pairs to compare; empty: random pairs
    std::vector<std::size_t> samples{1, 3};  ///< numbers of enrolled images per person to try
    std::vector<std::size_t> probes{1, 3};   ///< numbers of images fused per search to try
    std::size_t trials = 100;                ///< number of random splits of the people
    std::filesystem::path cache;             ///< cache file; empty: in the user's cache folder
    std::filesystem::path charts;            ///< folder for charts; empty: draw none
    std::filesystem::path cohort;            ///< file for impostor statistics; empty: write none
    std::vector<double> fpirs{0.05, 0.01, 0.001};  ///< target FPIRs of the calibration check
    std::size_t folds = 0;  ///< parts of the people for cross-validation; 0: the shipped cohort
    bool gallery = false;   ///< only search the gallery in Redis with each image
    bool json = false;
    bool failures = false;  ///< list misclassified pairs and images without a face
};
/// Measures recognition accuracy on a folder of labelled images.
Exit evaluate(const Context& context, const EvaluateOptions& options);

struct CalibrateOptions {
    std::optional<double> fpir;  ///< target FPIR; empty: as configured
    bool dry_run = false;        ///< do not store the calibration
    bool show = false;           ///< show the calibration in force and store nothing
    bool reset = false;          ///< only remove the stored calibration
    bool json = false;
};
/// Computes the decision policy of the gallery and stores its settings, or shows or removes them.
Exit calibrate(const Context& context, const CalibrateOptions& options);

struct AdaptOptions {
    std::filesystem::path folder;      ///< faces that the cameras saw, one sub-folder per person
    std::vector<std::string> cameras;  ///< cameras to adapt; empty: all
    std::size_t probes = 3;            ///< maximum number of faces to fuse per search
    std::filesystem::path photos;      ///< photos that must not be missed more often; empty: none
    std::filesystem::path cache;       ///< see EvaluateOptions
    std::filesystem::path photo_cache;
    bool dry_run = false;  ///< do not store the adaptation
    bool show = false;     ///< only show the stored adaptation
    bool undo = false;     ///< only remove the stored adaptation
    bool json = false;
};
/// Adapts recognition to one's own cameras, or shows or removes the adaptation.
Exit adapt(const Context& context, const AdaptOptions& options);

/// Prints the faces in images and their quality.
Exit detect(const Context& context, const std::vector<std::filesystem::path>& paths, bool json);

struct KeygenOptions {
    std::string role;  ///< one of bus::key_roles
    std::string name;  ///< name of the machine and of the two files
    std::filesystem::path folder = ".";
    std::optional<std::string> cameras;  ///< see bus::parse_cameras()
};
/// Writes a new key pair for the bus.
Exit keygen(const KeygenOptions& options);

struct ApiKeyOptions {
    std::string role;            ///< read, enrol or admin
    std::string name;            ///< name of the key's owner
    std::filesystem::path file;  ///< file for the key's hash; empty: gateway.keys
};
/// Prints a new key for the REST API and adds its hash to the key file.
Exit api_key(const Context& context, const ApiKeyOptions& options);

/// Checks the configuration, the keys of the bus, the models and Redis.
Exit check(const Context& context);
/// Prints the health of the service at `address` (host:port).
Exit health(const std::string& address);

}  // namespace facebus::cli
