// Where what stands in Redis: the only place that spells a key.
//
// clang-format off
// | key                          | type   | content                                               |
// | ---------------------------- | ------ | ----------------------------------------------------- |
// | facebus:gallery:changes      | stream | one entry a write: `op part`; the newest id is the    |
// |                              |        | version                                               |
// | facebus:gallery:model        | string | id of the model that made the samples                 |
// | facebus:gallery:names        | hash   | subject's name -> subject id                          |
// | facebus:gallery:part:<part>  | set    | the ids of the subjects in that part                  |
// | facebus:gallery:policy       | hash   | the fields of Policy under their names, as text       |
// | facebus:subject:<id>         | hash   | `name`, `created` (ns UTC); `ignored` is there, as    |
// |                              |        | `1`, where the subject is never to be reported        |
// | facebus:subject:<id>:samples | list   | sample ids, oldest first                              |
// | facebus:sample:<id>          | hash   | `subject source model quality created embedding`      |
// | facebus:picture:<sample id>  | string | JPEG of the sample's face, where one is kept; apart   |
// |                              |        | from the sample, so that workers neither load nor may |
// |                              |        | read it                                               |
// | facebus:track:<track>        | hash   | probe id -> quality, embedding, model id; a TTL       |
// | facebus:results              | stream | `topic header subject track`; a TTL, trimmed by age   |
// | facebus:reader:<name>        | string | the id of the last result that this reader is done    |
// |                              |        | with                                                  |
// clang-format on
//
// Ids are 32 hex digits (128 random bits). An embedding is 512 little-endian 32-bit floats, 2048
// bytes; the quality before a probe's embedding is one more. Numbers elsewhere are decimal text.
//
// Changes name nobody, so that nothing has to be cleaned there when a subject is removed: they say
// in which of 4,096 parts somebody changed, where a part is all ids with the same first three
// digits. Values are taken for hostile when read: see record.hpp. Scripts touch keys that they
// don't declare, so this layout is for a single Redis (with or without replicas), not for a Redis
// Cluster. Files of Redis keep what was removed until they are written anew, so a removal has that
// done.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace facebus::gallery::keys {

inline const std::string changes = "facebus:gallery:changes";
inline const std::string model = "facebus:gallery:model";
inline const std::string names = "facebus:gallery:names";
inline const std::string policy = "facebus:gallery:policy";
inline const std::string results = "facebus:results";

inline const std::string part_prefix = "facebus:gallery:part:";
inline const std::string subject_prefix = "facebus:subject:";
inline const std::string sample_prefix = "facebus:sample:";
inline const std::string photo_prefix = "facebus:picture:";
inline const std::string track_prefix = "facebus:track:";

inline const std::string reader_prefix = "facebus:reader:";

/// The part that a subject is in. Precondition: a valid id.
inline std::string part_of(const std::string& subject_id) {
    return subject_id.substr(0, 3);
}
inline bool valid_part(std::string_view text) {
    return text.size() == 3 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}
/// In the order of the ids.
inline std::vector<std::string> all_parts() {
    std::vector<std::string> parts;
    parts.reserve(0x1000);
    for (int i = 0; i < 0x1000; ++i) parts.push_back(fmt::format("{:03x}", i));
    return parts;
}
inline std::string part(const std::string& part) {
    return part_prefix + part;
}
inline std::string subject(const std::string& id) {
    return subject_prefix + id;
}
inline std::string subject_samples(const std::string& id) {
    return subject_prefix + id + ":samples";
}
inline std::string sample(const std::string& id) {
    return sample_prefix + id;
}
inline std::string photo(const std::string& sample_id) {
    return photo_prefix + sample_id;
}
inline std::string reader(const std::string& name) {
    return reader_prefix + name;
}
inline std::string track(const std::string& id) {
    return track_prefix + id;
}

}  // namespace facebus::gallery::keys
