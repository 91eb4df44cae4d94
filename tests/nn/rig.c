/* One layer on the bench. */
#include "nn/rig.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "tensor/numbers.h"

static float *floats(int64_t n, uint64_t seed)
{
    float *values = malloc((size_t)n * sizeof *values);
    if (!values)
        exit(EXIT_FAILURE);
    sl_test_fill(seed, n, values);
    return values;
}

sluice_status rig_init(struct rig *rig, const sluice_layer_ops *ops,
                       const void *config, sluice_shape in, int64_t rows,
                       uint64_t seed)
{
    *rig = (struct rig){.ops = ops, .plan = {.in = in}};
    rig->plan.params = rig->specs;
    rig->plan.products = rig->products;
    sluice_status st = ops->infer(config, &rig->plan, &rig->why);
    if (st)
        return st;
    rig->n_in = rows * sluice_shape_elements(&rig->plan.in);
    rig->n_out = rows * sluice_shape_elements(&rig->plan.out);
    rig->x = floats(rig->n_in, seed * 100);
    rig->call = (sluice_layer_call){
        .config = config,
        .plan = &rig->plan,
        .layer = 3,
        .rows = rows,
        .seed = 17,
        .step = 5,
        .training = true,
        .x = rig->x,
        .y = floats(rig->n_out, seed * 100 + 1),
        .dy = floats(rig->n_out, seed * 100 + 2),
        .dx = floats(rig->n_in, seed * 100 + 3),
        .saved = malloc((size_t)(rows * rig->plan.saved_row_bytes)),
        .workspace = malloc((size_t)(rows * rig->plan.workspace_row_bytes)),
        .scratch = malloc((size_t)rig->plan.scratch_bytes),
        .why = &rig->why,
    };
    for (int p = 0; p < rig->plan.n_params; p++) {
        int64_t n = sluice_shape_elements(&rig->plan.params[p].shape);
        rig->n_params[p] = n;
        rig->params[p] = floats(n, seed * 100 + 10 + (uint64_t)p);
        rig->grads[p] = floats(n, seed * 100 + 20 + (uint64_t)p);
    }
    rig->call.params = (const float *const *)rig->params;
    rig->call.grads = rig->grads;
    return SLUICE_OK;
}

void rig_fini(struct rig *rig)
{
    for (int p = 0; p < rig->plan.n_params; p++) {
        free(rig->params[p]);
        free(rig->grads[p]);
    }
    free(rig->call.scratch);
    free(rig->call.workspace);
    free(rig->call.saved);
    free(rig->call.dx);
    free(rig->call.dy);
    free(rig->call.y);
    free(rig->x);
}

static void must(sluice_status st)
{
    if (st)
        exit(EXIT_FAILURE);
}

void rig_forward(struct rig *rig)
{
    must(rig->ops->forward(&rig->call));
}

/* What the plan does not ask for is not there, as in a device. */
void rig_backward(struct rig *rig)
{
    sluice_layer_call call = rig->call;
    if (!rig->plan.needs_x)
        call.x = NULL;
    if (!rig->plan.needs_y)
        call.y = NULL;
    must(rig->ops->backward_input(&call));
    if (rig->ops->backward_weight)
        must(rig->ops->backward_weight(&call));
}
