/* Links of a pipeline.  The caller. */
#include "pipeline/across/links.h"

#include <assert.h>

size_t sl_n_all_edges(const struct sl_blueprint *bp)
{
    return (size_t)bp->grid.n_replicas * (size_t)bp->layout.n_edges;
}

/* Two for each boundary, and for each edge at most. */
size_t sl_n_all_links(const struct sl_blueprint *bp)
{
    int n_boundaries =
        bp->grid.n_replicas * bp->grid.n_stages - sl_n_holders(&bp->grid);
    return 2 * ((size_t)n_boundaries + sl_n_all_edges(bp));
}

void sl_fini_links(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_destroy(pipe->links[i]);
    pipe->n_links = 0;
}

/* The link from stage `from` to stage `to` of a replica, whose `slots` lie in
 * the arena of the second. */
static sluice_status make_link(sluice_pipeline *pipe,
                               const struct sl_stage *from,
                               const struct sl_stage *to, struct sl_ring slots,
                               int capacity, struct sl_link **out)
{
    bool crosses = from->device != to->device;
    const struct sl_link_config config = {
        .slots = slots,
        .capacity = crosses ? capacity : 0,
        .patience = pipe->patience,
        .allocator = pipe->allocator,
    };
    sluice_status st = sl_link_create(&config, out);
    if (!st)
        pipe->links[pipe->n_links++] = *out;
    return st;
}

/* Both directions of the boundary between `stage` and the next one. */
static sluice_status link_stages(sluice_pipeline *pipe, struct sl_stage *stage,
                                 struct sl_ends *ends)
{
    int capacity = pipe->blueprint.queue_capacity;
    sluice_status st = make_link(pipe, stage, stage + 1, stage[1].in_slots,
                                 capacity, &ends->y);
    if (st)
        return st;
    assert(ends->y->ops->rereadable); /* the layout keeps no second copy */
    ends[1].x = ends->y;
    st = make_link(pipe, stage + 1, stage, stage->grad_slots, capacity,
                   &ends->dy);
    ends[1].dx = ends->dy;
    return st;
}

/* Both directions of edge `i` of all replicas. */
static sluice_status link_edge(sluice_pipeline *pipe, size_t i)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_edge *edge = &layout->edges[i];
    const struct sl_coordinates at = {.replica = (int)i / layout->n_edges};
    const struct sl_stage *stages =
        &layout->stages[sl_first_stage(&layout->grid, at)];
    const struct sl_stage *from = &stages[edge->stash.stage];
    const struct sl_stage *to = &stages[edge->pop.stage];
    if (sl_edge_is_inner(edge))
        return SLUICE_OK;
    sluice_status st = make_link(pipe, from, to, edge->activations,
                                 edge->capacity, &pipe->edges[i].activations);
    return st ? st
              : make_link(pipe, to, from, edge->gradients, edge->capacity,
                          &pipe->edges[i].gradients);
}

/* The links of a replica: those of the devices that lead, which the others of
 * their teams only ask for the addresses of slots. */
static sluice_status link_replica(sluice_pipeline *pipe, int replica)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_coordinates at = {.replica = replica};
    int first = sl_first_stage(&bp->grid, at);
    sluice_status st = SLUICE_OK;
    for (int s = first; s < first + bp->grid.n_stages && !st; s++)
        if (!bp->layout.stages[s].is_last)
            st = link_stages(pipe, &bp->layout.stages[s], &pipe->ends[s]);
    for (at.shard = 1; at.shard < bp->grid.n_shards; at.shard++)
        for (int s = 0; s < bp->grid.n_stages; s++)
            pipe->ends[sl_first_stage(&bp->grid, at) + s] =
                pipe->ends[first + s];
    return st;
}

sluice_status sl_init_links(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    sluice_status st = SLUICE_OK;
    for (int r = 0; r < bp->grid.n_replicas && !st; r++)
        st = link_replica(pipe, r);
    for (size_t i = 0; i < sl_n_all_edges(bp) && !st; i++)
        st = link_edge(pipe, i);
    if (!st)
        return SLUICE_OK;
    int n_made = pipe->n_links;
    sl_fini_links(pipe);
    return sluice_diag_set(why, st, "link %d of %zu could not be made", n_made,
                           sl_n_all_links(bp));
}
