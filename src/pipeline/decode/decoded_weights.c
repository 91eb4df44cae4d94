/* The parameters of a decoder.  The caller, between steps. */
#include "pipeline/decode/decoded_weights.h"

#include <string.h>

#include "chan/mpi/courier.h"
#include "nn/model/model.h"
#include "pipeline/decode/runners.h"
#include "pipeline/pieces/tensor_run.h"
#include "pipeline/update/head_update.h"

enum { PART = 4096 }; /* floats of a message */

/* A use of a parameter, and the process that runs its layer. */
struct wanted {
    size_t number;
    struct sl_tensor_item use;
    struct sl_tensor_item first; /* the first use of the same tensor */
    int runner;
};

/* How the tensor of a use lies. */
enum lies {
    WHOLE,      /* on a device of the runner */
    IN_STRIPS,  /* on the devices of a team of the runner */
    SPREAD_OUT, /* among processes */
};

static enum lies lies(const sluice_pipeline *pipe, const struct wanted *wanted)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    if (sl_cut_table_of(pipe, wanted->first.layer, wanted->first.param) >= 0 ||
        sl_item_is_shared(bp, wanted->first))
        return SPREAD_OUT;
    return bp->grid.n_shards > 1 ? IN_STRIPS : WHOLE;
}

/* The next use, in the order of the layers; begins with zeros. */
static bool next(const struct sl_decoded_weights *weights, const int *runners,
                 struct wanted *wanted)
{
    const sluice_model *model = weights->model;
    bool begins = wanted->use.state != SL_VALUES;
    struct sl_tensor_item *use = &wanted->use;
    wanted->number += !begins;
    use->param += !begins;
    use->state = SL_VALUES;
    while (use->layer < sluice_model_n_layers(model) &&
           use->param == sluice_model_layer_plan(model, use->layer)->n_params) {
        use->layer++;
        use->param = 0;
    }
    if (use->layer == sluice_model_n_layers(model))
        return false;
    const struct sl_parameter_use first = sl_model_first_use(
        model, (struct sl_parameter_use){use->layer, use->param});
    wanted->first =
        (struct sl_tensor_item){first.layer, first.param, SL_VALUES};
    wanted->runner = runners ? runners[use->layer] : 0;
    return true;
}

static size_t elements_of(const struct sl_decoded_weights *weights,
                          const struct wanted *wanted)
{
    const sluice_layer_plan *plan =
        sluice_model_layer_plan(weights->model, wanted->use.layer);
    return (size_t)sluice_shape_elements(
        &plan->params[wanted->use.param].shape);
}

/* Whether an earlier use of the same tensor has the same runner. */
static bool is_had(const struct sl_decoded_weights *weights, const int *runners,
                   const struct wanted *wanted)
{
    struct wanted earlier = {0};
    bool had = false;
    if (weights->firsts[wanted->number] == wanted->number)
        return false;
    while (!had && next(weights, runners, &earlier) &&
           earlier.number < wanted->number)
        had =
            earlier.runner == wanted->runner &&
            weights->firsts[earlier.number] == weights->firsts[wanted->number];
    return had;
}

/* The number of a use among those of all layers. */
static size_t number_of(const sluice_model *model, struct sl_tensor_item use)
{
    size_t n = (size_t)use.param;
    for (int i = 0; i < use.layer; i++)
        n += (size_t)sluice_model_layer_plan(model, i)->n_params;
    return n;
}

sluice_status sl_decoded_weights_init(struct sl_decoded_weights *weights,
                                      const sluice_pipeline *pipe,
                                      const sluice_model *model,
                                      sluice_diag *why)
{
    const sluice_allocator *allocator = pipe->allocator;
    struct wanted wanted = {0};
    *weights = (struct sl_decoded_weights){allocator, pipe, model, 0,
                                           NULL,      NULL, NULL};
    while (next(weights, NULL, &wanted))
        weights->n++;
    size_t n = weights->n;
    weights->firsts = sl_alloc(allocator, n, sizeof *weights->firsts);
    weights->params = sl_alloc(allocator, n, sizeof *weights->params);
    weights->copies = sl_alloc(allocator, n, sizeof *weights->copies);
    if (!weights->firsts || !weights->params || !weights->copies) {
        sl_decoded_weights_fini(weights);
        return sl_no_memory(why, "a decoder");
    }
    wanted = (struct wanted){0};
    while (next(weights, NULL, &wanted))
        weights->firsts[wanted.number] = number_of(model, wanted.first);
    return SLUICE_OK;
}

static void free_copy(struct sl_decoded_weights *weights,
                      const struct wanted *wanted)
{
    sl_free(weights->allocator, weights->copies[wanted->number],
            elements_of(weights, wanted), sizeof(float));
    weights->copies[wanted->number] = NULL;
}

void sl_decoded_weights_fini(struct sl_decoded_weights *weights)
{
    struct wanted wanted = {0};
    while (weights->copies && next(weights, NULL, &wanted))
        free_copy(weights, &wanted);
    sl_free(weights->allocator, weights->copies, weights->n,
            sizeof *weights->copies);
    sl_free(weights->allocator, weights->params, weights->n,
            sizeof *weights->params);
    sl_free(weights->allocator, weights->firsts, weights->n,
            sizeof *weights->firsts);
    *weights = (struct sl_decoded_weights){0};
}

/* Whether this process needs a copy of the tensor whose first use this is. */
static bool needs_copy(const struct sl_decoded_weights *weights,
                       const int *runners, const struct wanted *first)
{
    struct wanted use = {0};
    bool needs = false;
    while (!needs && next(weights, runners, &use))
        needs = weights->firsts[use.number] == first->number &&
                use.runner == weights->pipe->blueprint.processes.rank &&
                lies(weights->pipe, &use) != WHOLE;
    return needs;
}

sluice_status sl_decoded_weights_make_room(struct sl_decoded_weights *weights,
                                           const int *runners, sluice_diag *why)
{
    struct wanted wanted = {0};
    while (next(weights, runners, &wanted)) {
        float **copy = &weights->copies[wanted.number];
        if (!needs_copy(weights, runners, &wanted)) {
            free_copy(weights, &wanted);
            continue;
        }
        if (!*copy)
            *copy = sl_alloc(weights->allocator, elements_of(weights, &wanted),
                             sizeof(float));
        if (!*copy)
            return sl_no_memory(why, "a parameter that lies in parts");
    }
    return SLUICE_OK;
}

/* Bring elements that lie together to the runner of a layer. */
static sluice_status bring(const sluice_pipeline *pipe,
                           const struct sl_tensor_run *run, int runner,
                           float *copy, sluice_diag *why)
{
    float part[PART];
    int rank = pipe->blueprint.processes.rank;
    int64_t end = run->first + run->n;
    struct sl_chunk at = {run->first, PART};
    sluice_status st = SLUICE_OK;
    if (run->process == runner && runner == rank)
        sl_shard_gather_piece(&run->shard,
                              (struct sl_chunk){run->first, run->n},
                              run->elements, copy);
    if (run->process == runner || (run->process != rank && runner != rank))
        return SLUICE_OK;
    const struct sl_courier courier = sl_courier_of_callers(pipe->world);
    for (; at.first < end && !st; at.first += at.n) {
        at.n = end - at.first < PART ? end - at.first : PART;
        size_t bytes = (size_t)at.n * sizeof *part;
        if (runner != rank) {
            st = sl_courier_send(&courier, runner,
                                 run->elements + (at.first - run->first), bytes,
                                 why);
            continue;
        }
        st = sl_courier_receive(&courier, run->process, part, bytes, why);
        if (!st)
            sl_shard_gather_piece(&run->shard, at, part, copy);
    }
    return st;
}

/* Where this process has a tensor whole, or in strips: then they are put
 * together. */
static const float *find_here(const struct sl_decoded_weights *weights,
                              const struct wanted *wanted, float *copy)
{
    const sluice_pipeline *pipe = weights->pipe;
    int holder = sl_runner_holder(pipe, wanted->runner, wanted->use.layer);
    int n_shards = pipe->blueprint.grid.n_shards;
    struct sl_holding is;
    for (int s = 0; s < n_shards; s++) {
        is = sl_holding_at(pipe, holder, s, wanted->use);
        if (copy)
            sl_shard_gather_piece(&is.shard, is.piece, is.values, copy);
    }
    return copy ? copy : is.values;
}

/* Its parameter, for the process that runs the layer. */
static sluice_status find(struct sl_decoded_weights *weights,
                          const struct wanted *wanted, sluice_diag *why)
{
    const sluice_pipeline *pipe = weights->pipe;
    bool runs = wanted->runner == pipe->blueprint.processes.rank;
    size_t first = weights->firsts[wanted->number];
    float *copy = runs ? weights->copies[first] : NULL;
    bool is_spread = lies(pipe, wanted) == SPREAD_OUT;
    int n = is_spread ? sl_item_n_runs(pipe, wanted->first) : 0;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++) {
        struct sl_tensor_run run = sl_item_run_at(pipe, wanted->first, i);
        st = bring(pipe, &run, wanted->runner, copy, why);
    }
    if (runs)
        weights->params[first] =
            is_spread ? copy : find_here(weights, wanted, copy);
    return st;
}

sluice_status sl_decoded_weights_find(struct sl_decoded_weights *weights,
                                      const int *runners, sluice_diag *why)
{
    struct wanted wanted = {0};
    sluice_status st = SLUICE_OK;
    memset(weights->params, 0, weights->n * sizeof *weights->params);
    while (!st && next(weights, runners, &wanted)) {
        if (!is_had(weights, runners, &wanted))
            st = find(weights, &wanted, why);
        if (wanted.runner == weights->pipe->blueprint.processes.rank)
            weights->params[wanted.number] =
                weights->params[weights->firsts[wanted.number]];
    }
    return st;
}
