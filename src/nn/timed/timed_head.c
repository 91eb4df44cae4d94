/* A head whose work takes a set time and no core.  The stage's device. */
#include <sluice/across_layers.h>

#include <inttypes.h>

#include "nn/rows/given.h"
#include "nn/timed/timed_cell.h"

static const sluice_option options[] = {
    {
        .name = "vocabulary",
        .help = "elements of a position of the output",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_timed_head_config, vocabulary),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = INT32_MAX,
    },
    SL_TIMED_OPTION("forward-ns", "time of a forward", sluice_timed_head_config,
                    forward_ns),
    SL_TIMED_OPTION("input-ns", "time of an input gradient",
                    sluice_timed_head_config, input_ns),
    SL_TIMED_OPTION("weight-ns", "time of a weight gradient",
                    sluice_timed_head_config, weight_ns),
};

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    sluice_status given = sl_layer_given("timed_head", config, plan, why);
    if (given)
        return given;
    const sluice_timed_head_config *timed = config;
    const sluice_head_config head = {.vocabulary = timed->vocabulary};
    if (timed->forward_ns < 0 || timed->input_ns < 0 || timed->weight_ns < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "timed_head: times of %" PRId64 ", %" PRId64
                               " and %" PRId64 " ns; none can be negative",
                               timed->forward_ns, timed->input_ns,
                               timed->weight_ns);
    sluice_status st = sluice_head()->infer(&head, plan, why);
    plan->joins_rows = false; /* the times are of one call */
    return st;
}

/* A part takes its share of the times. */
static void part(const void *config, int64_t n, void *part)
{
    const sluice_timed_head_config *whole = config;
    sluice_timed_head_config *timed = part;
    double share = (double)n / (double)whole->vocabulary;
    timed->vocabulary = n;
    timed->forward_ns = (int64_t)(share * (double)whole->forward_ns);
    timed->input_ns = (int64_t)(share * (double)whole->input_ns);
    timed->weight_ns = (int64_t)(share * (double)whole->weight_ns);
}

static sluice_status forward(const sluice_layer_call *call)
{
    const sluice_timed_head_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    sluice_status st = sluice_head()->forward(call);
    sl_timed_end(call, cell, timed->forward_ns);
    return st;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    const sluice_timed_head_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    sluice_status st = sluice_head()->backward_input(call);
    sl_timed_end(call, cell, timed->input_ns);
    return st;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    const sluice_timed_head_config *timed = call->config;
    struct sl_timed_cell cell = sl_timed_begin();
    sluice_status st = sluice_head()->backward_weight(call);
    sl_timed_end(call, cell, timed->weight_ns);
    return st;
}

static const sluice_layer_ops timed_head_ops = {
    .name = "timed_head",
    .config_bytes = sizeof(sluice_timed_head_config),
    .help = "a head that takes a set time and no core, for measuring schedules",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
    .backward_weight = backward_weight,
    .part = part,
    .team = SLUICE_TEAM_SHARES,
};

const sluice_layer_ops *sluice_timed_head(void)
{
    return &timed_head_ops;
}
