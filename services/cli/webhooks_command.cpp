// facebus webhooks: shows the deliveries of the gateway's webhooks, and replays or removes their
// dead letters.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "gallery/history/deliveries.hpp"
#include "gallery/history/history.hpp"
#include "results/identity_json.hpp"
#include "wire/codec.hpp"

namespace facebus::cli {
namespace {

using Json = nlohmann::ordered_json;

const std::string prefix = "webhook:";  // of the names of the webhooks' HistoryReaders

/// Returns the names of the chosen webhook, or of all if `chosen` is empty. Throws FatalError
/// (input) if there is none.
std::vector<std::string> webhooks(const Context& context, const std::string& chosen) {
    auto names = must(gallery::reader_names(context.settings.redis, prefix));
    for (auto& name : names) name.erase(0, prefix.size());
    if (names.empty()) {
        throw FatalError(Exit::input,
                         "no webhook has run yet; configure one in the section webhooks of "
                         "facebus.yaml and start the gateway");
    }
    if (chosen.empty()) return names;
    if (std::ranges::find(names, chosen) != names.end()) return {chosen};
    throw FatalError(Exit::input, fmt::format("there is no webhook {}; there are: {}", chosen,
                                              fmt::join(names, ", ")));
}

gallery::Deliveries deliveries(const Context& context, const std::string& webhook) {
    return {context.settings.redis, prefix + webhook};
}

std::string iso8601_of_ms(std::int64_t ms) {
    return iso8601(ms * 1'000'000);
}

/// Describes a dead letter. Returns null if its result has expired or was erased.
Json describe(gallery::History& history, const gallery::DeadLetter& letter) {
    if (letter.result.empty()) return nullptr;
    const auto entry = must(history.find(letter.result));
    if (!entry) return nullptr;
    const auto identity = wire::decode<wire::Identity>(entry->header, 0);
    if (!identity) return nullptr;
    return {{"id", results::result_id(*identity)},
            {"camera", identity->head.src},
            {"decision", wire::to_string(identity->decision)},
            {"time", iso8601_of_ms(gallery::stream_id_ms(letter.id))},
            {"status", letter.status},
            {"attempts", letter.attempts}};
}

/// Describes the state of a webhook.
Json describe(gallery::History& history, const std::string& webhook,
              const gallery::DeliveryState& state) {
    const auto now = must(history.now_ms());
    std::int64_t lag = 0;
    if (!state.position.empty()) {
        const auto pending = must(history.after(state.position, 1));
        if (!pending.empty()) lag = now - gallery::stream_id_ms(pending.front().id);
    }
    Json json{
        {"webhook", webhook},
        {"position", state.position},
        {"lag_s", static_cast<double>(std::max<std::int64_t>(lag, 0)) / 1000},
        {"retry_s", static_cast<double>(std::max<std::int64_t>(state.retry_ms - now, 0)) / 1000},
        {"error", nullptr},
        {"error_time", nullptr},
        {"dead_letters", state.dead_letters}};
    if (!state.error.empty()) {
        json["error"] = state.error;
        json["error_time"] = iso8601_of_ms(state.error_ms);
    }
    return json;
}

void print(const Json& hook) {
    safe_print("{}\n", hook["webhook"].get<std::string>());
    safe_print("  position      {}\n", hook["position"].get<std::string>());
    safe_print("  lag           {:.1f} s\n", hook["lag_s"].get<double>());
    const auto retry = hook["retry_s"].get<double>();
    safe_print("  back-off      {}\n",
               retry > 0 ? fmt::format("next attempt in {:.1f} s", retry) : "none");
    safe_print("  last error    {}\n",
               hook["error"].is_null() ? "none"
                                       : fmt::format("{} at {}", hook["error"].get<std::string>(),
                                                     hook["error_time"].get<std::string>()));
    safe_print("  dead letters  {}\n", hook["dead_letters"].get<std::size_t>());
    if (!hook.contains("letters")) return;
    for (const auto& letter : hook["letters"]) {
        safe_print("    {}  {}  {}  {}  status {}  {}\n", letter["time"].get<std::string>(),
                   letter["id"].get<std::string>(), letter["camera"].get<std::string>(),
                   letter["decision"].get<std::string>(), letter["status"].get<int>(),
                   counted(letter["attempts"].get<std::size_t>(), "attempt", "attempts"));
    }
}

}  // namespace

Exit webhooks_list(const Context& context, const std::string& webhook, bool json) {
    gallery::History history(context.settings.redis, 0);
    auto all = Json::array();
    for (const auto& name : webhooks(context, webhook)) {
        auto of_hook = deliveries(context, name);
        must(of_hook.remove_expired());
        auto hook = describe(history, name, must(of_hook.state()));
        if (!webhook.empty()) {
            hook["letters"] = Json::array();
            for (const auto& letter : must(of_hook.dead_letters())) {
                auto description = describe(history, letter);
                if (!description.is_null()) hook["letters"].push_back(std::move(description));
            }
        }
        all.push_back(std::move(hook));
    }
    if (json) {
        safe_print_json(all, 2);
    } else {
        for (const auto& hook : all) print(hook);
    }
    return Exit::ok;
}

Exit webhooks_replay(const Context& context, const std::string& webhook) {
    for (const auto& name : webhooks(context, webhook)) {
        auto of_hook = deliveries(context, name);
        must(of_hook.request_replay());
        safe_print("{}: the gateway delivers {} again; see facebus webhooks list {}\n", name,
                   counted(must(of_hook.state()).dead_letters, "dead letter", "dead letters"),
                   name);
    }
    return Exit::ok;
}

Exit webhooks_clear(const Context& context, const std::string& webhook) {
    for (const auto& name : webhooks(context, webhook)) {
        const auto removed = must(deliveries(context, name).clear());
        safe_print("{}: removed {}\n", name, counted(removed, "dead letter", "dead letters"));
    }
    return Exit::ok;
}

}  // namespace facebus::cli
