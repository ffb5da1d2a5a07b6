// facebus gallery reembed: moves the gallery to another model, while services run.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::cli {
namespace {

constexpr std::size_t page_size = 200;

/// Returns the embedding of the photo of a sample. Fails if there is no usable photo.
Result<Embedding> embed_photo(gallery::Store& store, vision::Embedder& embedder,
                              const std::string& id) {
    const auto photo = store.photo(id);
    if (!photo && photo.error().kind == ErrorKind::unavailable) must(photo);
    if (!photo) return std::unexpected(photo.error());
    if (!*photo) return fail(ErrorKind::refused, "it has no photo");
    const auto image = vision::decode_image({(*photo)->begin(), (*photo)->end()}, "the photo",
                                            std::int64_t{crop_side} * crop_side);
    if (!image) return std::unexpected(image.error());
    if (image->width != crop_side || image->height != crop_side) {
        return fail(ErrorKind::malformed, "its photo does not have the size of a crop");
    }
    return embedder.embed({&*image, 1}).front();
}

}  // namespace

Exit gallery_reembed(const Context& context, const GalleryReembedOptions& options) {
    gallery::Store store(context.settings.redis);
    const auto entries = must(store.list());
    std::size_t total = 0;
    for (const auto& entry : entries) total += entry.samples;
    vision::use_threads(0);
    auto embedder_options = context.settings.recognize.embedder;
    if (options.model) embedder_options.model = *options.model;
    vision::Embedder embedder(context.models, embedder_options);
    const auto& model = embedder.model_id();

    std::size_t embedded = 0;
    std::size_t present = 0;
    std::size_t failed = 0;
    {
        Progress progress("embedding", total);
        for (std::size_t first = 0; first < total; first += page_size) {
            for (const auto& [name, sample] :
                 must(store.samples(entries, first, page_size, model))) {
                if (context.stop.requested()) {
                    safe_print("interrupted after {}; run it again to continue\n",
                               counted(embedded, "sample", "samples"));
                    return Exit::interrupted;
                }
                progress.advance();
                if (sample.model_id == model) {
                    ++present;
                    continue;
                }
                auto embedding = embed_photo(store, embedder, sample.id);
                if (embedding) {
                    const auto added = store.add_embedding(sample.id, model, *embedding);
                    // A sample that was removed in the meantime needs no embedding.
                    if (!added && added.error().kind != ErrorKind::refused) must(added);
                    ++embedded;
                } else {
                    ++failed;
                    progress.note(fmt::format("{}: sample {} from {} cannot be moved: {}", name,
                                              sample.id, sample.source, embedding.error().message));
                }
            }
        }
    }
    safe_print("{} embedded with {}, {} already had an embedding, {} cannot be moved\n",
               counted(embedded, "sample", "samples"), model, present, failed);
    if (failed > 0) {
        safe_print("enrol the people of these samples again after the move\n");
    }
    if (options.finish) {
        must(store.change_model(model));
        safe_print("the gallery now uses {}\n", model);
    } else {
        safe_print(
            "next: set recognize.model, restart the workers and the gateway, and run "
            "facebus gallery reembed --finish\n");
    }
    return failed > 0 ? Exit::input : Exit::ok;
}

}  // namespace facebus::cli
