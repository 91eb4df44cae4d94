/* Tied tensors.  The devices that hold a use. */
#include "pipeline/across/tied.h"

#include <string.h>

#include "pipeline/clocks.h"

static size_t n_holders(const struct sl_blueprint *bp)
{
    return (size_t)sl_n_holders(&bp->grid);
}

static size_t n_shards(const struct sl_blueprint *bp)
{
    return (size_t)bp->grid.n_shards;
}

size_t sl_n_tied_groups(const struct sl_blueprint *bp)
{
    return (size_t)bp->ties.n * n_holders(bp) * n_shards(bp);
}

/* Those of a tie follow each other, holder by holder, shard by shard. */
static const struct sl_tie *tie_of(const struct sl_blueprint *bp, size_t i)
{
    return &bp->ties.at[i / n_shards(bp) / n_holders(bp)];
}

int sl_tied_n_members(const struct sl_blueprint *bp, size_t i)
{
    int copy = (int)(i / n_shards(bp) % n_holders(bp)) % bp->grid.n_copies;
    return sl_tie_n_members(&bp->layout, tie_of(bp, i), copy);
}

int sl_tied_n_terms(const struct sl_blueprint *bp, size_t i)
{
    return tie_of(bp, i)->n_uses;
}

void sl_tied_members(const struct sl_blueprint *bp, size_t i, int *devices,
                     int *owners)
{
    const struct sl_tie *tie = tie_of(bp, i);
    int holder = (int)(i / n_shards(bp) % n_holders(bp));
    int copy = holder % bp->grid.n_copies;
    struct sl_coordinates at = {.replica = holder / bp->grid.n_copies,
                                .shard = (int)(i % n_shards(bp))};
    for (; at.place < bp->grid.n_devices; at.place++) {
        int rank = sl_tie_rank(&bp->layout, tie, copy, at.place);
        if (rank >= 0)
            devices[rank] = sl_device_index(&bp->grid, at);
    }
    for (int u = 0; u < tie->n_uses; u++) {
        int place = sl_tied_stage(&bp->layout, &tie->uses[u], copy)->device;
        owners[u] = sl_tie_rank(&bp->layout, tie, copy, place);
    }
}

size_t sl_tied_most_terms(const struct sl_blueprint *bp)
{
    int most = 0;
    for (int i = 0; i < bp->ties.n; i++)
        if (bp->ties.at[i].n_uses > most)
            most = bp->ties.at[i].n_uses;
    return (size_t)most;
}

/* A tie in one copy of the model, as a device sees it. */
struct view {
    struct sl_device *device;
    const struct sl_tie *tie;
    int copy;
};

static struct view view_of(struct sl_device *device, const struct sl_op *op)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    return (struct view){
        .device = device,
        .tie = &bp->ties.at[op->tie],
        .copy = sl_copy_of(&bp->grid, op->action.stage),
    };
}

/* The gradient of a use; NULL if it lies on another device. */
static float *gradient_of(const struct view *view, int use)
{
    const struct sl_grid *grid = &view->device->pipe->blueprint.grid;
    const struct sl_tied_use *at = &view->tie->uses[use];
    const struct sl_stage *stage =
        &view->device->stages[view->copy * grid->depth + at->part];
    if (stage->device != view->device->at.place)
        return NULL;
    return stage->units[at->unit].grads[at->param];
}

/* This device's terms.  Members read them until all have come to the gather:
 * only a scatter may write them. */
static void fill_terms(const struct view *view)
{
    for (int i = 0; i < view->tie->n_uses; i++)
        view->device->tied_terms[i] = gradient_of(view, i);
}

/* The gradient of the device's first use, where the sum goes. */
static float *first_gradient(const struct view *view)
{
    int i = 0;
    while (!gradient_of(view, i))
        i++;
    return gradient_of(view, i);
}

static void begin(void *device)
{
    sl_begin_work(device);
}

static struct sl_collective *group_of(const struct view *view,
                                      const struct sl_op *op)
{
    const struct sl_blueprint *bp = &view->device->pipe->blueprint;
    int holder = sl_holder_of(&bp->grid, view->device->at, op->action.stage);
    size_t i =
        ((size_t)op->tie * n_holders(bp) + (size_t)holder) * n_shards(bp) +
        (size_t)view->device->at.shard;
    return view->device->pipe
        ->groups[(size_t)bp->grid.depth * n_shards(bp) + i];
}

static int rank_of(const struct view *view)
{
    return sl_tie_rank(&view->device->pipe->blueprint.layout, view->tie,
                       view->copy, view->device->at.place);
}

static struct sl_share share_of(const struct view *view)
{
    const struct sl_layout *layout = &view->device->pipe->blueprint.layout;
    int shard = view->device->at.shard;
    return (struct sl_share){
        .x = first_gradient(view),
        .n = sl_layout_tensors(layout, shard)[view->tie->tensor].n,
        .terms = view->device->tied_terms,
        .virtual_ns = &view->device->virtual_ns,
        .begin = begin,
        .context = view->device,
    };
}

sluice_status sl_tied_scatter(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why)
{
    (void)why;
    struct view view = view_of(device, op);
    struct sl_share share = share_of(&view);
    fill_terms(&view);
    return sl_collective_reduce_scatter(group_of(&view, op), rank_of(&view),
                                        &share);
}

/* The sum lies where the first use had its gradient; no member reads the others
 * any more. */
sluice_status sl_tied_gather(struct sl_device *device, const struct sl_op *op,
                             sluice_diag *why)
{
    (void)why;
    struct view view = view_of(device, op);
    struct sl_share share = share_of(&view);
    sluice_status st =
        sl_collective_all_gather(group_of(&view, op), rank_of(&view), &share);
    for (int i = 0; i < view.tie->n_uses && !st; i++) {
        float *g = gradient_of(&view, i);
        if (g && g != share.x)
            memcpy(g, share.x, (size_t)share.n * sizeof *g);
    }
    return st;
}
