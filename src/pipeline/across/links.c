/* Links of a pipeline.  The caller. */
#include "pipeline/across/links.h"

#include <assert.h>

#include "pipeline/abroad/abroad_links.h"
#include "pipeline/across/vocabulary_links.h"

size_t sl_n_all_edges(const struct sl_blueprint *bp)
{
    return (size_t)bp->grid.n_replicas * (size_t)bp->layout.n_edges;
}

/* Two for each boundary, and for each edge at most; and those of a vocabulary
 * that is cut across processes. */
size_t sl_n_all_links(const struct sl_blueprint *bp)
{
    int n_boundaries =
        bp->grid.n_replicas * bp->grid.n_stages - sl_n_holders(&bp->grid);
    return 2 * ((size_t)n_boundaries + sl_n_all_edges(bp)) +
           sl_vocabulary_n_links(bp);
}

void sl_fini_links(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_destroy(pipe->links[i]);
    sl_vocabulary_fini_links(pipe);
    pipe->n_links = 0;
}

static sluice_status make_link(sluice_pipeline *pipe,
                               const struct sl_abroad_link *about,
                               struct sl_link **out, sluice_diag *why)
{
    sluice_status st = sl_abroad_link(pipe, about, out, why);
    if (!st && *out) {
        assert((*out)->ops->rereadable); /* no other copy is kept */
        pipe->links[pipe->n_links++] = *out;
    }
    return st;
}

/* Both directions of the boundary between `stage` and the next one. */
static sluice_status link_stages(sluice_pipeline *pipe, int replica,
                                 struct sl_stage *stage, struct sl_ends *ends,
                                 sluice_diag *why)
{
    int capacity = pipe->blueprint.queue_capacity;
    const struct sl_abroad_link forward = {
        replica, stage, stage + 1, stage[1].in_slots, stage->y_slots, capacity};
    const struct sl_abroad_link backward = {
        replica,           stage + 1,         stage,
        stage->grad_slots, stage[1].dx_slots, capacity};
    sluice_status st = make_link(pipe, &forward, &ends->y, why);
    ends[1].x = ends->y;
    if (!st)
        st = make_link(pipe, &backward, &ends->dy, why);
    ends[1].dx = ends->dy;
    return st;
}

/* Both directions of edge `i` of all replicas. */
static sluice_status link_edge(sluice_pipeline *pipe, size_t i,
                               sluice_diag *why)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_edge *edge = &layout->edges[i];
    const struct sl_coordinates at = {.replica = (int)i / layout->n_edges};
    const struct sl_stage *stages =
        &layout->stages[sl_first_stage(&layout->grid, at)];
    struct sl_abroad_link about = {
        at.replica,        &stages[edge->stash.stage], &stages[edge->pop.stage],
        edge->activations, edge->activations_sent,     edge->capacity};
    if (sl_edge_is_inner(edge))
        return SLUICE_OK;
    sluice_status st =
        make_link(pipe, &about, &pipe->edges[i].activations, why);
    about.from = &stages[edge->pop.stage];
    about.to = &stages[edge->stash.stage];
    about.slots = edge->gradients;
    about.sent = edge->gradients_sent;
    return st ? st : make_link(pipe, &about, &pipe->edges[i].gradients, why);
}

/* The links of a replica: those of the devices that lead, which the others of
 * their teams only ask for the addresses of slots. */
static sluice_status link_replica(sluice_pipeline *pipe, int replica,
                                  sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_coordinates at = {.replica = replica};
    int first = sl_first_stage(&bp->grid, at);
    sluice_status st = SLUICE_OK;
    for (int s = first; s < first + bp->grid.n_stages && !st; s++)
        if (!bp->layout.stages[s].is_last)
            st = link_stages(pipe, replica, &bp->layout.stages[s],
                             &pipe->ends[s], why);
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
        st = link_replica(pipe, r, why);
    for (size_t i = 0; i < sl_n_all_edges(bp) && !st; i++)
        st = link_edge(pipe, i, why);
    if (!st)
        st = sl_vocabulary_init_links(pipe, why);
    if (st)
        sl_fini_links(pipe);
    return st;
}
