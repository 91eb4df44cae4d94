/* Skip connections.  The stage's device. */
#include "pipeline/across/skip.h"

#include "pipeline/finite_check.h"
#include "pipeline/team/teamwork.h"

static const struct sl_edge_links *links_of(const struct sl_device *device,
                                            const struct sl_edge *edge)
{
    const sluice_pipeline *pipe = device->pipe;
    return &pipe->edges[edge - pipe->blueprint.layout.edges];
}

static bool is_backward(const struct sl_op *op)
{
    return op->action.kind == SLUICE_B || op->action.kind == SLUICE_I;
}

/* Whether unit i is where its edge ends: a pop. */
static bool pops(const struct sl_op *op, const struct sl_edge *edge, int i)
{
    return edge->pop.stage == op->action.stage && edge->pop.unit == i;
}

float *sl_skip_tensor(struct sl_device *device, const struct sl_op *op, int i,
                      bool backward)
{
    const struct sl_edge *edge = device->stages[op->action.stage].units[i].edge;
    if (sl_edge_is_inner(edge))
        return (float *)(void *)(device->workspace->skip + edge->inner_at);
    const struct sl_edge_links *links = links_of(device, edge);
    if (backward)
        return pops(op, edge, i)
                   ? sl_team_room(device, links->gradients, op->backward_no)
                   : sl_link_slot(links->gradients, op->backward_no);
    if (pops(op, edge, i))
        return sl_link_slot(links->activations, op->forward_no);
    if (op->action.kind == SLUICE_R)
        return NULL; /* the pop has it */
    return sl_team_room(device, links->activations, op->forward_no);
}

sluice_status sl_skip_check(const struct sl_device *device,
                            const struct sl_op *op, int i, const float *values,
                            int64_t rows, sluice_diag *why)
{
    const struct sl_edge *edge = device->stages[op->action.stage].units[i].edge;
    if (sl_edge_is_inner(edge) || op->action.kind == SLUICE_R ||
        pops(op, edge, i) != is_backward(op))
        return SLUICE_OK;
    return sl_check_boundary(device->pipe,
                             is_backward(op)
                                 ? "the gradient of a skip connection"
                                 : "the value of a skip connection",
                             values, rows * edge->n, why);
}

/* What an operation does about one end of an edge. */
typedef sluice_status end_function(struct sl_device *device,
                                   const struct sl_op *op,
                                   const struct sl_edge_links *links,
                                   bool pops);

static sluice_status for_ends(struct sl_device *device, const struct sl_op *op,
                              end_function *function)
{
    const struct sl_stage *stage = &device->stages[op->action.stage];
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < stage->n_units && !st; i++) {
        const struct sl_edge *edge = stage->units[i].edge;
        if (edge && !sl_edge_is_inner(edge))
            st =
                function(device, op, links_of(device, edge), pops(op, edge, i));
    }
    return st;
}

static sluice_status take(struct sl_device *device, const struct sl_op *op,
                          const struct sl_edge_links *links, bool pops)
{
    if (pops == is_backward(op) || op->action.kind == SLUICE_R)
        return SLUICE_OK;
    return sl_link_take(pops ? links->activations : links->gradients,
                        op->action.microbatch, &device->virtual_ns);
}

static sluice_status acquire(struct sl_device *device, const struct sl_op *op,
                             const struct sl_edge_links *links, bool pops)
{
    (void)device;
    if (pops != is_backward(op) || op->action.kind == SLUICE_R)
        return SLUICE_OK;
    if (pops)
        (void)sl_link_acquire(links->gradients, op->backward_no);
    else
        (void)sl_link_acquire(links->activations, op->forward_no);
    return SLUICE_OK;
}

static sluice_status release(struct sl_device *device, const struct sl_op *op,
                             const struct sl_edge_links *links, bool pops)
{
    (void)device;
    if (pops && (op->action.kind == SLUICE_R ||
                 (op->action.kind == SLUICE_F && !op->recomputed)))
        sl_link_release(links->activations, op->forward_no);
    if (!pops && is_backward(op))
        sl_link_release(links->gradients, op->backward_no);
    return SLUICE_OK;
}

static sluice_status publish(struct sl_device *device, const struct sl_op *op,
                             const struct sl_edge_links *links, bool pops)
{
    if (pops != is_backward(op))
        return SLUICE_OK;
    return sl_link_publish(pops ? links->gradients : links->activations,
                           op->action.microbatch, &device->virtual_ns);
}

sluice_status sl_skip_take(struct sl_device *device, const struct sl_op *op)
{
    return for_ends(device, op, take);
}

void sl_skip_acquire(struct sl_device *device, const struct sl_op *op)
{
    for_ends(device, op, acquire);
}

sluice_status sl_skip_publish(struct sl_device *device, const struct sl_op *op)
{
    for_ends(device, op, release);
    if (op->action.kind == SLUICE_R)
        return SLUICE_OK;
    return for_ends(device, op, publish);
}
