// Tests that a damaged OpenVINO is not used. This is a separate program, because a process loads
// OpenVINO only once.
#include <filesystem>
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>

#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "support/models.hpp"
#include "vision/embed/embedder.hpp"

using namespace facebus;
using namespace facebus::vision;
using facebus::test::SkipWithoutModels;
namespace fs = std::filesystem;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

BOOST_AUTO_TEST_CASE(uses_opencv_if_openvino_cannot_compile_the_network) {
    const auto original = test::models() / "openvino";
    if (!fs::exists(original)) {
        BOOST_TEST_MESSAGE("skipped: no OpenVINO");
        return;
    }
    const TemporaryFolder models;
    fs::create_symlink(test::models() / "facenet.onnx", models / "facenet.onnx");
    for (const auto& machine : fs::directory_iterator(original)) {
        const auto folder = models / "openvino" / machine.path().filename();
        fs::create_directories(folder);
        for (const auto& entry : fs::directory_iterator(machine)) {
            const auto name = entry.path().filename();
            if (name.string().ends_with("cpu_plugin.so")) {
                std::ofstream(folder / name) << "not a library";
            } else {
                fs::copy_file(entry.path(), folder / name);
            }
        }
    }
    Embedder embedder(models.path());
    BOOST_TEST(embedder.engine().name == "opencv");
    BOOST_REQUIRE(!embedder.engine().skipped.empty());
    const auto& reason = embedder.engine().skipped.front();
    if (reason.find("not available") != std::string::npos) {
        BOOST_TEST_MESSAGE("skipped: " << reason);
        return;
    }
    BOOST_TEST(reason.find("OpenVINO") != std::string::npos, reason);
    BOOST_TEST(reason.find("cpu_plugin.so") != std::string::npos, reason);
    BOOST_TEST(reason.find('\n') == std::string::npos, reason);
    BOOST_CHECK_EXCEPTION(
        Embedder(models.path(), {.engine = Engine::openvino}), FatalError,
        [](const FatalError& error) { return error.code() == Exit::unavailable; });
}
