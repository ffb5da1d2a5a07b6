#include "cli/evaluation/people.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>

#include <fmt/format.h>

namespace facebus::cli {

std::vector<Person> people_of(const FaceSet& set) {
    std::map<std::string_view, Person> all;
    for (const auto& image : set.images) {
        if (image.face) all[image.person].push_back(&*image.face);
    }
    std::vector<Person> people;
    people.reserve(all.size());
    for (auto& [name, person] : all) people.push_back(std::move(person));
    return people;
}

std::vector<Person> with_faces(const std::vector<Person>& people, std::size_t count) {
    std::vector<Person> enough;
    std::ranges::copy_if(people, std::back_inserter(enough),
                         [&](const Person& person) { return person.size() >= count; });
    return enough;
}

std::string subject_id(std::size_t index) {
    return fmt::format("{:032}", index);
}

gallery::Snapshot enrol(const std::vector<Person>& people, std::size_t samples,
                        const std::string& model_id,
                        std::shared_ptr<const gallery::ScoreSpace> space) {
    std::vector<gallery::Subject> subjects;
    std::vector<gallery::Sample> all;
    for (const auto& person : people) {
        const auto id = subject_id(subjects.size());
        subjects.push_back({id, id, 0});
        for (std::size_t i = 0; i < samples; ++i) {
            gallery::Sample sample;
            sample.id = fmt::format("{:016}{:016}", subjects.size(), i);
            sample.subject_id = id;
            sample.model_id = model_id;
            sample.quality = person[i]->quality.overall;
            sample.embedding = person[i]->embedding;
            all.push_back(std::move(sample));
        }
    }
    return {model_id, std::move(subjects), all, "", std::move(space)};
}

std::vector<gallery::Probe> probes_of(const Person& person, std::size_t first, std::size_t count) {
    std::vector<gallery::Probe> probes;
    probes.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& face = *person[first + i];
        probes.push_back({fmt::format("{:04}", i), face.embedding, face.quality.overall});
    }
    return probes;
}

}  // namespace facebus::cli
