/* What an attention layer needs.  The thread that builds the model. */
#include "nn/attention/attention_plan.h"

#include <float.h>
#include <inttypes.h>
#include <stdio.h>

#include "nn/layers/positions.h"
#include "nn/rows/given.h"
#include "tensor/gemm.h"

enum { SOFTMAX_FLOPS = 25 }; /* of a pair, a rough count */

static bool is_between(float value, float most)
{
    return value >= 0 && value <= most;
}

/* The numbers of the config that do not depend on the input. */
static sluice_status check_config(const sluice_attention_config *config,
                                  sluice_diag *why)
{
    if (config->heads < 1 || config->kv_heads < 0 ||
        config->heads > SL_GEMM_MAX_SIZE ||
        config->heads % (config->kv_heads ? config->kv_heads : 1) != 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: %" PRId64 " heads and %" PRId64
                               " of keys and values; set `heads` to 1 or more, "
                               "and `kv_heads` to a divisor of it, or 0",
                               config->heads, config->kv_heads);
    if (!is_between(config->dropout, 1) || config->dropout == 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: dropout %g; it must be at least 0 "
                               "and less than 1",
                               (double)config->dropout);
    if (!is_between(config->rotary, FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: a rotary base of %g; set `rotary` "
                               "to a positive number, or 0 for none",
                               (double)config->rotary);
    if (!is_between(config->std, FLT_MAX) ||
        !is_between(config->out_std, FLT_MAX))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: weights that start with standard "
                               "deviations %g and %g; set both to 0 or more",
                               (double)config->std, (double)config->out_std);
    return SLUICE_OK;
}

struct sl_attention sl_attention_sizes(const sluice_attention_config *config,
                                       const sluice_shape *in, bool training)
{
    int64_t kv_heads = config->kv_heads ? config->kv_heads : config->heads;
    return (struct sl_attention){
        .positions = in->dims[0],
        .width = in->dims[1],
        .n_heads = config->heads,
        .n_kv_heads = kv_heads,
        .head_width = in->dims[1] / config->heads,
        .causal = config->causal,
        .dropout = training ? config->dropout : 0,
    };
}

static sluice_status check_input(const sluice_attention_config *config,
                                 const sluice_shape *in, sluice_diag *why)
{
    if (in->n_dims != 2)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: an input of %d dims; it takes rows "
                               "of positions x width, as an embedding of a "
                               "vector of tokens makes them",
                               in->n_dims);
    if (in->dims[1] % config->heads != 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: a width of %" PRId64 " and %" PRId64
                               " heads; set `heads` to a divisor of the width",
                               in->dims[1], config->heads);
    if (config->rotary > 0 && in->dims[1] / config->heads % 2 != 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: heads of %" PRId64
                               " elements; rotary positions turn pairs of "
                               "them, so their number must be even",
                               in->dims[1] / config->heads);
    if (in->dims[0] > SL_GEMM_MAX_SIZE / 2 ||
        in->dims[1] > SL_GEMM_MAX_SIZE / 3)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "attention: rows of %" PRId64 " x %" PRId64
                               " elements; %d x %d are possible",
                               in->dims[0], in->dims[1], SL_GEMM_MAX_SIZE / 2,
                               SL_GEMM_MAX_SIZE / 3);
    return SLUICE_OK;
}

static sluice_param_spec weight_of(const char *name, int64_t in, int64_t out,
                                   float std)
{
    sluice_param_spec spec = {
        .shape = sluice_shape_matrix(in, out),
        .init = std > 0 ? SLUICE_INIT_NORMAL : SLUICE_INIT_XAVIER,
        .fan_in = in,
        .fan_out = out,
        .std = (double)std,
        .divided = true,
    };
    snprintf(spec.name, sizeof spec.name, "%s", name);
    return spec;
}

static void add_params(const sluice_attention_config *config, int64_t width,
                       int64_t qkv, sluice_layer_plan *plan)
{
    float out_std = config->out_std > 0 ? config->out_std : config->std;
    plan->n_params = config->no_bias ? 2 : 4;
    plan->params[SL_ATTENTION_QKV] =
        weight_of("qkv_weight", width, qkv, config->std);
    plan->params[SL_ATTENTION_OUT] =
        weight_of("out_weight", width, width, out_std);
    if (!config->no_bias) {
        plan->params[SL_ATTENTION_QKV_BIAS] = (sluice_param_spec){
            .name = "qkv_bias",
            .shape = sluice_shape_vector(qkv),
            .divided = true,
        };
        plan->params[SL_ATTENTION_OUT_BIAS] = (sluice_param_spec){
            .name = "out_bias",
            .shape = sluice_shape_vector(width),
            .divided = true,
        };
    }
}

int64_t sl_attention_qkv_bytes(const struct sl_attention *a)
{
    return sl_size_times(a->positions * sl_attention_qkv_width(a),
                         sizeof(float));
}

static int64_t mixed_bytes(const struct sl_attention *a)
{
    return sl_size_times(a->positions * a->width, sizeof(float));
}

static int64_t attended_bytes(const struct sl_attention *a)
{
    return sl_size_times(a->positions * a->n_heads, sizeof(struct sl_attended));
}

/* Of a position: queries, keys and values, what is kept of its softmax, and its
 * part of a row of scores. */
static int64_t cache_bytes(const struct sl_attention *a)
{
    return sl_size_plus(
        sl_size_times(sl_attention_qkv_width(a) + 1 + SL_ATTENTION_GAP,
                      sizeof(float)),
        sl_size_times(a->n_heads, sizeof(struct sl_attended)));
}

static void add_costs(const struct sl_attention *a, sluice_layer_plan *plan)
{
    int64_t vectors = a->positions * a->width;
    int64_t products =
        sl_size_times(2 * vectors, sl_attention_qkv_width(a) + a->width);
    int64_t pairs = sl_attention_pairs(a);
    int64_t softmax = sl_size_times(pairs, SOFTMAX_FLOPS * a->n_heads);
    int64_t forward = sl_size_plus(sl_size_times(pairs, 4 * a->width), softmax);
    int64_t input = sl_size_plus(sl_size_times(pairs, 10 * a->width), softmax);
    plan->forward_row_flops = sl_size_plus(products, forward);
    plan->input_row_flops = sl_size_plus(products, input);
    plan->weight_row_flops = products;
    plan->saved_row_bytes =
        sl_size_plus(sl_size_plus(sl_attention_qkv_bytes(a), mixed_bytes(a)),
                     attended_bytes(a));
    plan->workspace_row_bytes = mixed_bytes(a);
    plan->scratch_bytes = sl_size_times(sl_attention_room(a), sizeof(float));
}

sluice_status sl_attention_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *why)
{
    sluice_status given = sl_layer_given("attention", config, plan, why);
    if (given)
        return given;
    const sluice_attention_config *attention = config;
    sluice_status st = check_config(attention, why);
    if (!st)
        st = check_input(attention, &plan->in, why);
    if (st)
        return st;
    struct sl_attention a = sl_attention_sizes(attention, &plan->in, true);
    int64_t qkv = sl_attention_qkv_width(&a);
    plan->out = plan->in;
    add_params(attention, a.width, qkv, plan);
    plan->n_products = 2;
    plan->products[SL_ATTENTION_QKV] =
        (sluice_product_spec){SL_ATTENTION_QKV, a.width, qkv, a.positions};
    plan->products[SL_ATTENTION_OUT] =
        (sluice_product_spec){SL_ATTENTION_OUT, a.width, a.width, a.positions};
    plan->needs_x = true;
    plan->by_position = attention->causal;
    plan->cache_bytes = cache_bytes(&a);
    add_costs(&a, plan);
    return SLUICE_OK;
}
