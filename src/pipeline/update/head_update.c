/* Updating the tables of a cut vocabulary. */
#include "pipeline/update/head_update.h"

#include <inttypes.h>

#include "base/finite.h"
#include "nn/model/init.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/pieces/holding.h"

/* Table number `i` that a device updates with a stage; NULL past the last. */
static const struct sl_cut_table *table_at(const struct sl_device *device,
                                           const struct sl_op *op, int i)
{
    if (!sl_head_part_of(device, op->action.stage))
        return NULL;
    return sl_cut_table_at(device->vocabulary, i);
}

/* About a piece of the device's rows, without states. */
static sluice_optimizer_call make_call(const struct sl_device *device,
                                       const struct sl_op *op,
                                       const struct sl_cut_table *table,
                                       struct sl_chunk piece)
{
    const sluice_pipeline *pipe = device->pipe;
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_tensor *about = &table->tensor;
    const struct sl_table_part *part = &table->parts[device->part];
    return (sluice_optimizer_call){
        .config = bp->optimizer_config,
        .learning_rate = pipe->learning_rate,
        .step = pipe->n_steps * (uint64_t)bp->updates.n_updates +
                (uint64_t)op->update_no,
        .n = piece.n,
        .w = part->w + piece.first,
        .g = part->g + piece.first,
        .name = about->name,
        .shape = &part->shape,
        .layer = about->layer,
        .param = about->param,
        .tensor = about->first,
    };
}

static float *state_at(const struct sl_table_part *part, int state,
                       struct sl_chunk piece)
{
    return part->states[state] + piece.first - part->own.first;
}

/* About what of them the device updates, once the total is known. */
static sluice_optimizer_call update_call(const struct sl_device *device,
                                         const struct sl_op *op,
                                         const struct sl_cut_table *table)
{
    const struct sl_table_part *part = &table->parts[device->part];
    const struct sl_chunk piece = sl_table_part_piece(part);
    sluice_optimizer_call call = make_call(device, op, table, piece);
    for (int i = 0; i < device->pipe->blueprint.n_states; i++)
        call.state[i] = state_at(part, i, piece);
    call.total = device->total;
    return call;
}

/* About all of them.  Of shared states it cannot have all. */
static sluice_optimizer_call measure_call(const struct sl_device *device,
                                          const struct sl_op *op,
                                          const struct sl_cut_table *table)
{
    const struct sl_table_part *part = &table->parts[device->part];
    const struct sl_chunk all = {0, part->shard.run};
    sluice_optimizer_call call = make_call(device, op, table, all);
    for (int i = 0;
         table->share.n_holders == 1 && i < device->pipe->blueprint.n_states;
         i++)
        call.state[i] = part->states[i];
    return call;
}

sluice_status sl_cut_head_measure(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const struct sl_cut_table *table;
    (void)why;
    if (device->at.replica > 0) /* one holder measures */
        return SLUICE_OK;
    sl_place_runs(&device->place, SL_OPTIMIZER_RUNS);
    for (int i = 0; (table = sl_cut_table_at(device->vocabulary, i)) != NULL;
         i++) {
        sluice_optimizer_call call = measure_call(device, op, table);
        device->terms[call.tensor] =
            device->pipe->blueprint.optimizer->measure(&call);
    }
    return SLUICE_OK;
}

static sluice_status check_gradient(const struct sl_device *device,
                                    const struct sl_cut_table *table,
                                    sluice_diag *why)
{
    const struct sl_table_part *part = &table->parts[device->part];
    const struct sl_chunk piece = sl_table_part_piece(part);
    const float *g = part->g + piece.first;
    if (device->pipe->blueprint.finite < SLUICE_FINITE_GRADIENTS)
        return SLUICE_OK;
    int64_t i = sl_first_not_finite(g, piece.n);
    if (i == piece.n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NOT_FINITE,
                           "the gradient of parameter %s, element %" PRId64
                           ", is %s, and the step changes nothing; use a "
                           "smaller learning rate",
                           table->tensor.name,
                           sl_shard_element(&part->shard, piece.first + i),
                           sl_not_finite_name((double)g[i]));
}

static sluice_status prepare(struct sl_device *device, const struct sl_op *op,
                             const struct sl_cut_table *table, sluice_diag *why)
{
    const sluice_optimizer_ops *optimizer = device->pipe->blueprint.optimizer;
    sluice_status st = check_gradient(device, table, why);
    sluice_optimizer_call call = update_call(device, op, table);
    if (st || !optimizer->prepare || call.n == 0)
        return st;
    call.why = why;
    st = optimizer->prepare(&call);
    if (st && !why->text[0])
        sluice_diag_set(why, st, "optimizer of %s (%s) returned %s", call.name,
                        optimizer->name, sluice_status_name(st));
    return st;
}

sluice_status sl_cut_head_prepare(struct sl_device *device,
                                  const struct sl_op *op, sluice_diag *why)
{
    const struct sl_cut_table *table;
    sluice_status st = SLUICE_OK;
    for (int i = 0; !st && (table = table_at(device, op, i)) != NULL; i++)
        st = prepare(device, op, table, why);
    return st;
}

void sl_cut_head_forget(struct sl_head_part *part)
{
    for (int k = 0; k < part->plan.n_products; k++)
        sl_product_forget(&part->products[k], NULL);
}

void sl_cut_head_apply(struct sl_device *device, const struct sl_op *op)
{
    struct sl_head_part *part = sl_head_part_of(device, op->action.stage);
    const struct sl_cut_table *table;
    for (int i = 0; (table = table_at(device, op, i)) != NULL; i++) {
        sluice_optimizer_call call = update_call(device, op, table);
        if (call.n > 0)
            device->pipe->blueprint.optimizer->apply(&call);
    }
    if (part)
        sl_cut_head_forget(part);
}

/* Table number `i` of a replica; NULL past the last, or if none is cut. */
static const struct sl_cut_table *table_in(const sluice_pipeline *pipe,
                                           int replica, int i)
{
    return sl_cuts_vocabulary(pipe)
               ? sl_cut_table_at(&pipe->blueprint.vocabulary.heads[replica], i)
               : NULL;
}

int sl_cut_table_of(const sluice_pipeline *pipe, int layer, int param)
{
    const struct sl_cut_table *table;
    for (int i = 0; (table = table_in(pipe, 0, i)) != NULL; i++)
        if (table->tensor.layer == layer && table->tensor.param == param)
            return i;
    return -1;
}

int sl_cut_table_n_holders(const sluice_pipeline *pipe, int table, int state)
{
    const struct sl_cut_table *of = table_in(pipe, 0, table);
    return state == SL_VALUES ? 1 : of->share.n_holders;
}

/* Which of a part's elements one holder has, and where they lie. */
static struct sl_chunk piece_of(const struct sl_table_part *part, bool shared)
{
    return shared ? sl_table_part_piece(part)
                  : (struct sl_chunk){0, part->shard.run};
}

static float *array_of(const struct sl_table_part *part, int state,
                       struct sl_chunk piece)
{
    if (state >= 0)
        return state_at(part, state, piece);
    return (state == SL_GRADIENT ? part->g : part->w) + piece.first;
}

void sl_cut_table_get(const sluice_pipeline *pipe, int table, int state,
                      float *values)
{
    int n_holders = sl_cut_table_n_holders(pipe, table, state);
    for (int r = 0; r < n_holders; r++) {
        const struct sl_cut_table *from = table_in(pipe, r, table);
        for (int i = 0; i < from->n_parts; i++) {
            const struct sl_table_part *part = &from->parts[i];
            const struct sl_chunk piece = piece_of(part, n_holders > 1);
            if (part->w)
                sl_shard_gather_piece(&part->shard, piece,
                                      array_of(part, state, piece), values);
        }
    }
}

struct sl_chunk sl_cut_table_piece(const sluice_pipeline *pipe, int table,
                                   int state, int replica, int part,
                                   float **elements)
{
    const struct sl_table_part *from =
        &table_in(pipe, replica, table)->parts[part];
    const struct sl_chunk piece =
        piece_of(from, sl_cut_table_n_holders(pipe, table, state) > 1);
    *elements = from->w ? array_of(from, state, piece) : NULL;
    return (struct sl_chunk){from->shard.first + piece.first, piece.n};
}

/* The rows of a part, as in the whole table.  Of rows that lie there once for
 * all holders each writes those that it updates. */
static void start(struct sl_device *device, const struct sl_cut_table *table)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    const struct sl_tensor *about = &table->tensor;
    const struct sl_table_part *part = &table->parts[device->part];
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(bp->model, about->layer)->params[about->param];
    const struct sl_chunk piece = piece_of(part, table->share.in_common);
    const struct sl_rows run = {part->shard.first + piece.first, piece.n};
    if (piece.n > 0)
        sl_param_init_run(spec, bp->seed, about->layer, about->param, run,
                          part->w + piece.first);
}

void sl_cut_head_start(struct sl_device *device)
{
    const struct sl_cut_table *table;
    if (!device->vocabulary)
        return;
    for (int i = 0; (table = sl_cut_table_at(device->vocabulary, i)); i++)
        start(device, table);
}
