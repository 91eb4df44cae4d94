/* Parameters and optimizer states by name.  The caller, between steps. */
#include "pipeline/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/finite.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/across/vocabulary_board.h"
#include "pipeline/update/head_update.h"

/* A parameter, and what of it is meant. */
struct item {
    int layer;
    int param;
    int state; /* GRADIENT; VALUES; or a state of the optimizer */
};

enum { GRADIENT = -2, VALUES = -1 };

/* What one device of this process holds of it. */
struct place {
    float *values;
    struct sl_shard shard; /* which elements those are */
    const struct sl_stage *stage;
};

/* The stage in which a layer is, as a shard of holder number `holder` of its
 * part has it; every layer is in one. */
static const struct sl_stage *stage_of(const sluice_pipeline *pipe, int holder,
                                       int shard, int layer)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_stage *stage = NULL;
    for (int part = 0; part < layout->grid.depth; part++) {
        const struct sl_stage *next =
            &layout->stages[sl_held_stage(&layout->grid, holder, shard, part)];
        if (layer >= next->units[0].layer)
            stage = next;
    }
    return stage;
}

/* The process in whose memory it is, of holder number `holder`. */
static int process_of(const sluice_pipeline *pipe, int holder, struct item item)
{
    int replica = holder / pipe->blueprint.grid.n_copies;
    return sl_abroad_process(pipe, replica,
                             stage_of(pipe, holder, 0, item.layer));
}

static bool is_here(const sluice_pipeline *pipe, int process)
{
    return process == pipe->blueprint.processes.rank;
}

/* Whether the holders of a part have a piece each. */
static bool is_shared(const sluice_pipeline *pipe, struct item item)
{
    return pipe->blueprint.updates.zero > 0 && item.state != VALUES;
}

/* A run of a tensor, in ZeRO. */
static struct sl_shard run_of(struct sl_chunk piece)
{
    return (struct sl_shard){
        .n_runs = 1, .run = piece.n, .stride = piece.n, .first = piece.first};
}

/* The piece that a holder has of a gradient or of a state. */
static struct place piece_of(const struct sl_stage *stage,
                             const struct sl_unit *unit, struct item item)
{
    int64_t n = sluice_shape_elements(&unit->plan->params[item.param].shape);
    struct sl_chunk piece = sl_unit_piece(stage, unit, item.param, n);
    return (struct place){
        .values =
            item.state == GRADIENT
                ? sl_unit_gradient(stage, unit, item.param, piece)
                : sl_unit_state(stage, unit, item.param, item.state, piece),
        .shard = run_of(piece),
        .stage = stage,
    };
}

/* In the copy of the model that holder number `holder` of each part belongs
 * to. */
static struct place place_of(const sluice_pipeline *pipe, int holder, int shard,
                             struct item item)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_stage *stage = stage_of(pipe, holder, shard, item.layer);
    const struct sl_unit *unit =
        &stage->units[item.layer - stage->units[0].layer];
    if (is_shared(pipe, item))
        return piece_of(stage, unit, item);
    float *values = unit->grads[item.param];
    if (item.state != GRADIENT)
        values =
            unit->param_at[item.param] +
            (item.state == VALUES ? stage->params : stage->states[item.state]);
    return (struct place){
        .values = values,
        .shard =
            sl_layout_tensors(layout, shard)[unit->first_tensor + item.param]
                .shard,
        .stage = stage,
    };
}

/* Put together what devices hold, those of a team or all of them. */
static void gather(const sluice_pipeline *pipe, struct item item, float *values)
{
    int cut = sl_cut_table_of(pipe, item.layer, item.param);
    int holder = 0;
    if (cut >= 0) {
        sl_cut_table_get(pipe, cut, item.state, values);
        return;
    }
    int end = is_shared(pipe, item) ? sl_n_holders(&pipe->blueprint.grid)
                                    : holder + 1;
    for (; holder < end; holder++)
        for (int shard = 0; shard < pipe->blueprint.grid.n_shards; shard++) {
            struct place place = place_of(pipe, holder, shard, item);
            sl_shard_gather(&place.shard, place.values, values);
        }
}

static sluice_status check_size(const char *name, int64_t is, int64_t given,
                                sluice_diag *why)
{
    if (is == given)
        return SLUICE_OK;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "parameter %s has %" PRId64 " elements, not %" PRId64, name, is, given);
}

static sluice_status find(const sluice_pipeline *pipe, const char *name,
                          int64_t n, struct item *item, sluice_diag *why)
{
    const sluice_param_spec *spec;
    sluice_status st = sluice_model_find_parameter(
        pipe->blueprint.model, name, &item->layer, &item->param, &spec, why);
    return st ? st
              : check_size(name, sluice_shape_elements(&spec->shape), n, why);
}

/* Put together its n elements, in all processes. */
static sluice_status get(const sluice_pipeline *pipe, struct item item,
                         float *values, int64_t n, sluice_diag *why)
{
    int process = process_of(pipe, 0, item);
    if (is_here(pipe, process))
        gather(pipe, item, values);
    return sl_abroad_share(pipe, process, values, (size_t)n * sizeof *values,
                           why);
}

sluice_status sluice_pipeline_get_parameter(const sluice_pipeline *pipe,
                                            const char *name, float *values,
                                            int64_t n, sluice_diag *why)
{
    struct item item = {.state = VALUES};
    sluice_status st = find(pipe, name, n, &item, why);
    if (!st)
        st = get(pipe, item, values, n, why);
    return st;
}

/* Packed copies of the weights are of the old values. */
static void put(struct place place, const float *from, struct item item)
{
    sl_shard_scatter(&place.shard, from, place.values);
    if (item.state == VALUES)
        sl_products_forget(place.stage, place.stage->params);
}

/* A use of a tied tensor. */
static struct item item_of(const struct sl_blueprint *bp,
                           const struct sl_tied_use *use, int state)
{
    const struct sl_unit *unit = &bp->layout.stages[use->part].units[use->unit];
    return (struct item){unit->layer, use->param, state};
}

/* One of the places of a parameter: in each holder of its part of the model,
 * and of a tied one in each stage that uses it. */
struct spot {
    int holder;
    int shard;
    struct item use;
};

static int n_spots(const struct sl_blueprint *bp, struct item item)
{
    const struct sl_tie *tie = sl_tie_of(&bp->ties, item.layer, item.param);
    return sl_n_holders(&bp->grid) * bp->grid.n_shards *
           (tie ? tie->n_uses : 1);
}

static struct spot spot_at(const struct sl_blueprint *bp, struct item item,
                           int i)
{
    const struct sl_tie *tie = sl_tie_of(&bp->ties, item.layer, item.param);
    int n_uses = tie ? tie->n_uses : 1;
    return (struct spot){
        .holder = i / n_uses / bp->grid.n_shards,
        .shard = i / n_uses % bp->grid.n_shards,
        .use = tie ? item_of(bp, &tie->uses[i % n_uses], item.state) : item,
    };
}

/* Put a parameter wherever it lies; uses that share their weights with one
 * before them get the same once more. */
static void put_all(sluice_pipeline *pipe, struct item item, const float *from)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    int cut = sl_cut_table_of(pipe, item.layer, item.param);
    if (cut >= 0) {
        sl_cut_table_put(pipe, cut, item.state, from);
        return;
    }
    for (int i = 0; i < n_spots(bp, item); i++) {
        struct spot at = spot_at(bp, item, i);
        if (is_here(pipe, process_of(pipe, at.holder, at.use)))
            put(place_of(pipe, at.holder, at.shard, at.use), from, at.use);
    }
}

sluice_status sluice_pipeline_set_parameter(sluice_pipeline *pipe,
                                            const char *name,
                                            const float *values, int64_t n,
                                            sluice_diag *why)
{
    struct item item = {.state = VALUES};
    sluice_status st = find(pipe, name, n, &item, why);
    if (!st)
        st = sl_check_finite("parameter", name, values, n, why);
    if (!st)
        put_all(pipe, item, values);
    return st;
}

sluice_status sluice_pipeline_get_gradient(const sluice_pipeline *pipe,
                                           const char *name, float *values,
                                           int64_t n, sluice_diag *why)
{
    struct item item = {.state = GRADIENT};
    sluice_status st = find(pipe, name, n, &item, why);
    if (!st)
        st = get(pipe, item, values, n, why);
    return st;
}

bool sluice_pipeline_next_tensor(const sluice_pipeline *pipe,
                                 sluice_state_tensor *at)
{
    if (at->parameter.spec && at->state + 1 < pipe->blueprint.n_states) {
        at->state++;
        snprintf(at->name, sizeof at->name, "state%d.%s", at->state,
                 at->parameter.name);
        return true;
    }
    if (!sluice_model_next_parameter(pipe->blueprint.model, &at->parameter))
        return false;
    at->state = -1;
    snprintf(at->name, sizeof at->name, "%s", at->parameter.name);
    return true;
}

int sl_tensor_state(const char *name)
{
    static const char prefix[] = "state";
    enum { N = sizeof prefix - 1 };
    bool is_state = !strncmp(name, prefix, N) && name[N] >= '0' &&
                    name[N] <= '9' && name[N + 1] == '.';
    return is_state ? name[N] - '0' : -1;
}

static struct item tensor_of(const sluice_state_tensor *tensor)
{
    return (struct item){
        .layer = tensor->parameter.layer,
        .param = tensor->parameter.index,
        .state = tensor->state < 0 ? VALUES : tensor->state,
    };
}

float *sl_pipeline_tensor(const sluice_pipeline *pipe, int holder,
                          const sluice_state_tensor *tensor)
{
    if (pipe->blueprint.grid.n_shards > 1 ||
        sl_cut_table_of(pipe, tensor->parameter.layer,
                        tensor->parameter.index) >= 0 ||
        is_shared(pipe, tensor_of(tensor)))
        return NULL;
    return place_of(pipe, holder, 0, tensor_of(tensor)).values;
}

bool sluice_pipeline_holds(const sluice_pipeline *pipe, const char *name)
{
    sluice_state_tensor at = {.state = -1};
    const sluice_param_spec *spec;
    return !sluice_model_find_parameter(pipe->blueprint.model, name,
                                        &at.parameter.layer,
                                        &at.parameter.index, &spec, NULL) &&
           sl_pipeline_has_tensor(pipe, &at);
}

int sl_pipeline_tensor_process(const sluice_pipeline *pipe, int holder,
                               const sluice_state_tensor *tensor)
{
    return process_of(pipe, holder, tensor_of(tensor));
}

bool sl_pipeline_has_tensor(const sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct item item = tensor_of(tensor);
    bool has = !pipe->world;
    for (int i = 0; !has && i < n_spots(bp, item); i++) {
        struct spot at = spot_at(bp, item, i);
        has = is_here(pipe, process_of(pipe, at.holder, at.use));
    }
    return has;
}

void sl_pipeline_copy_tensor(const sluice_pipeline *pipe,
                             const sluice_state_tensor *tensor, float *values)
{
    gather(pipe, tensor_of(tensor), values);
}

void sl_pipeline_put_tensor(sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor,
                            const float *values)
{
    put_all(pipe, tensor_of(tensor), values);
}

static sluice_status find_tensor(const sluice_pipeline *pipe, const char *name,
                                 int64_t n, sluice_state_tensor *out,
                                 sluice_diag *why)
{
    int state = sl_tensor_state(name);
    int n_states = pipe->blueprint.n_states;
    sluice_state_tensor at = {.state = -1};
    if (state >= n_states)
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "there is no tensor \"%s\": the optimizer, %s, "
                               "keeps %d states of each parameter",
                               name, pipe->blueprint.optimizer->name, n_states);
    while (sluice_pipeline_next_tensor(pipe, &at))
        if (!strcmp(at.name, name)) {
            *out = at;
            if (at.parameter.n == n)
                return SLUICE_OK;
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "tensor %s has %" PRId64
                                   " elements, not %" PRId64,
                                   name, at.parameter.n, n);
        }
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "there is no tensor \"%s\": a name is that of a "
                           "parameter, \"0.weight\", or of an optimizer's "
                           "state of it, \"state0.0.weight\"",
                           name);
}

sluice_status sluice_pipeline_get_tensor(const sluice_pipeline *pipe,
                                         const char *name, float *values,
                                         int64_t n, sluice_diag *why)
{
    sluice_state_tensor tensor;
    sluice_status st = find_tensor(pipe, name, n, &tensor, why);
    return st ? st : get(pipe, tensor_of(&tensor), values, n, why);
}

sluice_status sluice_pipeline_set_tensor(sluice_pipeline *pipe,
                                         const char *name, const float *values,
                                         int64_t n, sluice_diag *why)
{
    sluice_state_tensor tensor;
    sluice_status st = find_tensor(pipe, name, n, &tensor, why);
    if (!st && tensor.state < 0)
        st = sl_check_finite("parameter", name, values, n, why);
    if (!st)
        sl_pipeline_put_tensor(pipe, &tensor, values);
    return st;
}
