// Layout of the data in Redis. All other files use the constants and functions below for keys.
//
// clang-format off
// | key                          | type   | content                                               |
// | ---------------------------- | ------ | ----------------------------------------------------- |
// | facebus:format               | string | version of this layout; see format.hpp. Written     |
// |                              |        | before the first change of the gallery                |
// | facebus:gallery:changes      | stream | `op`, `part`; one entry per write, two per merge of   |
// |                              |        | subjects; the newest id is the version of the gallery |
// | facebus:gallery:model        | string | id of the model that computed the samples             |
// | facebus:gallery:names        | hash   | name of a subject -> subject id                       |
// | facebus:gallery:part:<part>  | set    | ids of the subjects in that part                      |
// | facebus:gallery:calibration  | hash   | fpir, min_probes, margin, min_quality, as text         |
// | facebus:gallery:adaptation   | hash   | `id` and `record` of the adaptation to the cameras;    |
// |                              |        | see score/adaptation.hpp                              |
// | facebus:gallery:policy       | hash   | thresholds of versions that compared similarities;     |
// |                              |        | not used any more                                      |
// | facebus:subject:<id>         | hash   | `name`, `created` (ns UTC); `ignored`, with value     |
// |                              |        | `1`, only if the subject is ignored                   |
// | facebus:subject:<id>:samples | list   | sample ids, in the order in which they were added     |
// | facebus:sample:<id>          | hash   | `subject`, `source`, `model`, `quality`, `created`,   |
// |                              |        | `embedding`; while the gallery moves to another model |
// |                              |        | also `next_model`, `next_embedding`                   |
// | facebus:picture:<sample id>  | string | photo of the sample: its crop as JPEG, if stored; not |
// |                              |        | in the sample's hash, so that workers do not load it  |
// |                              |        | and can be denied access to it                        |
// | facebus:track:<track>        | hash   | probe id -> quality, embedding, model id; has a TTL   |
// | facebus:results              | stream | `topic`, `header`, `subject`, `track`; trimmed by     |
// |                              |        | age, and has a TTL                                    |
// | facebus:reader:<name>        | string | id of the entry of facebus:results after which this   |
// |                              |        | reader continues; see history_reader.hpp              |
// | facebus:delivery:<name>      | hash   | `result`, `attempts`, `error`, `error_ms`, `retry_ms`,|
// |                              |        | `replay`: state of the reader's deliveries; see       |
// |                              |        | deliveries.hpp                                        |
// | facebus:dead_letters:<name>  | stream | `result` (id of an entry of facebus:results),         |
// |                              |        | `status`, `attempts`                                  |
// | facebus:erasure:recorded     | hash   | id of a removed subject or sample -> embedding of the |
// |                              |        | sample, or empty; `<sample id>:next` -> its further   |
// |                              |        | embedding; these wait for the next erasure            |
// | facebus:erasure:running      | hash   | the same, of the erasure that runs now                |
// | facebus:erasure:state        | hash   | progress of that erasure; see scripts.hpp             |
// | facebus:erasure:kept         | stream | copy of facebus:results without the erased results    |
// | facebus:erasure:kept:old     | stream | the previous facebus:results, until it is deleted     |
// clang-format on
//
// Ids of subjects and samples are 32 hex digits (128 random bits). An embedding is stored as
// little-endian 32-bit floats: of FaceNet 512 (2,048 bytes), of SFace 128 (512 bytes). The quality
// of a probe is stored as one such float. Other numbers are stored as decimal text. Values are not
// trusted when they are read; see record.hpp.
//
// A part of the gallery is the set of subjects whose ids begin with the same three hex digits;
// there are 4,096 parts. The change stream names parts instead of subject ids, so it never contains
// the id of a removed subject.
//
// Scripts access keys that they do not declare, so the layout requires a single Redis server (with
// or without replicas), not a Redis Cluster. Redis's files on disk contain removed data until Redis
// rewrites them, so every erasure ends with a rewrite; see erasure.hpp.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace facebus::gallery::keys {

inline const std::string format = "facebus:format";
inline const std::string changes = "facebus:gallery:changes";
inline const std::string model = "facebus:gallery:model";
inline const std::string names = "facebus:gallery:names";
inline const std::string calibration = "facebus:gallery:calibration";
inline const std::string adaptation = "facebus:gallery:adaptation";
inline const std::string policy = "facebus:gallery:policy";
inline const std::string results = "facebus:results";
inline const std::string erasure_recorded = "facebus:erasure:recorded";
inline const std::string erasure_running = "facebus:erasure:running";
inline const std::string erasure_state = "facebus:erasure:state";
inline const std::string erasure_kept = "facebus:erasure:kept";

inline const std::string part_prefix = "facebus:gallery:part:";
inline const std::string subject_prefix = "facebus:subject:";
inline const std::string sample_prefix = "facebus:sample:";
inline const std::string photo_prefix = "facebus:picture:";  // photos are "pictures" in Redis
inline const std::string track_prefix = "facebus:track:";

inline const std::string reader_prefix = "facebus:reader:";

/// Returns the part that a subject belongs to. Requires: the id is valid.
inline std::string part_of(const std::string& subject_id) {
    return subject_id.substr(0, 3);
}
/// Returns whether the text is a part: three lower-case hex digits.
inline bool valid_part(std::string_view text) {
    return text.size() == 3 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}
/// Returns all parts, sorted.
inline std::vector<std::string> all_parts() {
    std::vector<std::string> parts;
    parts.reserve(0x1000);
    for (int i = 0; i < 0x1000; ++i) parts.push_back(fmt::format("{:03x}", i));
    return parts;
}

// The keys of the table above.
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
inline std::string delivery(const std::string& reader) {
    return "facebus:delivery:" + reader;
}
inline std::string dead_letters(const std::string& reader) {
    return "facebus:dead_letters:" + reader;
}
inline std::string track(const std::string& id) {
    return track_prefix + id;
}

}  // namespace facebus::gallery::keys
