/* Parameters and optimizer states by name.  The caller, between steps. */
#include "pipeline/parameters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sluice/world.h>

#include "base/finite.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/pieces/berth.h"
#include "pipeline/update/head_update.h"

/* Put together what devices of this process hold. */
static void gather(const sluice_pipeline *pipe, struct sl_tensor_item item,
                   float *values)
{
    int cut = sl_cut_table_of(pipe, item.layer, item.param);
    if (cut >= 0)
        sl_cut_table_get(pipe, cut, item.state, values);
    else
        sl_holdings_gather(pipe, item, values);
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
                          int64_t n, struct sl_tensor_item *item,
                          sluice_diag *why)
{
    const sluice_param_spec *spec;
    sluice_status st = sluice_model_find_parameter(
        pipe->blueprint.model, name, &item->layer, &item->param, &spec, why);
    return st ? st
              : check_size(name, sluice_shape_elements(&spec->shape), n, why);
}

/* A run of elements that have places of their own, a part at a time, in all
 * processes. */
static sluice_status get_strip(const sluice_pipeline *pipe,
                               const struct sl_tensor_run *run, float *values,
                               sluice_diag *why)
{
    enum { PART = 2048 };
    float part[PART];
    struct sl_chunk at = {run->first, PART};
    int64_t end = run->first + run->n;
    sluice_status st = SLUICE_OK;
    for (; at.first < end && !st; at.first += at.n) {
        at.n = end - at.first < PART ? end - at.first : PART;
        size_t bytes = (size_t)at.n * sizeof *part;
        if (run->elements)
            memcpy(part, run->elements + (at.first - run->first), bytes);
        st = sl_abroad_share(pipe, run->process, part, bytes, why);
        if (!st)
            sl_shard_gather_piece(&run->shard, at, part, values);
    }
    return st;
}

/* Put together the elements of a tensor, in all processes, unless one of them
 * could not find it. */
static sluice_status get(const sluice_pipeline *pipe, sluice_status st,
                         struct sl_tensor_item item, float *values,
                         sluice_diag *why)
{
    if (!pipe->world) {
        if (!st)
            gather(pipe, item, values);
        return st;
    }
    st = sluice_world_agree(pipe->world, st, why);
    if (st)
        return st;
    for (int i = 0; i < sl_item_n_runs(pipe, item) && !st; i++) {
        struct sl_tensor_run run = sl_item_run_at(pipe, item, i);
        if (pipe->blueprint.grid.n_shards > 1) {
            st = get_strip(pipe, &run, values, why);
            continue;
        }
        size_t bytes = (size_t)run.n * sizeof *values;
        if (run.elements && run.n > 0)
            memcpy(values + run.first, run.elements, bytes);
        if (run.n > 0)
            st = sl_abroad_share(pipe, run.process, values + run.first, bytes,
                                 why);
    }
    return st;
}

sluice_status sluice_pipeline_get_parameter(const sluice_pipeline *pipe,
                                            const char *name, float *values,
                                            int64_t n, sluice_diag *why)
{
    struct sl_tensor_item item = {.state = SL_VALUES};
    sluice_status st = find(pipe, name, n, &item, why);
    return get(pipe, st, item, values, why);
}

/* Put a parameter wherever it lies; weights that were packed before have the
 * old values. */
static void put_all(sluice_pipeline *pipe, struct sl_tensor_item item,
                    const float *from)
{
    for (int i = 0; i < sl_item_n_berths(pipe, item); i++) {
        struct sl_berth to = sl_item_berth_at(pipe, item, i);
        if (!to.values)
            continue;
        sl_shard_scatter_piece(&to.shard, to.piece, from, to.values);
        if (item.state == SL_VALUES)
            sl_berth_forget(&to);
    }
}

sluice_status sluice_pipeline_set_parameter(sluice_pipeline *pipe,
                                            const char *name,
                                            const float *values, int64_t n,
                                            sluice_diag *why)
{
    struct sl_tensor_item item = {.state = SL_VALUES};
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
    struct sl_tensor_item item = {.state = SL_GRADIENT};
    sluice_status st = find(pipe, name, n, &item, why);
    return get(pipe, st, item, values, why);
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

struct sl_tensor_item sl_tensor_item_of(const sluice_state_tensor *tensor)
{
    return (struct sl_tensor_item){
        .layer = tensor->parameter.layer,
        .param = tensor->parameter.index,
        .state = tensor->state < 0 ? SL_VALUES : tensor->state,
    };
}

float *sl_pipeline_tensor(const sluice_pipeline *pipe, int holder,
                          const sluice_state_tensor *tensor)
{
    if (pipe->blueprint.grid.n_shards > 1 ||
        sl_cut_table_of(pipe, tensor->parameter.layer,
                        tensor->parameter.index) >= 0 ||
        sl_item_is_shared(&pipe->blueprint, sl_tensor_item_of(tensor)))
        return NULL;
    return sl_holding_at(pipe, holder, 0, sl_tensor_item_of(tensor)).values;
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

int sl_tensor_n_runs(const sluice_pipeline *pipe,
                     const sluice_state_tensor *tensor)
{
    return sl_item_n_runs(pipe, sl_tensor_item_of(tensor));
}

struct sl_tensor_run sl_tensor_run_at(const sluice_pipeline *pipe,
                                      const sluice_state_tensor *tensor, int i)
{
    return sl_item_run_at(pipe, sl_tensor_item_of(tensor), i);
}

bool sl_pipeline_has_tensor_in(const sluice_pipeline *pipe, int process,
                               const sluice_state_tensor *tensor)
{
    struct sl_tensor_item item = sl_tensor_item_of(tensor);
    bool has = false;
    for (int i = 0; !has && i < sl_item_n_berths(pipe, item); i++)
        has = sl_item_berth_at(pipe, item, i).process == process;
    return has;
}

bool sl_pipeline_has_tensor(const sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor)
{
    return sl_pipeline_has_tensor_in(pipe, pipe->blueprint.processes.rank,
                                     tensor);
}

void sl_pipeline_copy_tensor(const sluice_pipeline *pipe,
                             const sluice_state_tensor *tensor, float *values)
{
    gather(pipe, sl_tensor_item_of(tensor), values);
}

void sl_pipeline_put_tensor(sluice_pipeline *pipe,
                            const sluice_state_tensor *tensor,
                            const float *values)
{
    put_all(pipe, sl_tensor_item_of(tensor), values);
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
    sluice_state_tensor tensor = {.state = -1};
    sluice_status st = find_tensor(pipe, name, n, &tensor, why);
    return get(pipe, st, sl_tensor_item_of(&tensor), values, why);
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
