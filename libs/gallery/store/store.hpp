// Reads and writes the gallery in Redis: subjects, samples, photos and the calibration.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/redis/redis.hpp"
#include "gallery/store/record.hpp"

namespace facebus::gallery {

/// A subject and its number of samples.
struct SubjectEntry {
    Subject subject;
    std::size_t samples = 0;
};

/// A sample and the name of its subject.
struct NamedSample {
    std::string subject;  ///< name of the subject
    Sample sample;
};

/// Access to the gallery in Redis. Subjects, samples and the calibration are changed in
/// transactions, each of which also appends to the change stream. Several programs can write
/// concurrently. New names are stored as clean_name() returns them. Subjects are looked up under
/// all names that stored_names() returns. Functions that have a name as parameter also fail with
/// the errors of clean_name() and stored_names().
///
/// Functions that remove, merge or ignore people take effect at once, and record in the same
/// transaction which traces must be erased. The caller then runs an Eraser.
///
/// Not thread-safe: use one object per thread. Errors: see class Redis; also `malformed` if a
/// record in Redis is damaged, and `unavailable` if a write fails because other programs write
/// continuously.
class Store {
  public:
    explicit Store(RedisOptions options);

    /// Sends a PING to Redis. Fails with the errors of class Redis.
    Result<void> ping();

    /// Adds a sample to the subject named `name`. Creates the subject if it does not exist. Sets
    /// the members `id` and `subject_id` of the sample, and `created` if it is 0. `photo` is a JPEG
    /// of the face, which is kept until the sample is removed; empty: no photo. Returns the sample
    /// as stored. Fails with `refused` if the name is invalid or the gallery uses another model,
    /// with `exists` if the subject already has a sample of the same photo (similarity above
    /// 0.9999, or an identical `photo`), and with the errors of check_sample() and check_photo().
    Result<Sample> add(const std::string& name, Sample sample, const std::string& photo = {});

    /// Creates a subject without samples. Fails with `exists` if the name is taken, and with
    /// `refused` if the name is invalid.
    Result<Subject> add_subject(const std::string& name);

    /// What rename() does if another subject has the new name.
    enum class IfTaken { merge, fail };
    /// Renames the subject named `name`. If another subject has the name `new_name`, merges the two
    /// like merge(), or fails with `exists` if `if_taken` is `fail`. Returns whether subjects were
    /// merged. Fails with `refused` if no subject is named `name` or a name is invalid.
    Result<bool> rename(const std::string& name, const std::string& new_name,
                        IfTaken if_taken = IfTaken::merge);

    /// Moves the samples of the subject named `from` to the subject named `into`, and removes the
    /// subject named `from`. Records the erasure of the results that name it, and of the memory of
    /// their tracks. If the removed subject was ignored, also marks the other one as ignored; see
    /// set_ignored(). Returns the number of moved samples. Fails with `refused` if one of the
    /// subjects does not exist or both are the same.
    Result<std::size_t> merge(const std::string& from, const std::string& into);

    /// Sets or clears Subject::ignored. Setting it also records the erasure of the results that
    /// name the subject, and of the memory of their tracks. Fails with `refused` if no subject has
    /// that name.
    Result<void> set_ignored(const std::string& name, bool ignored);

    /// Returns all subjects, sorted by name. Omits subjects whose name or id is invalid.
    Result<std::vector<SubjectEntry>> list();
    /// Returns the subject with that name, or nothing if there is none.
    Result<std::optional<Subject>> find(const std::string& name);
    /// Returns the samples of a subject, in the order in which they were added to it. Fails with
    /// `refused` if no subject has that name.
    Result<std::vector<Sample>> show(const std::string& name);
    /// Returns the sample with that id, or nothing if there is none.
    Result<std::optional<NamedSample>> find_sample(const std::string& id);
    /// Returns the photo of a sample, or nothing if none is stored. Checks the photo with
    /// check_photo(), which does not decode it, so the JPEG can still be invalid.
    Result<std::optional<std::string>> photo(const std::string& sample_id);
    /// Returns one page of the samples of these subjects: skips `first` samples and returns at most
    /// `count` of those that follow. Omits samples that were removed or cannot be decoded.
    /// `model_id`: see decode_sample(). Requires: the elements of `subjects` come from list().
    Result<std::vector<NamedSample>> samples(const std::vector<SubjectEntry>& subjects,
                                             std::size_t first, std::size_t count,
                                             const std::string& model_id = {});

    /// Returns the id of the model of the gallery: the only one of which samples can be added.
    /// Returns nothing if the gallery is empty. Fails with `malformed` if the id is damaged.
    Result<std::optional<std::string>> model();
    /// Stores a further embedding of a sample, computed by another model, and replaces the further
    /// embedding that it may have. A snapshot for that model contains the sample with this
    /// embedding; for all others, nothing changes. Fails with `refused` if the sample does not
    /// exist, and with the errors of check_sample().
    Result<void> add_embedding(const std::string& id, const std::string& model_id,
                               const Embedding& embedding);
    /// Returns the further embedding of a sample, or nothing if it has none, does not exist, or its
    /// further embedding is damaged.
    Result<std::optional<FurtherEmbedding>> further_embedding(const std::string& id);
    /// Makes `model_id` the model of the gallery: replaces the embeddings of all samples by their
    /// further embeddings of this model. Samples without such an embedding remain, but only
    /// snapshots for the old model contain them. Runs one transaction per subject; after an error,
    /// the next call continues. Returns the number of replaced embeddings.
    Result<std::size_t> change_model(const std::string& model_id);

    /// Removes the subject with its samples and photos. Records the erasure of the results that
    /// name it, and of the memory of tracks that could show it. Fails with `refused` if no subject
    /// has that name.
    Result<void> remove(const std::string& name);
    /// Removes one sample and its photo. Records the erasure of the results that contain its id,
    /// and of the memory of tracks that could show the person. Returns the name of the subject.
    /// Fails with `refused` if the sample does not exist, or if `subject` is set and the sample
    /// belongs to a subject with another name.
    Result<std::string> remove_sample(const std::string& id,
                                      const std::optional<std::string>& subject = {});
    /// Removes all samples of a subject like remove(), but keeps the subject. Returns the number of
    /// samples.
    Result<std::size_t> remove_samples(const std::string& name);
    /// Removes all samples of all subjects like remove(), and also the subjects if `subjects_too`
    /// is true. Runs one transaction per subject, so after an error, some subjects are removed.
    /// Returns the number of subjects if `subjects_too` is true, otherwise of samples.
    Result<std::size_t> remove_all(bool subjects_too);

    /// Returns the settings of the calibration stored with the gallery, or nothing if none are
    /// stored. A policy that an earlier version stored does not count: its thresholds are for
    /// cosine similarities.
    Result<std::optional<CalibrationOptions>> calibration();
    /// Returns whether no calibration is stored, but a policy of an earlier version is.
    Result<bool> has_old_policy();
    /// Stores the settings. Fails with `malformed` if a value is out of range.
    Result<void> set_calibration(const CalibrationOptions& options);
    /// Removes the stored settings, so that those of the configuration apply again.
    Result<void> clear_calibration();

    /// Returns the stored adaptation to the cameras, or nothing if none is stored. Fails with
    /// `malformed` or `unsupported` if it cannot be read. It can be of another model.
    Result<std::optional<StoredAdaptation>> adaptation();
    /// Stores an adaptation in place of the one that is stored, and returns its id.
    Result<std::string> set_adaptation(const Adaptation& adaptation);
    /// Removes the stored adaptation, if there is one.
    Result<void> clear_adaptation();

    /// Adds samples to a subject, with all ids, times, photos and further embeddings as in a
    /// backup. Creates the subject if it does not exist. Does not check for repeated samples. Fails
    /// with `exists` if another subject has the name, and with `refused` if the gallery uses
    /// another model. Requires: the subject and the samples come from a backup; see
    /// archive/backup.hpp.
    Result<void> restore(const Subject& subject, const std::vector<StoredSample>& samples);

    /// Loads a snapshot of the whole gallery. Omits and counts samples of models other than
    /// `model_id` and samples that cannot be decoded. Applies the stored adaptation, unless it is
    /// of another model or cannot be decoded. The snapshot can miss changes that are written during
    /// the call. In this case, its version is older than version().
    Result<std::shared_ptr<const Snapshot>> load(const std::string& model_id);
    /// Returns a snapshot that includes all changes since `gallery`, or `gallery` itself if nothing
    /// changed. Reads only the parts that changed. Reads the whole gallery if the change stream
    /// does not contain all changes since `gallery`, or contains unknown entries, and if another
    /// adaptation is stored.
    Result<std::shared_ptr<const Snapshot>> refresh(std::shared_ptr<const Snapshot> gallery);
    /// Returns the version of the gallery: the newest id in the change stream, or "0-0" if the
    /// stream is empty. A snapshot with a different version is out of date.
    Result<std::string> version();

  private:
    struct Plan;
    /// Name and id of a stored subject.
    struct Known {
        std::string name;
        std::string id;
    };

    /// Returns the space of the model, with the stored adaptation.
    Result<std::shared_ptr<const ScoreSpace>> space_for(const std::string& model_id);
    Result<std::string> commit(const std::function<Result<Plan>()>& plan_write);
    /// Returns the subject that is stored under one of stored_names(name), or nothing if there is
    /// none.
    Result<std::optional<Known>> known_subject(const std::string& name);
    /// Returns the ids of all samples of the subject with the id `subject`, in the order in which
    /// they were added to it.
    Result<std::vector<std::string>> sample_ids(const std::string& subject);
    /// Returns all samples of the subject with the id `subject`, in the same order as sample_ids(),
    /// with an error in place of each damaged sample.
    Result<std::vector<Result<Sample>>> samples_of(const std::string& subject);
    /// Returns whether the samples come from one photo: whether their embeddings are the same, or
    /// similar and `photo` is that of `enrolled`.
    Result<bool> same_photo(const Sample& enrolled, const Sample& added, const std::string& photo);
    Result<std::size_t> remove_records(const std::string& name, bool subject_too);
    Result<Plan> plan_merge(const Known& from, const std::string& into,
                            const std::vector<std::string>& samples);

    Redis redis_;
};

}  // namespace facebus::gallery
