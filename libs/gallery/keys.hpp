// Where what stands in Redis: the only place that spells a key.
//
// clang-format off
// | key                          | type   | content                                               |
// | ---------------------------- | ------ | ----------------------------------------------------- |
// | facebus:gallery:changes      | stream | one entry a write: `op`; the newest id is the version |
// | facebus:gallery:model        | string | id of the model that made the samples                 |
// | facebus:gallery:names        | hash   | subject's name -> subject id                          |
// | facebus:gallery:policy       | hash   | the fields of Policy under their names, as text       |
// | facebus:subject:<id>         | hash   | `name`, `created` (ns UTC)                            |
// | facebus:subject:<id>:samples | list   | sample ids, oldest first                              |
// | facebus:sample:<id>          | hash   | `subject source model quality created embedding`      |
// | facebus:track:<track>        | hash   | probe id -> quality, embedding, model id; a TTL       |
// | facebus:results              | stream | `topic header subject track`; a TTL, trimmed by age   |
// clang-format on
//
// Ids are 32 hex digits (128 random bits). An embedding is 512 little-endian 32-bit floats, 2048
// bytes; the quality before a probe's embedding is one more. Numbers elsewhere are decimal text.
//
// Changes name nobody, so that nothing has to be cleaned there when a subject is removed. Values
// are taken for hostile when read: see record.hpp. Scripts touch keys that they don't declare, so
// this layout is for a single Redis (with or without replicas), not for a Redis Cluster. Files of
// Redis keep what was removed until they are written anew, so a removal has that done.
#pragma once

#include <string>

namespace facebus::gallery::keys {

inline const std::string changes = "facebus:gallery:changes";
inline const std::string model = "facebus:gallery:model";
inline const std::string names = "facebus:gallery:names";
inline const std::string policy = "facebus:gallery:policy";
inline const std::string results = "facebus:results";

inline const std::string subject_prefix = "facebus:subject:";
inline const std::string sample_prefix = "facebus:sample:";
inline const std::string track_prefix = "facebus:track:";

inline std::string subject(const std::string& id) {
    return subject_prefix + id;
}
inline std::string subject_samples(const std::string& id) {
    return subject_prefix + id + ":samples";
}
inline std::string sample(const std::string& id) {
    return sample_prefix + id;
}
inline std::string track(const std::string& id) {
    return track_prefix + id;
}

}  // namespace facebus::gallery::keys
