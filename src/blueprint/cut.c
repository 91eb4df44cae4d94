/* Which layers go to which stage.  The thread that creates the pipeline. */
#include "blueprint/cut.h"

#include <sluice/partition.h>

#include "base/memory.h"
#include "blueprint/across/cut_pairs.h"
#include "part/part.h"
#include "blueprint/measured/profile.h"
#include "blueprint/measured/update_time.h"

/* What a cost is computed from, and the costs of the layers. */
struct costing {
    const sluice_pipeline_config *config;
    const struct sl_layout_input *input;
    double *fixed;   /* [n_layers] */
    double *weights; /* [n_layers] that a stage multiplies by factors[stage] */
    double *factors; /* [depth] */
    int depth;
    struct sl_cut_pairs pairs; /* all zero: none */
};

typedef sluice_status cost_function(struct costing *costing, sluice_diag *why);

/* Floating-point operations of forward and backward, per row. */
static sluice_status flops(struct costing *costing, sluice_diag *why)
{
    (void)why;
    const sluice_model *model = costing->input->model;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        costing->fixed[i] =
            (double)plan->forward_row_flops + (double)plan->weight_row_flops;
        if (i > 0) /* the gradient of the data is not needed */
            costing->fixed[i] += (double)plan->input_row_flops;
    }
    return SLUICE_OK;
}

/* How often a stage holds its weights: versions, gradients and states, or its
 * part of them, and the backup of an asynchronous step. */
static double copies_of_weights(const struct sl_layout_input *input, int stage)
{
    const struct sl_update_mode *mode = input->updates;
    double part = 1.0 / sl_n_holders(&input->grid);
    double states = mode->zero < SL_ZERO_STATES ? 1 : part;
    double gradients = mode->zero < SL_ZERO_GRADIENTS ? 1 : part;
    double parameters = mode->zero < SL_ZERO_PARAMETERS ? 1 : part;
    return input->versions[stage] * parameters + gradients +
           input->n_states * states +
           (mode->asynchronous ? 1 + input->n_states : 0);
}

/* Bytes of a layer's packed weights, of one version. */
static sluice_status packed_bytes(const struct sl_layout_input *input,
                                  const sluice_layer_plan *plan, double *bytes,
                                  sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    *bytes = 0;
    for (int k = 0; k < plan->n_products && !st; k++) {
        struct sluice_product product;
        st = sl_products_settle_one(&plan->products[k], &input->products, 1,
                                    &product, why);
        if (!st)
            *bytes += (double)sl_product_packed_bytes(&product);
    }
    return st;
}

/* Weights as often as a stage holds them, their packed copies, and the
 * activations of a mini-batch, tensors of skip connections included.  Layers
 * that share a tensor, or a skip connection, take less on one stage.  Of an
 * asynchronous schedule the copies are counted once, whatever the stage. */
static sluice_status bytes(struct costing *costing, sluice_diag *why)
{
    const sluice_model *model = costing->input->model;
    double rows = (double)costing->config->batch;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            if (i > 0 || p != costing->input->elsewhere)
                costing->weights[i] +=
                    4.0 * (double)sluice_shape_elements(&plan->params[p].shape);
        double row = 4.0 * (double)sluice_shape_elements(&plan->out) +
                     (double)plan->saved_row_bytes;
        double packed;
        sluice_status st = packed_bytes(costing->input, plan, &packed, why);
        if (st)
            return st;
        costing->fixed[i] = rows * row + packed + sl_skip_end_bytes(plan, rows);
    }
    for (int s = 0; s < costing->depth; s++)
        costing->factors[s] = copies_of_weights(costing->input, s);
    sluice_status st = sl_cut_pairs_init(&costing->pairs, model, rows,
                                         costing->input->allocator);
    return st ? sl_no_memory(why, "the costs of the layers") : SLUICE_OK;
}

/* What a layer takes on any stage: weights, gradients, optimizer states.  A
 * tied parameter may share all of them except the gradient. */
static size_t least_bytes(const struct sl_layout_input *input, int layer)
{
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(input->model, layer);
    size_t bytes = 0;
    for (int p = 0; p < plan->n_params; p++) {
        const sluice_param_spec *spec = &plan->params[p];
        if (layer == 0 && p == input->elsewhere)
            continue;
        size_t one = sl_round_up((size_t)sluice_shape_elements(&spec->shape) *
                                 sizeof(float));
        bytes += one * (spec->tied ? 1 : (size_t)(2 + input->n_states));
    }
    return bytes;
}

/* The devices of a team divide a layer, and so have the caps of all. */
static size_t team_cap(const sluice_pipeline_config *config)
{
    size_t n = config->team > 1 ? (size_t)config->team : 1;
    size_t cap = config->device_cap_bytes;
    return cap > SIZE_MAX / n ? SIZE_MAX : cap * n;
}

/* Refuse what no cut can fit under the cap, before layers are measured. */
static sluice_status check_cap(const struct costing *costing, sluice_diag *why)
{
    const struct sl_layout_input *input = costing->input;
    size_t cap = team_cap(costing->config), all = 0;
    size_t n_devices = (size_t)sluice_schedule_n_devices(input->schedule);
    for (int i = 0; i < sluice_model_n_layers(input->model) && cap; i++) {
        size_t bytes = least_bytes(input, i);
        if (bytes > cap)
            return sluice_diag_set(
                why, SLUICE_OVER_CAP,
                "layer %d (%s) needs at least %zu bytes for parameters, "
                "gradients and optimizer, but the cap of a device is %zu; "
                "use a smaller layer or raise the cap",
                i, sluice_model_layer(input->model, i)->name, bytes, cap);
        all += bytes * (size_t)sluice_schedule_n_copies(input->schedule);
    }
    if (cap && all / n_devices > cap)
        return sluice_diag_set(
            why, SLUICE_OVER_CAP,
            "the model needs at least %zu bytes on %zu devices whose cap is "
            "%zu each; use more devices or raise the cap",
            all, n_devices, cap);
    return SLUICE_OK;
}

static sluice_status time_ns(struct costing *costing, sluice_diag *why)
{
    const struct sl_layout_input *input = costing->input;
    sluice_status st = check_cap(costing, why);
    if (st)
        return st;
    st = sl_profile_model(input->model, &input->products,
                          team_cap(costing->config), input->allocator,
                          costing->fixed, why);
    return st ? st
              : sl_update_time_add(costing->config, input,
                                   team_cap(costing->config), costing->fixed,
                                   why);
}

static cost_function *const cost_functions[] = {
    [SLUICE_CUT_FLOPS] = flops,
    [SLUICE_CUT_TIME] = time_ns,
    [SLUICE_CUT_BYTES] = bytes,
};

static sluice_status cut_by_cost(struct costing *costing, int *stage_layers,
                                 sluice_diag *why)
{
    int n = sluice_model_n_layers(costing->input->model);
    const sluice_allocator *allocator = costing->input->allocator;
    size_t n_costs = 2 * (size_t)n + (size_t)costing->depth;
    double *costs = sl_alloc(allocator, n_costs, sizeof *costs);
    if (!costs)
        return sl_no_memory(why, "the costs of the layers");
    costing->fixed = costs;
    costing->weights = costs + n;
    costing->factors = costs + 2 * n;
    sluice_status st = cost_functions[costing->config->cut](costing, why);
    const struct sl_part_costs all = {
        costing->fixed,       costing->weights,        costing->factors,
        costing->pairs.pairs, costing->pairs.pairs_of,
    };
    if (!st)
        st = sl_part_minimax(&all, n, costing->depth, allocator, stage_layers,
                             why);
    sl_cut_pairs_fini(&costing->pairs);
    sl_free(allocator, costs, n_costs, sizeof *costs);
    return st;
}

static sluice_status cut_by_list(const sluice_pipeline_config *config,
                                 int n_layers, int depth, int *stage_layers,
                                 sluice_diag *why)
{
    if (!config->partition)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "SLUICE_CUT_LIST needs `partition`, the number "
                               "of layers of each of the %d stages",
                               depth);
    sluice_status st =
        sluice_partition_check(n_layers, depth, config->partition, why);
    for (int s = 0; s < depth && !st; s++)
        stage_layers[s] = config->partition[s];
    return st;
}

sluice_status sl_cut_model(const sluice_pipeline_config *config,
                           const struct sl_layout_input *input, int depth,
                           int *stage_layers, sluice_diag *why)
{
    int n_layers = sluice_model_n_layers(input->model);
    if (config->cut == SLUICE_CUT_LIST)
        return cut_by_list(config, n_layers, depth, stage_layers, why);
    /* Also says whether there are enough layers at all. */
    sluice_status st =
        sluice_partition_uniform(n_layers, depth, stage_layers, why);
    if (st || config->cut == SLUICE_CUT_UNIFORM)
        return st;
    struct costing costing = {.config = config, .input = input, .depth = depth};
    return cut_by_cost(&costing, stage_layers, why);
}
