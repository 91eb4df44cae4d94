/* The sequential reference: creation, and what it is told to follow. */
#include "reference/reference.h"

#include <string.h>

#include "base/memory.h"
#include "nn/model/init.h"
#include "nn/model/model.h"
#include "nn/model/settle.h"
#include "base/split.h"
#include "sched/schedule.h"
#include "tensor/blas_threads.h"

enum { BLOCK_HEAD = SL_ALIGN }; /* keeps what follows it aligned */

/* In front of every allocation, so that all can be freed in one loop. */
struct sl_reference_block {
    struct sl_reference_block *next;
    size_t bytes; /* of the allocation, this head included */
};

_Static_assert(sizeof(struct sl_reference_block) <= BLOCK_HEAD,
               "a block's head fits");

void *sl_reference_take(struct sluice_reference *ref, int64_t n, int64_t size)
{
    size_t bytes;
    if (n < 0 || size < 0 || !sl_mul((size_t)n, (size_t)size, &bytes) ||
        bytes > SIZE_MAX / 4)
        return NULL;
    bytes += BLOCK_HEAD;
    struct sl_reference_block *block = sl_alloc(ref->allocator, bytes, 1);
    if (!block)
        return NULL;
    block->next = ref->blocks;
    block->bytes = bytes;
    ref->blocks = block;
    return (char *)block + BLOCK_HEAD;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static sluice_status check_config(const sluice_pipeline_config *config,
                                  const sluice_model *model, sluice_diag *why)
{
    int microbatches =
        sl_schedule_standards(&config->schedule, NULL).microbatches;
    if (microbatches < 1 || microbatches > SLUICE_MAX_MICROBATCHES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d micro-batches; give 1 to %d", microbatches,
                               SLUICE_MAX_MICROBATCHES);
    if (config->replicas < 0 || config->replicas > SLUICE_MAX_DEVICES)
        return sluice_diag_set(why, SLUICE_INVALID, "%d replicas; give 1 to %d",
                               config->replicas, SLUICE_MAX_DEVICES);
    sluice_status st =
        sl_split_check(config->batch, config->replicas ? config->replicas : 1,
                       microbatches, config->uneven, why);
    if (st)
        return st;
    if (!config->loss || !config->optimizer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a loss and an optimizer must be given");
    if (sluice_model_n_layers(model) < 1)
        return sluice_diag_set(why, SLUICE_INVALID, "the model has no layers");
    if (sluice_model_is_open(model))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a layer of the model is begun and not ended");
    return sl_model_check_skips(model, why);
}

/* BLAS's buffer for one more thread: that which steps the reference. */
static sluice_status reserve_blas(struct sluice_reference *ref,
                                  sluice_diag *why)
{
    sluice_status st = sl_blas_reserve(1, why);
    ref->reserved = !st;
    return st;
}

static void *copy_config(struct sluice_reference *ref, const void *config,
                         size_t bytes)
{
    void *copy = sl_reference_take(ref, (int64_t)bytes, 1);
    if (copy && config && bytes)
        memcpy(copy, config, bytes);
    return copy;
}

static sluice_status settle_loss(struct sluice_reference *ref,
                                 const void *config, sluice_diag *why)
{
    ref->loss_config = copy_config(ref, config, ref->loss->config_bytes);
    if (!ref->loss_config)
        return sl_no_memory(why, "the reference's loss");
    return sl_loss_settle(ref->loss, ref->loss_config,
                          sluice_model_output(ref->model), ref->batch,
                          &ref->loss_plan, why);
}

static sluice_status settle_optimizer(struct sluice_reference *ref,
                                      const void *config, int *n_states,
                                      sluice_diag *why)
{
    ref->optimizer_config =
        copy_config(ref, config, ref->optimizer->config_bytes);
    if (!ref->optimizer_config)
        return sl_no_memory(why, "the reference's optimizer");
    return sl_optimizer_settle(ref->optimizer, ref->optimizer_config, n_states,
                               &ref->learning_rate, why);
}

/* Rows of the largest micro-batch. */
static int64_t largest_micro(const struct sluice_reference *ref)
{
    int64_t share = (ref->batch - 1) / ref->replicas + 1;
    return (share - 1) / ref->microbatches + 1;
}

static bool build_param(struct sluice_reference *ref, int i, int p,
                        int n_states)
{
    struct sl_reference_layer *layer = &ref->layers[i];
    const sluice_param_spec *spec = &layer->plan->params[p];
    struct sl_reference_param *param = &layer->params[p];
    param->n = sluice_shape_elements(&spec->shape);
    if (spec->tied)
        param->first =
            &ref->layers[spec->first_layer].params[spec->first_param];
    param->w = spec->tied ? param->first->w
                          : sl_reference_take(ref, param->n, sizeof(float));
    param->g = sl_reference_take(ref, param->n, sizeof(float));
    if (ref->replicas > 1)
        param->sum = sl_reference_take(ref, param->n, sizeof(float));
    bool allocated = param->w && param->g && (ref->replicas == 1 || param->sum);
    for (int s = 0; s < n_states && !spec->tied; s++) {
        param->state[s] = sl_reference_take(ref, param->n, sizeof(float));
        allocated = allocated && param->state[s];
    }
    if (allocated && !spec->tied)
        sl_param_init(spec, ref->seed, i, p, param->w);
    return allocated;
}

static bool build_params(struct sluice_reference *ref, int i, int n_states)
{
    struct sl_reference_layer *layer = &ref->layers[i];
    int n = layer->plan->n_params;
    layer->params = sl_reference_take(ref, n, sizeof *layer->params);
    layer->weights = sl_reference_take(ref, n, sizeof *layer->weights);
    layer->grads = sl_reference_take(ref, n, sizeof *layer->grads);
    layer->newest = sl_reference_take(ref, n, sizeof *layer->newest);
    if (!layer->params || !layer->weights || !layer->grads || !layer->newest)
        return false;
    for (int p = 0; p < n; p++)
        if (!build_param(ref, i, p, n_states))
            return false;
    return true;
}

static bool build_layer(struct sluice_reference *ref, int i, int n_states)
{
    struct sl_reference_layer *layer = &ref->layers[i];
    layer->ops = sluice_model_layer(ref->model, i);
    layer->plan = sluice_model_layer_plan(ref->model, i);
    layer->config = sl_model_layer_config(ref->model, i);
    layer->in = sluice_shape_elements(&layer->plan->in);
    layer->out = sluice_shape_elements(&layer->plan->out);

    int64_t rows = largest_micro(ref);
    layer->y =
        sl_reference_take(ref, ref->batch, layer->out * (int64_t)sizeof(float));
    int n = ref->replicas * ref->microbatches;
    layer->saved = sl_reference_take(ref, n, sizeof *layer->saved);
    if (!layer->y || !layer->saved)
        return false;
    for (int m = 0; m < n; m++) {
        layer->saved[m] =
            sl_reference_take(ref, rows, layer->plan->saved_row_bytes);
        if (!layer->saved[m])
            return false;
    }
    return build_params(ref, i, n_states);
}

/* Layers with their parameters, and the buffers that they share. */
static sluice_status build(struct sluice_reference *ref, int n_states,
                           sluice_diag *why)
{
    int64_t widest = 0, workspace = 0, scratch = 0;
    ref->layers = sl_reference_take(ref, ref->n_layers, sizeof *ref->layers);
    if (!ref->layers)
        return sl_no_memory(why, "the reference's layers");
    for (int i = 0; i < ref->n_layers; i++) {
        if (!build_layer(ref, i, n_states))
            return sl_no_memory(why, "the reference's layers");
        struct sl_reference_layer *layer = &ref->layers[i];
        widest = larger(widest, larger(layer->in, layer->out));
        workspace = larger(workspace, layer->plan->workspace_row_bytes);
        scratch = larger(scratch, layer->plan->scratch_bytes);
    }
    if (!sl_reference_make_skips(ref))
        return sl_no_memory(why, "the reference's skip connections");
    int64_t rows = largest_micro(ref);
    ref->workspace = sl_reference_take(ref, rows, workspace);
    ref->scratch = sl_reference_take(ref, 1, scratch);
    ref->gradient[0] =
        sl_reference_take(ref, rows, widest * (int64_t)sizeof(float));
    ref->gradient[1] =
        sl_reference_take(ref, rows, widest * (int64_t)sizeof(float));
    if (!ref->workspace || !ref->scratch || !ref->gradient[0] ||
        !ref->gradient[1])
        return sl_no_memory(why, "the reference's gradients");
    return SLUICE_OK;
}

sluice_status sluice_reference_create(const sluice_pipeline_config *config,
                                      const sluice_model *model,
                                      sluice_reference **out, sluice_diag *why)
{
    enum sl_gemm_choice gemm;
    enum sl_precision precision;
    sluice_status st = check_config(config, model, why);
    if (!st)
        st = sl_gemm_choice_find(config->gemm, &gemm, why);
    if (!st)
        st = sl_precision_find(config->precision, gemm, &precision, why);
    if (st)
        return st;
    struct sluice_reference *ref = sl_alloc(config->allocator, 1, sizeof *ref);
    if (!ref)
        return sl_no_memory(why, "the reference");
    ref->allocator = config->allocator;
    ref->model = model;
    ref->batch = config->batch;
    ref->input_row_bytes = sl_model_input_row_bytes(model);
    ref->replicas = config->replicas ? config->replicas : 1;
    ref->microbatches =
        sl_schedule_standards(&config->schedule, NULL).microbatches;
    ref->copies = 1;
    ref->in_order = config->schedule.backward_order == SLUICE_IN_ORDER;
    ref->finite = config->finite;
    ref->seed = config->seed;
    ref->precision = precision;
    ref->n_layers = sluice_model_n_layers(model);
    ref->loss = config->loss;
    ref->optimizer = config->optimizer;

    int n_states = 0;
    st = reserve_blas(ref, why);
    if (!st)
        st = settle_loss(ref, config->loss_config, why);
    if (!st)
        st = settle_optimizer(ref, config->optimizer_config, &n_states, why);
    ref->n_states = n_states;
    if (!st)
        st = build(ref, n_states, why);
    if (!st)
        st = sl_reference_make_products(ref, gemm, why);
    if (st) {
        sluice_reference_destroy(ref);
        return st;
    }
    *out = ref;
    return SLUICE_OK;
}

static sluice_status check_groups(const struct sluice_reference *ref, int layer,
                                  const int *groups, int n_groups,
                                  sluice_diag *why)
{
    int64_t sum = 0;
    if (layer < 0 || layer >= ref->n_layers)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "there is no layer %d; the last one is %d",
                               layer, ref->n_layers - 1);
    if (!ref->in_order || ref->versions)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "weight gradients of layer %d cannot be joined: "
                               "%s",
                               layer,
                               ref->versions ? "the reference has weight "
                                               "versions"
                                             : "the backwards do not run in "
                                               "order");
    for (int i = 0; i < n_groups; i++) {
        if (groups[i] < 1)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "group %d is a group of %d micro-batches: "
                                   "give at least 1",
                                   i, groups[i]);
        sum += groups[i];
    }
    if (sum > ref->microbatches)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "groups of %lld micro-batches, but there are %d",
                               (long long)sum, ref->microbatches);
    return SLUICE_OK;
}

sluice_status sluice_reference_join(sluice_reference *ref, int layer,
                                    const int *groups, int n_groups,
                                    sluice_diag *why)
{
    sluice_status st = check_groups(ref, layer, groups, n_groups, why);
    if (st)
        return st;
    struct sl_reference_layer *at = &ref->layers[layer];
    float *dy =
        sl_reference_take(ref, ref->batch, at->out * (int64_t)sizeof(float));
    bool *joins = sl_reference_take(ref, ref->microbatches, sizeof *joins);
    if (!dy || !joins)
        return sl_no_memory(why, "the reference's groups");
    for (int i = 0, m = 0; i < n_groups; m += groups[i++])
        for (int k = 1; k < groups[i]; k++)
            joins[m + k] = at->plan->joins_rows;
    at->dy = dy;
    at->joins = joins;
    return SLUICE_OK;
}

void sluice_reference_destroy(sluice_reference *ref)
{
    if (!ref)
        return;
    sl_reference_free_products(ref);
    while (ref->blocks) {
        struct sl_reference_block *block = ref->blocks;
        ref->blocks = block->next;
        sl_free(ref->allocator, block, block->bytes, 1);
    }
    if (ref->reserved)
        sl_blas_unreserve(1);
    sl_free(ref->allocator, ref, 1, sizeof *ref);
}

/* Memory for sums of gradients, which one replica of one copy does without. */
static bool take_sums(struct sluice_reference *ref)
{
    for (int i = 0; i < ref->n_layers; i++)
        for (int p = 0; p < ref->layers[i].plan->n_params; p++) {
            struct sl_reference_param *param = &ref->layers[i].params[p];
            if (!param->sum)
                param->sum = sl_reference_take(ref, param->n, sizeof(float));
            if (!param->sum)
                return false;
        }
    return true;
}

sluice_status sluice_reference_copies(sluice_reference *ref, int n_copies,
                                      const int *microbatch_copy,
                                      sluice_diag *why)
{
    if (ref->versions)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the reference has weight versions: a step with "
                               "versions has one copy of the model");
    if (n_copies < 1 || n_copies > SLUICE_MAX_COPIES)
        return sluice_diag_set(why, SLUICE_INVALID, "%d copies; give 1 to %d",
                               n_copies, SLUICE_MAX_COPIES);
    for (int m = 0; m < ref->microbatches; m++)
        if (microbatch_copy[m] < 0 || microbatch_copy[m] >= n_copies)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "micro-batch %d goes through copy %d; give "
                                   "0 to %d",
                                   m, microbatch_copy[m], n_copies - 1);
    int *copy = sl_reference_take(ref, ref->microbatches, sizeof *copy);
    if (!copy || !take_sums(ref))
        return sl_no_memory(why, "the reference's copies");
    memcpy(copy, microbatch_copy, (size_t)ref->microbatches * sizeof *copy);
    ref->copy = copy;
    ref->copies = n_copies;
    return SLUICE_OK;
}

sluice_status sluice_reference_set_learning_rate(sluice_reference *ref,
                                                 double learning_rate)
{
    sluice_status st = sl_learning_rate_check(learning_rate, NULL);
    if (!st)
        ref->learning_rate = learning_rate;
    return st;
}

uint64_t sluice_reference_n_steps(const sluice_reference *ref)
{
    return ref->step;
}
