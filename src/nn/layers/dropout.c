/* Dropout by counter.  The stage's device. */
#include <sluice/layer.h>

#include <string.h>

#include "base/rng.h"
#include "tensor/elementwise.h"

enum {
    BLOCK = 8,                  /* elements that one draw decides */
    DRAWN_AT_ONCE = 32 * BLOCK, /* before they are used */
};

static const sluice_option options[] = {
    {
        .name = "rate",
        .help = "probability with which an element is zeroed in training",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_dropout_config, rate),
        .bytes = sizeof(float),
        .required = true,
        .max = 1,
        .below_max = true,
    },
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    const sluice_dropout_config *dropout = config;
    if (!(dropout->rate >= 0 && dropout->rate < 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "dropout: rate %g; it must be at least 0 and "
                               "less than 1",
                               (double)dropout->rate);
    int64_t n = sluice_shape_elements(&plan->in);
    plan->out = plan->in;
    plan->forward_row_flops = 2 * n;
    plan->input_row_flops = 2 * n;
    return SLUICE_OK;
}

/* The random bits of the elements first..first + n of a row, first being a
 * multiple of BLOCK; writes whole blocks. */
static void draw(const sluice_layer_call *call, int64_t row, int64_t first,
                 int64_t n, uint32_t bits[DRAWN_AT_ONCE])
{
    struct sl_rng_counter counter = {
        {(uint64_t)call->layer, call->step, (uint64_t)(call->first_row + row)}};
    for (int64_t i = 0; i < n; i += BLOCK) {
        counter.at[3] = (uint64_t)((first + i) / BLOCK);
        sl_rng_block(call->seed, SL_RNG_DROPOUT, counter, bits + i);
    }
}

/*
 * to = from * mask / (1 - rate) for one row.  An element is dropped if its 32
 * random bits, as a number, are below rate * 2^32.
 */
static void mask_row(const sluice_layer_call *call, int64_t row, int64_t n,
                     const float *from, float *to)
{
    const sluice_dropout_config *dropout = call->config;
    double rate = (double)dropout->rate;
    uint32_t threshold = (uint32_t)(rate * 0x1p32); /* rate < 1: it fits */
    float scale = (float)(1 / (1 - rate));
    for (int64_t i = 0; i < n; i += DRAWN_AT_ONCE) {
        uint32_t bits[DRAWN_AT_ONCE];
        int64_t some = n - i < DRAWN_AT_ONCE ? n - i : DRAWN_AT_ONCE;
        draw(call, row, i, some, bits);
        sl_mask(some, bits, threshold, scale, from + i, to + i);
    }
}

/* Forward and backward are the same product with the same mask. */
static void mask(const sluice_layer_call *call, const float *from, float *to)
{
    const sluice_dropout_config *dropout = call->config;
    int64_t n = sluice_shape_elements(&call->plan->in);
    if (!call->training || dropout->rate == 0) {
        memcpy(to, from, (size_t)(call->rows * n) * sizeof *to);
        return;
    }
    for (int64_t r = 0; r < call->rows; r++)
        mask_row(call, r, n, from + r * n, to + r * n);
}

static sluice_status forward(const sluice_layer_call *call)
{
    mask(call, call->x, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        mask(call, call->dy, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops dropout_ops = {
    .name = "dropout",
    .config_bytes = sizeof(sluice_dropout_config),
    .help = "zeroes elements at random in training",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
};

const sluice_layer_ops *sluice_dropout(void)
{
    return &dropout_ops;
}
