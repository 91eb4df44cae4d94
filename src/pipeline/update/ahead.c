/* Updating ahead of the commit, and undoing it.  The device. */
#include "pipeline/update/ahead.h"

#include <string.h>

#include "blueprint/shards/zero.h"
#include "pipeline/across/head_parts.h"
#include "pipeline/update/optimize.h"

static size_t floats_bytes(int64_t n)
{
    return sl_round_up((size_t)n * sizeof(float));
}

/* What an update writes of a parameter: a piece of its weights, and of each of
 * its states if it has them. */
struct written {
    struct sl_chunk piece;
    int n_arrays;
};

static struct written written_of(const struct sl_device *device,
                                 const struct sl_stage *stage,
                                 const struct sl_unit *unit, int p)
{
    bool learned;
    struct sl_chunk piece = sl_optimize_piece(device, stage, unit, p, &learned);
    int n_states = learned ? device->pipe->blueprint.n_states : 0;
    return (struct written){piece, piece.n > 0 ? 1 + n_states : 0};
}

static float *array_at(const struct sl_stage *stage, const struct sl_unit *unit,
                       int p, int i, struct sl_chunk piece)
{
    if (i > 0)
        return sl_unit_state(stage, unit, p, i - 1, piece);
    return sl_unit_weights(stage, unit, p, piece);
}

static size_t unit_bytes(const struct sl_device *device,
                         const struct sl_stage *stage,
                         const struct sl_unit *unit)
{
    size_t bytes = 0;
    for (int p = 0; p < unit->plan->n_params; p++) {
        struct written w = written_of(device, stage, unit, p);
        bytes += (size_t)w.n_arrays * floats_bytes(w.piece.n);
    }
    return bytes;
}

/* Copy what an update of the unit writes to `kept`, or back.  Returns the end
 * of the copy. */
static char *copy_unit(const struct sl_device *device,
                       const struct sl_stage *stage, const struct sl_unit *unit,
                       char *kept, bool back)
{
    for (int p = 0; p < unit->plan->n_params; p++) {
        struct written w = written_of(device, stage, unit, p);
        size_t bytes = (size_t)w.piece.n * sizeof(float);
        for (int i = 0; i < w.n_arrays; i++) {
            float *live = array_at(stage, unit, p, i, w.piece);
            memcpy(back ? (char *)live : kept, back ? kept : (char *)live,
                   bytes);
            kept += sl_round_up(bytes);
        }
    }
    return kept;
}

static bool has_room(const struct sl_device *device,
                     const struct sl_stage *stage, const struct sl_unit *unit)
{
    const struct sl_workspace *ws = device->workspace;
    return unit_bytes(device, stage, unit) <=
           ws->spare_bytes - (size_t)(device->undo_end - ws->spare);
}

sluice_status sl_ahead_vote(struct sl_device *device, const struct sl_op *op,
                            sluice_diag *why)
{
    (void)op;
    (void)why;
    /* The members of a team read each other's weights until all have ended, and
     * so do replicas where there is one copy. */
    device->ahead = device->pipe->blueprint.grid.n_shards == 1 &&
                    device->pipe->blueprint.updates.zero < SL_ZERO_PARAMETERS &&
                    sl_collective_vote(device->pipe->everyone, device->index,
                                       device->virtual_ns);
    return SLUICE_OK;
}

static bool is_decided(const struct sl_device *device)
{
    return sl_collective_decided(device->pipe->everyone, device->index);
}

bool sl_ahead_can(const struct sl_device *device, const struct sl_op *op)
{
    return device->ahead && sl_optimize_has_terms(device, op) &&
           !is_decided(device);
}

sluice_status sl_ahead_update(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    struct sl_stage *stage = &device->stages[op->action.stage];
    (void)why;
    sl_place_runs(&device->place, SL_OPTIMIZER_RUNS);
    stage->undo = device->undo_end;
    while (stage->n_updated < stage->n_units && !is_decided(device) &&
           has_room(device, stage, &stage->units[stage->n_updated])) {
        const struct sl_unit *unit = &stage->units[stage->n_updated];
        device->undo_end =
            copy_unit(device, stage, unit, device->undo_end, false);
        sl_optimize_unit(device, op, unit);
        stage->n_updated++;
    }
    /* The events of the updates come in the order of the list. */
    device->ahead = stage->n_updated == stage->n_units;
    return SLUICE_OK;
}

bool sl_ahead_left(const struct sl_device *device, const struct sl_op *op)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    return stage->n_updated < stage->n_units ||
           sl_head_part_of(device, stage->index);
}

static bool is_mine(const struct sl_device *device,
                    const struct sl_stage *stage)
{
    return stage->device == device->at.place;
}

void sl_ahead_begin(struct sl_device *device)
{
    for (int s = 0; s < device->pipe->blueprint.grid.n_stages; s++)
        if (is_mine(device, &device->stages[s]))
            device->stages[s].n_updated = 0;
    device->undo_end = device->workspace->spare;
}

static void undo(const struct sl_device *device, const struct sl_stage *stage)
{
    char *kept = stage->undo;
    for (int i = 0; i < stage->n_updated; i++)
        kept = copy_unit(device, stage, &stage->units[i], kept, true);
}

/* The packed copies were overwritten, their marks included. */
void sl_ahead_end(struct sl_device *device, bool failed)
{
    if (device->undo_end == device->workspace->spare)
        return;
    for (int s = 0; s < device->pipe->blueprint.grid.n_stages; s++) {
        struct sl_stage *stage = &device->stages[s];
        if (!is_mine(device, stage))
            continue;
        if (failed)
            undo(device, stage);
        sl_products_forget_all(stage);
    }
}
