/*
 * U-Net (Ronneberger et al., 2015) with batch_norm and as large an image out as
 * in: levels that each double the channels and halve the image, and as many
 * back, each of which also takes what its level has stashed on the way down.
 * Each convolution is one layer, and so are the ways down, up and across: cuts
 * go between them.
 */
#include <inttypes.h>

#include "nn/presets/preset.h"

struct unet {
    int64_t depth;
    int64_t convolutions;
    int64_t width;
    int64_t channels;
};

enum { MOST_DEPTH = 8 };

static const sluice_option options[] = {
    {
        .name = "depth",
        .help = "levels; the image's sizes are multiples of 2^depth",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct unet, depth),
        .bytes = sizeof(int64_t),
        .preset = 4,
        .min = 1,
        .max = MOST_DEPTH,
    },
    {
        .name = "convolutions",
        .help = "of a level, on each side",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct unet, convolutions),
        .bytes = sizeof(int64_t),
        .preset = 2,
        .min = 1,
        .max = SLUICE_MODEL_MAX_LAYERS / (4 * MOST_DEPTH),
    },
    {
        .name = "width",
        .help = "channels of the first level",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct unet, width),
        .bytes = sizeof(int64_t),
        .preset = 64,
        .min = 1,
        .max = 1 << 20,
    },
    {
        .name = "channels",
        .help = "planes of an image of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct unet, channels),
        .bytes = sizeof(int64_t),
        .preset = 1,
        .min = 1,
        .max = 1 << 20,
    },
};

static void input(const void *config, sluice_model_config *model)
{
    (void)config;
    model->input = (sluice_shape){3, {3, 256, 256}};
    model->input_type = SLUICE_F32;
}

static void add_convolution(struct sl_text_out *out, const char *before,
                            int64_t width)
{
    sl_preset_add(out,
                  "sequence{%sconv2d(%" PRId64
                  ", padding=1, no-bias); batch_norm(activation=relu)}",
                  before, width);
}

static void add_level(struct sl_text_out *out, const struct unet *unet,
                      int64_t level)
{
    add_convolution(out, "", unet->width << level);
    sl_preset_add(out, " x%" PRId64 "; ", unet->convolutions);
}

/* Names of stashes are those of the place of the U-Net in the model. */
static void write(const void *config, int first, struct sl_text_out *out)
{
    const struct unet *unet = config;
    for (int64_t level = 0; level < unet->depth; level++) {
        add_level(out, unet, level);
        sl_preset_add(out, "stash(u%d_%" PRId64 "); max_pool(2); ", first,
                      level);
    }
    add_level(out, unet, unet->depth);
    for (int64_t level = unet->depth - 1; level >= 0; level--) {
        add_convolution(out, "upsample; ", unet->width << level);
        sl_preset_add(out, "; pop(u%d_%" PRId64 ", concat); ", first, level);
        add_level(out, unet, level);
    }
    sl_preset_add(out, "conv2d(%" PRId64 ", kernel=1)", unet->channels);
}

const struct sl_preset sl_preset_unet = {
    .name = "unet",
    .help = "U-Net: images of as many pixels from images",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_bytes = sizeof(struct unet),
    .input = input,
    .write = write,
};
