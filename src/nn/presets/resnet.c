/*
 * ResNet for small images (He et al., 2016), with the blocks of ResNet-18: a
 * stem without pooling, stages that each double the channels and, but for the
 * first, halve the image, the mean of each plane and the output layer.  Each
 * block is one layer, and so are the two ends.
 */
#include <inttypes.h>
#include <stdio.h>

#include "nn/presets/preset.h"

struct resnet {
    int64_t blocks;
    int64_t width;
    int64_t classes;
    int64_t stages;
};

enum { MOST_STAGES = 8 };

static const sluice_option options[] = {
    {
        .name = "blocks",
        .help = "of a stage; the network is 2 blocks * stages + 2 deep",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct resnet, blocks),
        .bytes = sizeof(int64_t),
        .preset = 2,
        .min = 1,
        .max = SLUICE_MODEL_MAX_LAYERS / MOST_STAGES,
    },
    {
        .name = "width",
        .help = "channels of the first stage",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct resnet, width),
        .bytes = sizeof(int64_t),
        .preset = 64,
        .min = 1,
        .max = 1 << 20,
    },
    {
        .name = "classes",
        .help = "elements of a row of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct resnet, classes),
        .bytes = sizeof(int64_t),
        .preset = 10,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "stages",
        .help = "resolutions of the image",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(struct resnet, stages),
        .bytes = sizeof(int64_t),
        .preset = 4,
        .min = 1,
        .max = MOST_STAGES,
    },
};

/* Colour images of CIFAR's size. */
static void input(const void *config, sluice_model_config *model)
{
    (void)config;
    model->input = (sluice_shape){3, {3, 32, 32}};
    model->input_type = SLUICE_F32;
}

static void add_body(struct sl_text_out *out, int64_t width, int stride)
{
    sl_preset_add(out,
                  "conv2d(%" PRId64 ", stride=%d, padding=1, no-bias); "
                  "batch_norm(activation=relu); conv2d(%" PRId64
                  ", padding=1, no-bias); batch_norm",
                  width, stride, width);
}

/* relu(x + f(x)) */
static void add_blocks(struct sl_text_out *out, int64_t width, int64_t n)
{
    if (n < 1)
        return;
    sl_text_add(out, "; sequence{residual{");
    add_body(out, width, 1);
    sl_preset_add(out, "}; activate(relu)} x%" PRId64, n);
}

/* relu(g(x) + f(x)), g being a convolution of single pixels: x has another
 * shape. */
static void add_step(struct sl_text_out *out, int64_t width)
{
    sl_text_add(out, "; sequence{branches{sequence{");
    add_body(out, width, 2);
    sl_preset_add(out,
                  "}; sequence{conv2d(%" PRId64
                  ", kernel=1, stride=2, no-bias); batch_norm}}; "
                  "activate(relu)}",
                  width);
}

static void write(const void *config, int first, struct sl_text_out *out)
{
    const struct resnet *resnet = config;
    (void)first;
    sl_preset_add(out,
                  "sequence{conv2d(%" PRId64
                  ", padding=1, no-bias); batch_norm(activation=relu)}",
                  resnet->width);
    for (int s = 0; s < resnet->stages; s++) {
        int64_t width = resnet->width << s;
        if (s > 0)
            add_step(out, width);
        add_blocks(out, width, resnet->blocks - (s > 0));
    }
    sl_preset_add(out, "; sequence{global_average_pool; linear(%" PRId64 ")}",
                  resnet->classes);
}

#define SAME(ours, theirs)                                                     \
    {                                                                          \
        ours, {theirs}, false, false                                           \
    }
#define NORM(ours, theirs)                                                     \
    SAME(ours ".weight", theirs ".weight"),                                    \
        SAME(ours ".bias", theirs ".bias"),                                    \
        SAME(ours ".running_mean", theirs ".running_mean"),                    \
        SAME(ours ".running_var", theirs ".running_var"),                      \
        SAME(ours ".num_batches_tracked", theirs ".num_batches_tracked")

/* Those of torchvision. */
static const struct sl_published_row first_names[] = {
    SAME("0.weight", "conv1.weight"),
    NORM("1", "bn1"),
};
static const struct sl_published_row block_names[] = {
    SAME("0.0.weight", "conv1.weight"),
    NORM("0.1", "bn1"),
    SAME("0.2.weight", "conv2.weight"),
    NORM("0.3", "bn2"),
};
static const struct sl_published_row step_names[] = {
    SAME("0.0.0.weight", "conv1.weight"),        NORM("0.0.1", "bn1"),
    SAME("0.0.2.weight", "conv2.weight"),        NORM("0.0.3", "bn2"),
    SAME("0.1.0.weight", "downsample.0.weight"), NORM("0.1.1", "downsample.1"),
};
static const struct sl_published_row last_names[] = {
    {"1.weight", {"fc.weight"}, true, false},
    SAME("1.bias", "fc.bias"),
};
static const struct sl_published_layer step = {
    step_names, sizeof step_names / sizeof *step_names};
static const char *const none[] = {NULL};

/* "layer2.0.": another resolution begins with a step. */
static void name_block(const sluice_model *model, int layer,
                       char name[SL_BLOCK_NAME])
{
    int stage = 1, block = 0;
    for (int i = 2; i <= layer; i++) {
        bool steps = sl_published_fits(&step, model, i);
        stage += steps;
        block = steps ? 0 : block + 1;
    }
    snprintf(name, SL_BLOCK_NAME, "layer%d.%d.", stage, block);
}

static const struct sl_published published = {
    .prefix = "",
    .first = {first_names, sizeof first_names / sizeof *first_names},
    .last = {last_names, sizeof last_names / sizeof *last_names},
    .blocks = {{block_names, sizeof block_names / sizeof *block_names},
               {step_names, sizeof step_names / sizeof *step_names}},
    .name_block = name_block,
    .passed_over = none,
};

const struct sl_preset sl_preset_resnet = {
    .name = "resnet",
    .help = "ResNet-18 for small images, or one of other sizes",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_bytes = sizeof(struct resnet),
    .input = input,
    .write = write,
    .published = &published,
};
