/*
 * A small network in the manner of AmoebaNet (Real et al., 2019), GPipe's
 * example: cells that each take the outputs of the two cells before them, so
 * that two tensors go over each boundary between stages.  The nearer one is the
 * input, the other one is stashed in front of the cell between.  Cells, their
 * skip connections and the reductions between resolutions are layers of the
 * model: cuts go between them.
 *
 * Behind a reduction there is one tensor, which both inputs of the first cell
 * would be.
 */
#include <inttypes.h>

#include "nn/presets/preset.h"

struct amoebanet {
    int64_t cells;
    int64_t width;
    int64_t classes;
    int64_t stages;
};

enum { MOST_STAGES = 8, MOST_CELLS = 64 };

#define SIZE(field, standard, most, text)                                      \
    {                                                                          \
        .name = #field, .help = text, .type = SLUICE_OPTION_INTEGER,           \
        .offset = offsetof(struct amoebanet, field), .bytes = sizeof(int64_t), \
        .preset = standard, .min = 1, .max = most,                             \
    }

static const sluice_option options[] = {
    SIZE(cells, 3, MOST_CELLS, "of a resolution"),
    SIZE(width, 32, 1 << 20, "channels of the first resolution"),
    SIZE(classes, 10, INT32_MAX, "elements of a row of the output"),
    SIZE(stages, 3, MOST_STAGES, "resolutions of the image"),
};

/* Colour images of CIFAR's size. */
static void input(const void *config, sluice_model_config *model)
{
    (void)config;
    model->input = (sluice_shape){3, {3, 32, 32}};
    model->input_type = SLUICE_F32;
}

static void add_normed(struct sl_text_out *out)
{
    sl_text_add(out, "; batch_norm(activation=relu)");
}

/* A convolution of each channel for itself, then one of single pixels. */
static void add_separable(struct sl_text_out *out, int64_t width, int kernel)
{
    sl_preset_add(out,
                  "sequence{conv2d(%" PRId64 ", kernel=%d, padding=%d, "
                  "groups=%" PRId64 ", no-bias); conv2d(%" PRId64
                  ", kernel=1, no-bias)",
                  width, kernel, kernel / 2, width, width);
    add_normed(out);
    sl_text_add(out, "}");
}

static void add_pixels(struct sl_text_out *out, int64_t width)
{
    sl_preset_add(out, "conv2d(%" PRId64 ", kernel=1, no-bias)", width);
    add_normed(out);
}

/* Two sums of a convolution and a pooling, side by side. */
static void add_cell(struct sl_text_out *out, int64_t width)
{
    sl_text_add(out, "sequence{");
    add_pixels(out, width);
    sl_text_add(out, "; concat{branches{");
    add_separable(out, width, 3);
    sl_text_add(out, "; average_pool(3, stride=1, padding=1)}; branches{");
    add_separable(out, width, 5);
    sl_text_add(out, "; max_pool(3, stride=1, padding=1)}}; ");
    add_pixels(out, width);
    sl_text_add(out, "}; ");
}

/* Names of stashes are those of the place of the network in the model. */
static void add_stage(struct sl_text_out *out, const struct amoebanet *net,
                      int first, int64_t stage)
{
    for (int64_t cell = 0; cell < net->cells; cell++) {
        if (cell + 1 < net->cells)
            sl_preset_add(out, "stash(a%d_%" PRId64 "_%" PRId64 "); ", first,
                          stage, cell);
        if (cell > 0)
            sl_preset_add(out, "pop(a%d_%" PRId64 "_%" PRId64 ", concat); ",
                          first, stage, cell - 1);
        add_cell(out, net->width << stage);
    }
}

static void write(const void *config, int first, struct sl_text_out *out)
{
    const struct amoebanet *net = config;
    for (int64_t stage = 0; stage < net->stages; stage++) {
        sl_preset_add(out, "sequence{conv2d(%" PRId64 "%s, padding=1, no-bias)",
                      net->width << stage, stage ? ", stride=2" : "");
        add_normed(out);
        sl_text_add(out, "}; ");
        add_stage(out, net, first, stage);
    }
    sl_preset_add(out, "sequence{global_average_pool; linear(%" PRId64 ")}",
                  net->classes);
}

const struct sl_preset sl_preset_amoebanet = {
    .name = "amoebanet",
    .help = "cells that take the outputs of the two before them, as AmoebaNet",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_bytes = sizeof(struct amoebanet),
    .input = input,
    .write = write,
};
