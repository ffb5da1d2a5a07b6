// facebus gallery: renames, merges, ignores and removes people, removes samples, and lists people
// who are enrolled twice.
#include <functional>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/erase.hpp"
#include "cli/gallery/matcher.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/decide/duplicates.hpp"
#include "gallery/id.hpp"
#include "gallery/store/erasure.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

/// Erases the traces of what a command has removed, and prints a line. `changed` is the result of
/// the removal and `gone` returns whether its target is missing from the gallery. If the target is
/// missing, an earlier run of the command may have been interrupted, so completes the pending
/// erasure if there is one. Throws FatalError if nothing was removed and no erasure is pending.
/// `done` states what was removed, `command` is the subcommand of `facebus` that continues.
void erase_removed(const Context& context, const Result<void>& changed,
                   const std::function<bool()>& gone, const std::string& done,
                   const std::string& command) {
    gallery::Eraser eraser(context.settings.redis);
    if (!changed) {
        // Redis also refuses commands for other reasons, and then nothing was removed.
        const bool repeated = changed.error().kind == ErrorKind::refused && gone();
        if (!repeated || must(eraser.phase()) == gallery::ErasurePhase::none) must(changed);
    }
    erase(context, eraser, changed ? done : "a person is removed", command);
    if (changed) {
        safe_print("{}\n", done);
    } else {
        safe_print("completed the removal of people removed before; {}\n", changed.error().message);
    }
}

/// Returns the result without its value.
template <class T>
Result<void> without_value(const Result<T>& result) {
    if (!result) return std::unexpected(result.error());
    return {};
}

}  // namespace

Exit gallery_rename(const Context& context, const std::string& name, const std::string& new_name) {
    gallery::Store store(context.settings.redis);
    const auto renamed = store.rename(name, new_name, gallery::Store::IfTaken::fail);
    if (!renamed && renamed.error().kind == ErrorKind::exists) {
        throw FatalError(Exit::input,
                         fmt::format("{}; to move the samples of \"{}\" to that person, run "
                                     "facebus gallery merge \"{}\" \"{}\"",
                                     renamed.error().message, name, name, new_name));
    }
    must(renamed);
    safe_print("renamed {} to {}\n", name, new_name);
    return Exit::ok;
}

Exit gallery_merge(const Context& context, const std::string& from, const std::string& into) {
    gallery::Store store(context.settings.redis);
    const auto moved = store.merge(from, into);
    erase_removed(
        context, without_value(moved),
        [&] { return !must(store.find(from)) && must(store.find(into)).has_value(); },
        fmt::format("{} is merged into {}: {} moved", from, into,
                    counted(moved.value_or(0), "sample", "samples")),
        fmt::format("gallery merge \"{}\" \"{}\"", from, into));
    return Exit::ok;
}

Exit gallery_remove(const Context& context, const std::string& name) {
    gallery::Store store(context.settings.redis);
    erase_removed(
        context, store.remove(name), [&] { return !must(store.find(name)).has_value(); },
        fmt::format("{} is removed", name), fmt::format("gallery remove \"{}\"", name));
    return Exit::ok;
}

Exit gallery_remove_sample(const Context& context, const std::string& name, const std::string& id) {
    gallery::Store store(context.settings.redis);
    const auto sample = gallery::from_uuid(id);
    erase_removed(
        context, without_value(store.remove_sample(sample, name)),
        [&] { return !must(store.find_sample(sample)).has_value(); },
        fmt::format("sample {} of {} is removed", id, name),
        fmt::format("gallery remove-sample \"{}\" {}", name, id));
    return Exit::ok;
}

Exit gallery_ignore(const Context& context, const std::string& name, bool ignored) {
    gallery::Store store(context.settings.redis);
    must(store.set_ignored(name, ignored));
    gallery::Eraser eraser(context.settings.redis);
    if (ignored) {
        erase(context, eraser, fmt::format("{} is ignored", name),
              fmt::format("gallery ignore \"{}\"", name));
    }
    safe_print("{} is {}ignored\n", name, ignored ? "" : "no longer ");
    return Exit::ok;
}

Exit gallery_duplicates(const Context& context, bool json) {
    gallery::Store store(context.settings.redis);
    const auto matcher =
        load_matcher(store, context.settings.calibration, must(store.model()).value_or(""));
    std::vector<gallery::Duplicate> found;
    {
        Progress progress("comparing", matcher.gallery->subjects_with_samples());
        found = gallery::find_duplicates(*matcher.gallery, matcher.policy, [&] {
            progress.advance();
            return !context.stop.requested();
        });
    }
    if (context.stop.requested()) return Exit::interrupted;
    if (json) {
        auto all = nlohmann::ordered_json::array();
        for (const auto& pair : found) {
            all.push_back({{"first", {{"name", pair.first.name}, {"id", pair.first.id}}},
                           {"second", {{"name", pair.second.name}, {"id", pair.second.id}}},
                           {"similarity", pair.similarity}});
        }
        safe_print_json(all, 2);
        return Exit::ok;
    }
    for (const auto& pair : found) {
        safe_print("{:.2f}  {}  {}\n", pair.similarity, pair.first.name, pair.second.name);
    }
    safe_print("{}{}\n", counted(found.size(), "pair", "pairs"),
               found.empty() ? "" : "; to merge one, run facebus gallery merge FROM INTO");
    return Exit::ok;
}

}  // namespace facebus::cli
