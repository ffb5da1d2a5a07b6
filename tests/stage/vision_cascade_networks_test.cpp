// Compares our implementation of the networks of MTCNN with OpenCV DNN, which loads the same files.
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "support/models.hpp"
#include "vision/detect/candidate_network.hpp"
#include "vision/detect/proposal_network.hpp"
#include "vision/network/network.hpp"

using namespace facebus;
using namespace facebus::vision;

using facebus::test::SkipWithoutModels;
BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

/// Returns an image with a gradient in the upper half and random pixels in the lower half.
cv::Mat noise(int rows, int columns) {
    std::mt19937 random(static_cast<std::uint32_t>(rows * 1000 + columns));
    cv::Mat image(rows, columns, CV_8UC3);
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < 3 * columns; ++x) {
            image.ptr(y)[x] = static_cast<std::uint8_t>(random());
        }
    }
    for (int y = 0; y < rows / 2; ++y) {
        for (int x = 0; x < 3 * columns; ++x) {
            image.ptr(y)[x] = static_cast<std::uint8_t>((x + 7 * y) % 256);
        }
    }
    return image;
}

/// Converts an input of OpenCV DNN to an input of our implementation. The networks were trained on
/// transposed RGB images, so OpenCV DNN requires such images. Our implementation requires upright
/// BGR images.
cv::Mat upright(const cv::Mat& transposed) {
    cv::Mat image;
    cv::transpose(transposed, image);
    cv::cvtColor(image, image, cv::COLOR_RGB2BGR);
    return image;
}

}  // namespace

BOOST_AUTO_TEST_CASE(proposal_network_agrees_with_opencv_on_images_of_various_sizes) {
    const auto file = test::models() / "pnet.onnx";
    ProposalNetwork ours(file);
    auto theirs = load_network(file);
    const std::array<std::array<int, 2>, 9> sizes{{{12, 12},
                                                   {13, 12},
                                                   {12, 13},
                                                   {15, 40},
                                                   {37, 24},
                                                   {50, 51},
                                                   {64, 33},
                                                   {101, 77},
                                                   {160, 213}}};
    for (const auto& [rows, columns] : sizes) {
        const auto image = noise(rows, columns);
        const std::array<int, 4> shape{1, rows, columns, 3};
        cv::Mat input(4, shape.data(), CV_32F);
        cv::Mat plane(rows, columns, CV_32FC3, input.ptr());
        image.convertTo(plane, CV_32F, 1 / 128.0, -127.5 / 128.0);
        theirs.setInput(input);
        std::vector<cv::Mat> out;
        theirs.forward(out, std::vector<std::string>{"conv2d_4", "softmax"});
        for (const auto instructions : supported_instructions()) {
            const auto& maps = ours.run(upright(image), {rows, columns}, instructions);
            BOOST_TEST_CONTEXT(rows << " x " << columns << " with " << name_of(instructions)) {
                BOOST_REQUIRE(maps.columns == out[1].size[1]);
                BOOST_REQUIRE(maps.rows == out[1].size[2]);
                float worst = 0;
                for (int y = 0; y < maps.rows; ++y) {
                    for (int x = 0; x < maps.columns; ++x) {
                        const auto ours_at = static_cast<std::size_t>(y * maps.columns + x);
                        const std::ptrdiff_t theirs_at = x * maps.rows + y;
                        const float* score = out[1].ptr<float>() + 2 * theirs_at;
                        worst = std::max(worst, std::abs(maps.score[ours_at] - score[1]));
                        const float* offsets = out[0].ptr<float>() + 4 * theirs_at;
                        for (std::size_t i = 0; i < 4; ++i) {
                            worst = std::max(worst,
                                             std::abs(maps.offsets[4 * ours_at + i] - offsets[i]));
                        }
                    }
                }
                BOOST_TEST(worst < 1e-4F);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(candidate_networks_agree_with_opencv_on_batches_of_various_sizes) {
    struct Network {
        std::string file;
        int side;
        CandidateNetwork ours;
        std::vector<std::string>
            outputs;  ///< names of the outputs: score, offsets and, only for O-Net, landmarks
    };
    const auto models = test::models();
    std::vector<Network> networks;
    networks.push_back(
        {"rnet.onnx", 24, CandidateNetwork::load_rnet(models), {"softmax_1", "dense_2"}});
    networks.push_back({"onet.onnx",
                        48,
                        CandidateNetwork::load_onet(models),
                        {"softmax_2", "dense_5", "dense_6"}});
    for (auto& [file, side, ours, outputs] : networks) {
        auto theirs = load_network(models / file);
        for (int count = 1; count <= 9; ++count) {
            const std::array<int, 4> shape{count, side, side, 3};
            cv::Mat input(4, shape.data(), CV_32F);
            cv::Mat upright_input(4, shape.data(), CV_32F);
            for (int i = 0; i < count; ++i) {
                const cv::Mat image = noise(side, side + i)(cv::Rect(i, 0, side, side));
                cv::Mat plane(side, side, CV_32FC3, input.ptr(i));
                image.convertTo(plane, CV_32F, 1 / 128.0, -127.5 / 128.0);
                plane = cv::Mat(side, side, CV_32FC3, upright_input.ptr(i));
                upright(image).convertTo(plane, CV_32F, 1 / 128.0, -127.5 / 128.0);
            }
            theirs.setInput(input);
            std::vector<cv::Mat> out;
            theirs.forward(out, outputs);
            const auto predictions = ours.forward(upright_input.ptr<float>(), count);
            BOOST_REQUIRE(predictions.size() == static_cast<std::size_t>(count));
            double worst = 0;
            const auto compare = [&](float a, float b) {
                worst = std::max(worst, std::abs(double{a} - double{b}));
            };
            for (int i = 0; i < count; ++i) {
                const auto& prediction = predictions[static_cast<std::size_t>(i)];
                compare(prediction.score, out[0].at<float>(i, 1));
                for (std::size_t k = 0; k < 4; ++k) {
                    compare(prediction.offsets[k], out[1].ptr<float>(i)[k]);
                }
                if (out.size() < 3) continue;
                for (std::size_t k = 0; k < 10; ++k) {
                    compare(prediction.points[k], out[2].ptr<float>(i)[k]);
                }
            }
            BOOST_TEST(worst < 1e-4, file << ", " << count << " candidates: " << worst);
        }
    }
}

BOOST_AUTO_TEST_CASE(errors_for_wrong_and_damaged_network_files_mention_models_prepare) {
    const TemporaryFolder folder;
    const auto reports = [](const std::string& why) {
        return [why](const FatalError& error) {
            const std::string message = error.what();
            return message.find(why) != std::string::npos &&
                   message.find("models/prepare") != std::string::npos;
        };
    };
    BOOST_CHECK_EXCEPTION(ProposalNetwork(test::models() / "rnet.onnx"), FatalError,
                          reports("rnet.onnx is not the expected network"));
    std::ifstream in(test::models() / "pnet.onnx", std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(in), {}};
    // Truncated files are rejected.
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        std::ofstream(folder / "pnet.onnx", std::ios::binary) << whole.substr(0, size);
        BOOST_CHECK_EXCEPTION(ProposalNetwork(folder / "pnet.onnx"), FatalError,
                              reports("pnet.onnx is"));
    }
    // A file with a changed byte may be rejected or loaded. Sanitizers report if the parser reads
    // out of bounds.
    for (std::size_t place = 0; place < whole.size(); place += 61) {
        auto changed = whole;
        changed[place] = static_cast<char>(~static_cast<unsigned char>(changed[place]));
        std::ofstream(folder / "pnet.onnx", std::ios::binary) << changed;
        try {
            ProposalNetwork{folder / "pnet.onnx"};
        } catch (const FatalError&) {
        }
    }
}
