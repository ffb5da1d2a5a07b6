// The gallery in Redis: subjects, samples, photos, policy and the change stream.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// A subject and its number of samples.
struct SubjectEntry {
    Subject subject;
    std::size_t samples = 0;
};

/// A sample and the name of its subject.
struct NamedSample {
    std::string subject;
    Sample sample;
};

/// Result of a removal.
struct Removed {
    std::size_t count = 0;        ///< of subjects or samples removed
    std::string manual_commands;  ///< as rewrite_files() returns them
};
/// Result of removing one sample.
struct RemovedSample {
    std::string subject;  ///< name of its subject
    std::string manual_commands;
};

/// Access to the gallery in Redis. Every write is one transaction and appends to the change stream.
/// Several programs can write concurrently. All functions pass names through clean_name(). Not
/// thread-safe: use one object per thread. Errors as in class Redis, and `malformed` if a record in
/// Redis is damaged.
class Store {
  public:
    explicit Store(RedisOptions options);

    /// Fails if Redis does not reply.
    Result<void> ping();

    /// Adds a sample to the subject of that name, and creates the subject if necessary. Sets
    /// `sample.id` and `subject_id`, and `created` if it is 0. `photo` is a JPEG of the face,
    /// kept until the sample is removed; empty: none. Returns the sample as stored. Fails with
    /// `refused` if the name is invalid or the gallery uses another model, with `exists` if the
    /// subject already has this face (similarity above 0.9999), and as check_sample() and
    /// check_photo() do.
    Result<Sample> add(const std::string& name, Sample sample, const std::string& photo = {});

    /// Creates a subject without samples. Fails with `exists` if there is one of that name, and
    /// with `refused` if the name is invalid.
    Result<Subject> add_subject(const std::string& name);

    /// Renames the subject. If there already is a subject `new_name`, merges the two: moves the
    /// samples there, removes this subject and the results that name it, and marks the other as
    /// ignored if either was. Returns whether it merged. Fails with `refused` if there is no
    /// subject of that name or a name is invalid.
    Result<bool> rename(const std::string& name, const std::string& new_name);

    /// Sets Subject::ignored. Ignoring a subject also erases the results that name it. Fails with
    /// `refused` if there is no subject of that name.
    Result<void> set_ignored(const std::string& name, bool ignored);

    /// Replaces embedding, quality and model of the sample `sample.id`, and makes its model that of
    /// the gallery. Fails with `refused` if there is no such sample.
    Result<void> replace(const Sample& sample);

    /// Returns all subjects in the order of their names.
    Result<std::vector<SubjectEntry>> list();
    /// Returns the subject of that name, if there is one.
    Result<std::optional<Subject>> find(const std::string& name);
    /// Returns the samples of a subject, oldest first. Fails with `refused` if there is no subject
    /// of that name.
    Result<std::vector<Sample>> show(const std::string& name);
    /// Returns the sample with that id, if there is one.
    Result<std::optional<NamedSample>> find_sample(const std::string& id);
    /// Returns the photo of that sample, if there is one. The JPEG is untrusted.
    Result<std::optional<std::string>> photo(const std::string& sample_id);
    /// Returns one page of the samples of these subjects: `count` of them from number `first` on.
    /// Omits samples that do not decode. Requires: `subjects` come from list().
    Result<std::vector<NamedSample>> samples(const std::vector<SubjectEntry>& subjects,
                                             std::size_t first, std::size_t count);
    /// Returns the number of samples made by another model than `model_id`.
    Result<std::size_t> samples_of_other_models(const std::string& model_id);
    /// Removes the subject and every trace of it: samples, photos, results that name it, the memory
    /// of tracks that could show it, and the data in the files of Redis. Returns the manual
    /// commands of rewrite_files(). Fails with `refused` if there is no subject of that name. After
    /// any other error the subject may be gone but traces may remain.
    Result<std::string> remove(const std::string& name);
    /// Removes one sample, its photo, and the results that list it. Fails with `refused` if it does
    /// not exist.
    Result<RemovedSample> remove_sample(const std::string& id);
    /// Removes all samples of the subject as remove() does, but keeps the subject. Counts samples.
    Result<Removed> remove_samples(const std::string& name);
    /// Removes all subjects as remove() does, or only all their samples. Counts subjects or
    /// samples.
    Result<Removed> remove_all(bool subjects_too);

    /// Returns the policy stored with the gallery, if there is one.
    Result<std::optional<Policy>> policy();
    /// Stores the policy. Fails with `malformed` if a value is out of range.
    Result<void> set_policy(const Policy& policy);
    /// Removes the stored policy, so that the configuration applies again.
    Result<void> clear_policy();

    /// Loads the whole gallery, with the samples of `model_id`. Omits and counts samples that do
    /// not decode. Includes most changes written meanwhile; if one is missed, version() is newer
    /// than that of the snapshot.
    Result<std::shared_ptr<const Snapshot>> load(const std::string& model_id);
    /// Returns the current gallery from an earlier snapshot and the changes since. Reloads
    /// everything if the change stream does not go back that far. Returns `gallery` itself if
    /// nothing changed.
    Result<std::shared_ptr<const Snapshot>> refresh(std::shared_ptr<const Snapshot> gallery);
    /// Returns the newest id in the change stream, "0-0" if nothing was ever written. A snapshot of
    /// another version is out of date.
    Result<std::string> version();

  private:
    struct Plan;
    /// Samples that a removal took out of the gallery.
    struct DeletedSamples {
        std::size_t samples = 0;
        std::vector<Embedding> embeddings;
    };

    Result<std::string> commit(const std::function<Result<Plan>()>& plan_write);
    /// Returns the id of the subject with that name, if there is one. Requires: clean_name()
    /// returned the name.
    Result<std::optional<std::string>> subject_id(const std::string& clean);
    /// Returns the sample ids, or the samples, of the subject with that id, oldest first.
    Result<std::vector<std::string>> sample_ids(const std::string& subject);
    Result<std::vector<Result<Sample>>> samples_of(const std::string& subject);
    Result<DeletedSamples> delete_records(const std::string& name, bool subject_too);
    Result<std::string> erase(const std::vector<Embedding>& embeddings);

    Redis redis_;
};

}  // namespace facebus::gallery
