// Tests of erasing the traces of removed people in small steps, which are repeated or continued
// after errors.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "gallery/history/history.hpp"
#include "gallery/id.hpp"
#include "gallery/store/erasure.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::check_failed;
using facebus::test::contains;
using facebus::test::face;
using facebus::test::probe;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

namespace fs = std::filesystem;

struct Fixture : test::GalleryFixture {
    /// Returns the value of a field of the reply to INFO.
    std::string info(const std::string& field) {
        const auto reply = redis.run({"INFO", "everything"});
        const auto text = std::string(reply->text());
        const auto at = text.find("\n" + field + ":");
        BOOST_REQUIRE(at != std::string::npos);
        const auto begin = at + field.size() + 2;
        return text.substr(begin, text.find('\r', begin) - begin);
    }

    /// Runs steps until the next one has that phase.
    void run_until(ErasurePhase phase) {
        Eraser eraser(options);
        auto next = eraser.phase();
        while (next && *next != phase) {
            BOOST_REQUIRE((*next != ErasurePhase::none));
            next = eraser.step();
        }
        BOOST_REQUIRE(next);
    }

    /// Appends results to the history, much faster than History does. Every `every`-th names
    /// `subject`.
    void fill_history(std::size_t count, const std::string& subject, std::size_t every) {
        const std::string header(900, 'h');
        for (std::size_t done = 0; done < count;) {
            std::vector<Redis::Command> commands;
            for (; done < count && commands.size() < 1000; ++done) {
                const auto& id = done % every == 0 ? subject : other;
                commands.push_back({"XADD", keys::results, "*", "topic", "identity.door", "header",
                                    header + id, "subject", id, "track", ""});
            }
            BOOST_REQUIRE(redis.pipeline(commands));
        }
    }

    /// Returns whether any of Redis's files contains `text`.
    bool files_contain(const std::string& text) {
        const std::string dir(redis.run({"CONFIG", "GET", "dir"})->elements()[1].text());
        for (const auto& entry : fs::recursive_directory_iterator(dir)) {
            if (!entry.is_regular_file()) continue;
            std::ifstream file(entry.path(), std::ios::binary);
            const std::string bytes{std::istreambuf_iterator<char>(file), {}};
            if (contains(bytes, text)) return true;
        }
        return false;
    }

    /// Makes Redis write an append-only file and RDB snapshots.
    void write_files() {
        BOOST_REQUIRE(redis.run({"CONFIG", "SET", "appendonly", "yes"}));
        while (info("aof_rewrite_in_progress") != "0" || info("aof_rewrites") == "0") {
        }
        BOOST_REQUIRE(redis.run({"CONFIG", "SET", "save", "3600 1000000"}));
    }

    const std::string other = new_id();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_erasure, Fixture)

BOOST_AUTO_TEST_CASE(a_removed_person_leaves_the_gallery_at_once_and_the_erasure_is_pending) {
    const auto anna = store.add("Anna", sample(face(1)));
    Eraser eraser(options);
    BOOST_TEST((*eraser.phase() == ErasurePhase::none));
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_TEST((*store.load("model-1"))->samples() == 0U);
    BOOST_TEST((*eraser.phase() == ErasurePhase::results));
    BOOST_TEST(contains(everything(), anna->id));
    erase();
    BOOST_TEST((*eraser.phase() == ErasurePhase::none));
    BOOST_TEST(!contains(everything(), anna->id));
}

BOOST_AUTO_TEST_CASE(another_program_continues_an_erasure_that_was_interrupted_in_any_phase) {
    write_files();
    TrackMemory memory(options, 600, "model-1");
    for (const auto phase : {ErasurePhase::results, ErasurePhase::copy, ErasurePhase::tracks,
                             ErasurePhase::files, ErasurePhase::none}) {
        const auto anna = store.add("Anna Removed", sample(face(1)));
        fill_history(1000, anna->subject_id, 7);
        BOOST_REQUIRE(memory.append("door", probe("p", face(1), 0.5F)));
        const auto traces = {std::string("Anna Removed"), anna->subject_id, anna->id,
                             pack(face(1)).substr(100, 64)};
        for (const auto& trace : traces) BOOST_TEST(files_contain(trace));
        BOOST_REQUIRE(store.remove("Anna Removed"));
        run_until(phase);
        erase();
        for (const auto& trace : traces) {
            BOOST_TEST(!contains(everything(), trace));
            BOOST_TEST(!files_contain(trace));
        }
        BOOST_TEST(redis.run({"KEYS", "facebus:erasure:*"})->elements().empty());
        BOOST_TEST(redis.run({"XLEN", keys::results})->number() == 857);
        BOOST_REQUIRE(redis.run({"DEL", keys::results}));
    }
}

BOOST_AUTO_TEST_CASE(two_programs_can_run_the_same_erasure) {
    const auto anna = store.add("Anna", sample(face(1)));
    fill_history(2000, anna->subject_id, 3);
    BOOST_REQUIRE(store.remove("Anna"));
    Eraser one(options);
    Eraser two(options);
    while (*one.step() != ErasurePhase::none) BOOST_REQUIRE(two.step());
    BOOST_TEST(!contains(everything(), anna->subject_id));
    BOOST_TEST(redis.run({"XLEN", keys::results})->number() == 1333);
}

BOOST_AUTO_TEST_CASE(erases_a_person_who_is_removed_while_another_erasure_runs) {
    const auto anna = store.add("Anna", sample(face(1)));
    const auto bert = store.add("Bert", sample(face(2)));
    fill_history(1000, anna->subject_id, 4);
    fill_history(1000, bert->subject_id, 4);
    for (const auto phase : {ErasurePhase::copy, ErasurePhase::files}) {
        BOOST_REQUIRE(store.remove(phase == ErasurePhase::copy ? "Anna" : "Bert"));
        run_until(phase);
    }
    erase();
    BOOST_TEST(!contains(everything(), anna->subject_id));
    BOOST_TEST(!contains(everything(), bert->subject_id));
    BOOST_TEST(redis.run({"XLEN", keys::results})->number() == 1500);
}

BOOST_AUTO_TEST_CASE(results_published_during_an_erasure_are_kept) {
    const auto anna = store.add("Anna", sample(face(1)));
    fill_history(1000, anna->subject_id, 4);
    BOOST_REQUIRE(store.remove("Anna"));
    History history(options, 1);
    for (const auto phase : {ErasurePhase::copy, ErasurePhase::tracks}) {
        BOOST_REQUIRE(history.append("identity.door", "late", "", ""));
        run_until(phase);
    }
    BOOST_REQUIRE(history.append("identity.door", "late", "", ""));
    erase();
    const auto all = *history.after("0-0", 5000);
    BOOST_TEST(std::ranges::count(all, "late", &HistoryEntry::header) == 3);
    BOOST_TEST(all.size() == 753U);
    BOOST_TEST(redis.run({"PTTL", keys::results})->number() > 0);
}

BOOST_AUTO_TEST_CASE(does_not_copy_the_results_if_none_was_erased) {
    const auto anna = store.add("Anna", sample(face(1)));
    fill_history(1000, other, 1);
    BOOST_REQUIRE(store.remove("Anna"));
    Eraser eraser(options);
    for (auto next = eraser.phase(); *next != ErasurePhase::none; next = eraser.step()) {
        BOOST_TEST((*next != ErasurePhase::copy));
    }
}

BOOST_AUTO_TEST_CASE(an_erasure_that_failed_can_be_repeated) {
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(redis.run({"SET", keys::results, "not a stream"}));
    BOOST_REQUIRE(store.remove("Anna"));
    Eraser eraser(options);
    BOOST_TEST(!eraser.step());
    BOOST_TEST((*eraser.phase() == ErasurePhase::results));
    BOOST_REQUIRE(redis.run({"DEL", keys::results}));
    erase();
    BOOST_TEST(!contains(everything(), anna->id));
}

BOOST_AUTO_TEST_CASE(erases_all_tracks_if_very_many_samples_were_removed) {
    TrackMemory memory(options, 600, "model-1");
    BOOST_REQUIRE(memory.append("door", probe("p", face(1), 0.5F)));
    std::vector<Redis::Command> commands;
    for (int i = 0; i < 10'001; ++i) {
        commands.push_back({"HSET", keys::erasure_recorded, new_id(), ""});
    }
    BOOST_REQUIRE(redis.pipeline(commands));
    erase();
    BOOST_TEST(redis.run({"EXISTS", keys::track("door")})->number() == 0);
}

BOOST_AUTO_TEST_CASE(one_step_checks_only_a_part_of_the_tracks) {
    TrackMemory memory(options, 600, "model-1");
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(memory.append("door", probe("p", face(1), 0.5F)));
    std::vector<Redis::Command> commands;
    for (int i = 0; i < 5000; ++i) {
        commands.push_back({"COPY", keys::track("door"), keys::track(new_id())});
    }
    BOOST_REQUIRE(redis.pipeline(commands));
    BOOST_REQUIRE(store.remove("Anna"));
    run_until(ErasurePhase::tracks);
    Eraser eraser(options);
    BOOST_TEST((eraser.step().value() == ErasurePhase::tracks));
    BOOST_TEST((eraser.step().value() == ErasurePhase::tracks));
    BOOST_TEST(!redis.run({"KEYS", keys::track_prefix + "*"})->elements().empty());
    while (eraser.step().value() != ErasurePhase::none) {
    }
    BOOST_TEST(redis.run({"KEYS", keys::track_prefix + "*"})->elements().empty());
}

BOOST_AUTO_TEST_CASE(removes_and_erases_people_if_redis_has_reached_its_memory_limit) {
    TrackMemory memory(options, 600, "model-1");
    const auto anna = store.add("Anna", sample(face(1)));
    const auto bert = store.add("Bert", sample(face(2)));
    BOOST_REQUIRE(store.add_subject("Carl"));
    fill_history(300, anna->subject_id, 7);
    BOOST_REQUIRE(memory.append("door", probe("p", face(1), 0.5F)));
    BOOST_REQUIRE(redis.run({"CONFIG", "SET", "maxmemory", "1"}));
    check_failed(store.add("Dora", sample(face(3))), ErrorKind::refused, "OOM");
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_REQUIRE(store.remove("Carl"));
    BOOST_REQUIRE(store.remove_sample(bert->id));
    erase();
    for (const auto& id : {anna->subject_id, anna->id, bert->id}) {
        BOOST_TEST(!contains(everything(), id));
    }
    BOOST_TEST(redis.run({"EXISTS", keys::track("door")})->number() == 0);
}

BOOST_AUTO_TEST_CASE(an_erasure_whose_state_was_lost_starts_again) {
    const auto anna = store.add("Anna", sample(face(1)));
    for (const auto phase : {ErasurePhase::results, ErasurePhase::copy, ErasurePhase::tracks}) {
        fill_history(300, anna->subject_id, 7);
        BOOST_REQUIRE(redis.run({"HSET", keys::erasure_recorded, anna->subject_id, ""}));
        run_until(phase);
        BOOST_REQUIRE(redis.run({"DEL", keys::erasure_state}));
        Eraser eraser(options);
        BOOST_TEST((eraser.phase().value() == ErasurePhase::results));
        erase();
        const auto results = redis.run({"DUMP", keys::results});
        BOOST_TEST(!contains(results->text(), anna->subject_id));
        BOOST_TEST(redis.run({"KEYS", "facebus:erasure:*"})->elements().empty());
    }
}

BOOST_AUTO_TEST_CASE(does_not_touch_data_of_a_newer_format) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_REQUIRE(redis.run({"SET", keys::format, "2"}));
    Eraser eraser(options);
    check_failed(eraser.step(), ErrorKind::unavailable, "format 2");
    BOOST_TEST(redis.run({"EXISTS", keys::erasure_recorded})->number() == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_rewrite_is_reported_and_the_erasure_stays_pending) {
    write_files();
    const std::string dir(redis.run({"CONFIG", "GET", "dir"})->elements()[1].text());
    // Redis cannot write its files under these names, which are names of folders.
    const std::string log = dir + "/appendonlydir/appendonly.aof.2.incr.aof";
    const auto anna = store.add("Anna", sample(face(1)));
    for (const auto& [blocked, command] :
         {std::pair{log, "BGREWRITEAOF"}, std::pair{dir + "/dump.rdb", "BGSAVE"}}) {
        fs::create_directories(fs::path(blocked) / "x");
        if (store.find("Anna")->has_value()) BOOST_REQUIRE(store.remove("Anna"));
        run_until(ErasurePhase::files);
        Eraser eraser(options);
        auto next = eraser.step();
        while (next && *next == ErasurePhase::files) next = eraser.step();
        check_failed(next, ErrorKind::unavailable, command);
        BOOST_TEST((*eraser.phase() == ErasurePhase::files));
        fs::remove_all(blocked);
    }
    erase();
    BOOST_TEST(!files_contain(anna->id));
}

BOOST_AUTO_TEST_CASE(a_rewrite_that_began_before_the_data_was_deleted_does_not_count) {
    write_files();
    fill_history(1000, other, 1);
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.remove("Anna"));
    // The child process of Redis then writes for a second or more.
    BOOST_REQUIRE(redis.run({"CONFIG", "SET", "rdb-key-save-delay", "500000"}));
    BOOST_REQUIRE(redis.run({"BGREWRITEAOF"}));
    run_until(ErasurePhase::files);
    const auto before = std::stoi(info("aof_rewrites"));
    BOOST_TEST(info("aof_rewrite_in_progress") == "1");
    BOOST_REQUIRE(redis.run({"CONFIG", "SET", "rdb-key-save-delay", "0"}));
    erase();
    BOOST_TEST(std::stoi(info("aof_rewrites")) > before);
}

BOOST_AUTO_TEST_CASE(without_the_right_to_rewrite_the_erasure_is_pending_until_the_rewrite) {
    write_files();
    const TemporaryFolder folder;
    auto limited = options;
    limited.user = "limited";
    limited.password_file = (folder / "password").string();
    std::ofstream(limited.password_file) << "x";
    for (const std::string denied : {"bgrewriteaof", "info"}) {
        BOOST_REQUIRE(store.add("Anna", sample(face(1))));
        BOOST_REQUIRE(store.remove("Anna"));
        BOOST_REQUIRE(
            redis.run({"ACL", "SETUSER", "limited", "on", ">x", "~*", "+@all", "-" + denied}));
        Eraser eraser(limited);
        auto next = eraser.step();
        while (next) next = eraser.step();
        check_failed(next, ErrorKind::unavailable, "NOPERM");
        // The administrator runs the command.
        if (denied == "info") {
            erase();
            continue;
        }
        BOOST_REQUIRE(redis.run({"BGREWRITEAOF"}));
        while (*(next = eraser.step()) != ErasurePhase::none) {
        }
    }
}

BOOST_AUTO_TEST_CASE(no_step_occupies_redis_for_more_than_50_ms) {
    // ERASURE_RESULTS sets another size for a manual measurement.
    const char* size = std::getenv("ERASURE_RESULTS");
    const auto count = size == nullptr ? 50'000UL : std::stoul(size);
    const auto anna = store.add("Anna", sample(face(1)));
    fill_history(count, anna->subject_id, 10);
    BOOST_REQUIRE(store.remove("Anna"));
    // Processor time, because other processes also use the processors.
    const auto cpu_seconds = [&] {
        return std::stod(info("used_cpu_user_main_thread")) +
               std::stod(info("used_cpu_sys_main_thread"));
    };
    Eraser eraser(options);
    std::size_t steps = 0;
    double longest = 0;
    const auto start = std::chrono::steady_clock::now();
    for (auto next = ErasurePhase::results; next != ErasurePhase::none; ++steps) {
        const auto before = cpu_seconds();
        next = *eraser.step();
        longest = std::max(longest, cpu_seconds() - before);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    BOOST_TEST_MESSAGE(count << " results: " << seconds.count() << " s, " << steps
                             << " steps, the longest " << longest << " s");
    BOOST_TEST(redis.run({"XLEN", keys::results})->number() ==
               static_cast<std::int64_t>(count - (count + 9) / 10));
    BOOST_TEST(longest < 0.05);
}

BOOST_AUTO_TEST_SUITE_END()
