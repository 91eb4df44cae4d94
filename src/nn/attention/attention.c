/*
 * Multi-head attention: the product that makes queries, keys and values, what
 * attention_block.c does with them, and the product behind it.
 *
 * `saved` holds, each over all rows: queries, keys and values, turned if there
 * are rotary positions; the outputs of the heads; and the largest score and
 * the scale of each query's softmax.  backward_input() puts the gradients by
 * queries, keys and values in the place of the former, where backward_weight()
 * reads them.
 *
 * A team divides the products by columns, and what lies between them by heads
 * of keys and values, each with the heads of queries that share it: all columns
 * can be read between two meetings, so a device's columns need not be those of
 * its heads.  The stage's device.
 */
#include <sluice/sequence_layers.h>

#include <float.h>
#include <inttypes.h>

#include "nn/attention/attention_plan.h"
#include "nn/layers/positions.h"
#include "nn/attention/rotary.h"
#include "nn/team/team.h"
#include "tensor/column_sums.h"
#include "tensor/gemm.h"
#include "tensor/pointwise.h"

static const sluice_option options[] = {
    {
        .name = "heads",
        .help = "heads of queries, which divide the width",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_attention_config, heads),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    {
        .name = "kv-heads",
        .help = "heads of keys and values, each for as many heads of queries; "
                "0: as many as heads",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_attention_config, kv_heads),
        .bytes = sizeof(int64_t),
        .max = INT32_MAX,
    },
    {
        .name = "causal",
        .help = "a position sees those up to itself",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_attention_config, causal),
        .bytes = sizeof(bool),
    },
    {
        .name = "rotary",
        .help = "base of rotary positions, 10000 as a rule; 0: none",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_attention_config, rotary),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
    {
        .name = "dropout",
        .help = "probability with which a probability is zeroed in training",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_attention_config, dropout),
        .bytes = sizeof(float),
        .max = 1,
        .below_max = true,
    },
    {
        .name = "no-bias",
        .help = "nothing is added to the two products",
        .type = SLUICE_OPTION_FLAG,
        .offset = offsetof(sluice_attention_config, no_bias),
        .bytes = sizeof(bool),
    },
    {
        .name = "std",
        .help = "weights start normal with this standard deviation; 0: xavier",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_attention_config, std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
    {
        .name = "out-std",
        .help = "the same, of the product behind the heads; 0: as std",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_attention_config, out_std),
        .bytes = sizeof(float),
        .max = FLT_MAX,
    },
};

static struct sl_attention attention_of(const sluice_layer_call *call)
{
    return sl_attention_sizes(call->config, &call->plan->in, call->training);
}

static bool has_bias(const sluice_layer_call *call)
{
    return call->plan->n_params > SL_ATTENTION_QKV_BIAS;
}

static float *qkv_of(const sluice_layer_call *call)
{
    return call->saved;
}

static float *mixed_of(const struct sl_attention *a,
                       const sluice_layer_call *call)
{
    char *at = call->saved;
    return (float *)(void *)(at + call->rows * sl_attention_qkv_bytes(a));
}

/* The heads of keys and values that this device works. */
static struct sl_rows own_heads(const struct sl_attention *a,
                                const sluice_layer_call *call)
{
    return sl_team_vectors(call, a->n_kv_heads);
}

/* Row r of the micro-batch. */
static struct sl_attention_row row_of(const struct sl_attention *a,
                                      const sluice_layer_call *call, int64_t r)
{
    float *mixed = mixed_of(a, call);
    int64_t n = a->positions * a->width;
    void *attended = mixed + call->rows * n;
    return (struct sl_attention_row){
        .call = call,
        .row = r,
        .qkv = qkv_of(call) + r * a->positions * sl_attention_qkv_width(a),
        .mixed = mixed + r * n,
        .attended =
            (struct sl_attended *)attended + r * a->positions * a->n_heads,
        .room = call->scratch,
        .kv_heads = own_heads(a, call),
    };
}

/* Some heads, which lie side by side. */
static void turn_heads(const struct sl_attention *a,
                       const sluice_layer_call *call, int64_t first, int64_t n,
                       bool back, float *qkv)
{
    const sluice_attention_config *config = call->config;
    const struct sl_rotary rotary = {
        .base = (double)config->rotary,
        .rows = call->rows,
        .positions = a->positions,
        .first = call->position,
        .stride = sl_attention_qkv_width(a),
        .n_heads = n,
        .head_width = a->head_width,
        .back = back,
    };
    if (config->rotary > 0 && n > 0)
        sl_rotary_turn(&rotary, qkv + first * a->head_width);
}

/* This device's queries and keys; all of them lie side by side. */
static void turn(const struct sl_attention *a, const sluice_layer_call *call,
                 float *qkv, bool back)
{
    struct sl_rows keys = own_heads(a, call);
    struct sl_rows queries = sl_attention_heads(a, keys);
    if (keys.n == a->n_kv_heads) {
        turn_heads(a, call, 0, queries.n + keys.n, back, qkv);
        return;
    }
    turn_heads(a, call, queries.first, queries.n, back, qkv);
    turn_heads(a, call, a->n_heads + keys.first, keys.n, back, qkv);
}

/* To this device's columns, all at once or vector by vector. */
static void add_bias(const sluice_layer_call *call, int64_t vectors, int param,
                     float *values)
{
    int64_t width = call->plan->params[param].shape.dims[0];
    struct sl_rows own = sl_team_share(call, width);
    if (own.n == width) {
        sl_identity_forward(vectors, width, values, call->params[param], NULL,
                            values);
        return;
    }
    for (int64_t i = 0; i < vectors; i++) {
        float *at = values + i * width + own.first;
        sl_identity_forward(1, own.n, at, call->params[param], NULL, at);
    }
}

static sluice_status finish(const sluice_layer_call *call, sluice_status st)
{
    if (!st)
        return SLUICE_OK;
    if (st != SLUICE_INVALID)
        return sluice_diag_set(call->why, st,
                               "attention: the library of matrix products "
                               "refused one: %s",
                               sluice_status_name(st));
    return sluice_diag_set(
        call->why, st,
        "attention: %" PRId64 " rows of %" PRId64
        " positions in a micro-batch; 1 to %d positions are possible",
        call->rows, call->plan->in.dims[0], SL_GEMM_MAX_SIZE);
}

/* One more position of a sequence: `cache` has queries, keys and values of all,
 * what is kept of each softmax, and room for a row of scores. */
static sluice_status forward_position(const sluice_layer_call *call)
{
    struct sl_attention a = attention_of(call);
    float *qkv = call->cache, *mixed = call->saved;
    float *here = qkv + call->position * sl_attention_qkv_width(&a);
    int64_t most = call->cache_positions;
    void *attended = qkv + most * sl_attention_qkv_width(&a);
    struct sl_attention_row row = {
        .call = call,
        .qkv = qkv,
        .mixed = mixed,
        .attended = attended,
        .kv_heads = {0, a.n_kv_heads},
        .room = (float *)((struct sl_attended *)attended + most * a.n_heads),
    };
    sluice_status st =
        sluice_product_forward(call, SL_ATTENTION_QKV, call->x, here);
    if (st)
        return finish(call, st);
    if (has_bias(call))
        add_bias(call, 1, SL_ATTENTION_QKV_BIAS, here);
    turn(&a, call, here, false);
    a.positions = call->position + 1;
    st = sl_attention_last(&a, &row);
    if (!st)
        st = sluice_product_forward(call, SL_ATTENTION_OUT, mixed, call->y);
    if (!st && has_bias(call))
        add_bias(call, 1, SL_ATTENTION_OUT_BIAS, call->y);
    return finish(call, st);
}

/* A product of all vectors with its bias, for all to read. */
static sluice_status project(const sluice_layer_call *call, int product,
                             int bias, const float *x, float *y)
{
    int64_t vectors = sl_size_times(call->rows, call->plan->in.dims[0]);
    sluice_status st = sluice_product_forward(call, product, x, y);
    if (!st && has_bias(call))
        add_bias(call, vectors, bias, y);
    return finish(call, st);
}

static sluice_status forward(const sluice_layer_call *call)
{
    if (call->cache)
        return forward_position(call);
    struct sl_attention a = attention_of(call);
    sluice_status st = project(call, SL_ATTENTION_QKV, SL_ATTENTION_QKV_BIAS,
                               call->x, qkv_of(call));
    if (!st)
        st = sluice_team_meet(call);
    if (st)
        return st;
    turn(&a, call, qkv_of(call), false);
    for (int64_t r = 0; r < call->rows && !st; r++) {
        struct sl_attention_row row = row_of(&a, call, r);
        st = sl_attention_forward(&a, &row);
    }
    if (st)
        return finish(call, st);
    st = sluice_team_meet(call);
    return st ? st
              : project(call, SL_ATTENTION_OUT, SL_ATTENTION_OUT_BIAS,
                        mixed_of(&a, call), call->y);
}

/* The gradients by queries, keys and values, from those by the outputs of the
 * heads. */
static sluice_status backward_heads(const sluice_layer_call *call,
                                    const float *dmixed)
{
    struct sl_attention a = attention_of(call);
    sluice_status st = SLUICE_OK;
    for (int64_t r = 0; r < call->rows && !st; r++) {
        struct sl_attention_row row = row_of(&a, call, r);
        st =
            sl_attention_backward(&a, &row, dmixed + r * a.positions * a.width);
    }
    if (!st)
        turn(&a, call, qkv_of(call), true);
    return finish(call, st);
}

/* Also without dx: backward_weight() needs the gradients by queries, keys and
 * values. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    float *dmixed = call->workspace;
    sluice_status st = finish(
        call, sluice_product_input(call, SL_ATTENTION_OUT, call->dy, dmixed));
    if (!st)
        st = sluice_team_meet(call);
    if (!st)
        st = backward_heads(call, dmixed);
    if (st || !call->dx)
        return st;
    st = sluice_team_meet(call);
    return st ? st
              : finish(call, sluice_product_input(call, SL_ATTENTION_QKV,
                                                  qkv_of(call), call->dx));
}

static void bias_gradient(const sluice_layer_call *call, int param,
                          const float *dy)
{
    int64_t vectors = sl_size_times(call->rows, call->plan->in.dims[0]);
    int64_t width = call->plan->params[param].shape.dims[0];
    struct sl_rows own = sl_team_share(call, width);
    sl_column_sums_strided(vectors, own.n, dy + own.first, width,
                           call->accumulate, call->grads[param]);
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct sl_attention a = attention_of(call);
    const float *dqkv = qkv_of(call);
    sluice_status st =
        sluice_product_weight(call, SL_ATTENTION_QKV, call->x, dqkv,
                              call->accumulate, call->grads[SL_ATTENTION_QKV]);
    if (!st)
        st = sluice_product_weight(call, SL_ATTENTION_OUT, mixed_of(&a, call),
                                   call->dy, call->accumulate,
                                   call->grads[SL_ATTENTION_OUT]);
    if (!st && has_bias(call)) {
        bias_gradient(call, SL_ATTENTION_QKV_BIAS, dqkv);
        bias_gradient(call, SL_ATTENTION_OUT_BIAS, call->dy);
    }
    return finish(call, st);
}

static const sluice_layer_ops attention_ops = {
    .name = "attention",
    .config_bytes = sizeof(sluice_attention_config),
    .help = "multi-head attention of the positions of a row to each other",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = sl_attention_infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_attention(void)
{
    return &attention_ops;
}
