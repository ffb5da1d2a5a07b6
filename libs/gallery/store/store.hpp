// The gallery in Redis: subjects, samples, the change stream. Redis is the record.
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

/// A subject as a list shows it.
struct SubjectEntry {
    Subject subject;
    std::size_t samples = 0;
};

/// A sample with the name of whose it is.
struct NamedSample {
    std::string subject;
    Sample sample;
};

/// What a removal came to.
struct Removed {
    std::size_t count = 0;
    std::string manual_commands;  ///< as rewrite_files() gives it
};
struct RemovedSample {
    std::string subject;  ///< whose it was
    std::string manual_commands;
};

/// The gallery. Every write is one transaction and appends to the change stream; several programs
/// may write at once. Names are taken as clean_name() gives them. Not thread-safe: one object a
/// thread. Errors as in gallery/redis.hpp; also malformed: what Redis holds is damaged.
class Store {
  public:
    explicit Store(RedisOptions options);

    /// Whether Redis answers.
    Result<void> ping();

    /// Adds a sample to the subject of that name, which is made if it is not there. `sample.id`
    /// and `subject_id` are set by the store, and `created` where it is 0. `picture` is a JPEG of
    /// the face that is kept with the sample for as long as that is there; empty: none is. Gives
    /// the sample as stored. Refused: a sample of another model than the gallery's (the message
    /// names `facebus gallery reembed`); a bad name. Exists: a face that the subject has already
    /// (similarity above 0.9999). Malformed: no unit vector, quality outside 0..1, source or model
    /// id that is no text, a picture that is no JPEG. Too large: the picture.
    Result<Sample> add(const std::string& name, Sample sample, const std::string& photo = {});

    /// Makes a subject without samples. Exists: there is one of that name. Refused: a bad name.
    Result<Subject> add_subject(const std::string& name);

    /// Gives the subject another name. Where there is one of that name already it takes the samples
    /// of this one, which is gone then, with the results that name it: true; and it is ignored if
    /// either was. Refused: nobody of that name, a bad name.
    Result<bool> rename(const std::string& name, const std::string& new_name);

    /// Whether the subject is never to be reported, see Subject::ignored. The results that name one
    /// who is ignored go, so that nobody reads them later. Refused: nobody of that name.
    Result<void> set_ignored(const std::string& name, bool ignored);

    /// Puts another embedding, quality and model in the place of the sample `sample.id`: for
    /// `facebus gallery reembed`. The gallery's model becomes this sample's. Refused: no such
    /// sample.
    Result<void> replace(const Sample& sample);

    /// All subjects in the order of their names.
    Result<std::vector<SubjectEntry>> list();
    /// The subject of that name, if there is one.
    Result<std::optional<Subject>> find(const std::string& name);
    /// The samples of a subject, oldest first. Refused: nobody of that name.
    Result<std::vector<Sample>> show(const std::string& name);
    /// The sample with that id, if there is one.
    Result<std::optional<NamedSample>> find_sample(const std::string& id);
    /// The picture that is kept with that sample, if there is one: a JPEG, which is to be taken for
    /// hostile by whoever decodes it.
    Result<std::optional<std::string>> photo(const std::string& sample_id);
    /// Samples of these subjects, as list() gave them: `count` of them from the `first` on. Those
    /// that don't decode are left out.
    Result<std::vector<NamedSample>> samples(const std::vector<SubjectEntry>& subjects,
                                             std::size_t first, std::size_t count);
    /// Samples made by another model than `model_id`: what `facebus gallery reembed` has to do.
    Result<std::size_t> samples_of_other_models(const std::string& model_id);
    /// Removes the subject and every trace of it: samples, pictures, results that name it, the
    /// memory of tracks that show it, and the bytes in Redis' files. Gives what has to be done by
    /// hand about the last, as rewrite_files() does. Refused: nobody of that name. With any other
    /// error it may be that the subject is gone and not every trace is: do it again.
    Result<std::string> remove(const std::string& name);
    /// Removes one sample, its picture, and the results that it decided. Refused: no such sample.
    Result<RemovedSample> remove_sample(const std::string& id);
    /// Removes all samples of the subject as remove() does, and leaves the subject. Gives how many.
    Result<Removed> remove_samples(const std::string& name);
    /// Removes all subjects as remove() does, or all their samples. Gives how many.
    Result<Removed> remove_all(bool subjects_too);

    /// The policy stored with the gallery, if there is one.
    Result<std::optional<Policy>> policy();
    Result<void> set_policy(const Policy& policy);
    /// Back to the policy of the configuration.
    Result<void> clear_policy();

    /// Reads the whole gallery; `model_id` is the worker's. Samples that don't decode are left out
    /// and counted. What is written meanwhile is read too, but for the very last, and then
    /// version() is newer than the copy's.
    Result<std::shared_ptr<const Snapshot>> load(const std::string& model_id);
    /// The gallery as it is now, made of an earlier copy and what changed since; all is read anew
    /// if the change stream does not go back that far. Gives the copy itself if nothing changed.
    Result<std::shared_ptr<const Snapshot>> refresh(std::shared_ptr<const Snapshot> gallery);
    /// The newest id in the change stream ("0-0" if nothing was ever written): a snapshot of
    /// another version is out of date.
    Result<std::string> version();

  private:
    struct Plan;
    struct Taken {
        std::size_t samples = 0;
        std::vector<Embedding> embeddings;
    };

    Result<std::string> commit(const std::function<Result<Plan>()>& look);
    Result<std::optional<std::string>> subject_id(const std::string& clean);
    Result<std::vector<std::string>> sample_ids(const std::string& subject);
    Result<std::vector<Result<Sample>>> samples_of(const std::string& subject);
    Result<Taken> take_out(const std::string& name, bool subject_too);
    Result<std::string> erase(const std::vector<Embedding>& embeddings);

    Redis redis_;
};

}  // namespace facebus::gallery
