/* A layer on trial.  The caller's thread. */
#include "nn/gradient/trial.h"

#include <string.h>

#include "base/memory.h"
#include "base/rng.h"
#include "nn/across/skip_end.h"

/* values[n] in [-1, 1), by (seed, tensor, element). */
static void fill(uint64_t seed, uint64_t tensor, int64_t n, float *values)
{
    uint32_t bits[8];
    for (int64_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            sl_rng_block(
                seed, SL_RNG_INIT,
                (struct sl_rng_counter){{0, tensor, 0, (uint64_t)i / 8}}, bits);
        values[i] = 2 * sl_rng_unit(bits[i % 8]) - 1;
    }
}

/* Buffers of the call, of the sizes that the plan asks for. */
static bool allocate_call(struct sl_trial *t, int64_t rows)
{
    const sluice_layer_plan *plan = t->plan;
    const sluice_allocator *a = t->allocator;
    size_t r = (size_t)rows;
    t->dy_start = sl_alloc(a, (size_t)t->n_out, sizeof(float));
    t->call.y = sl_alloc(a, (size_t)t->n_out, sizeof(float));
    t->call.dy = sl_alloc(a, (size_t)t->n_out, sizeof(float));
    t->call.saved = sl_alloc(a, r, (size_t)plan->saved_row_bytes);
    t->call.workspace = sl_alloc(a, r, (size_t)plan->workspace_row_bytes);
    t->call.scratch = sl_alloc(a, (size_t)plan->scratch_bytes, 1);
    if (!t->call.x_int32) {
        t->x = sl_alloc(a, (size_t)t->n_in, sizeof(float));
        t->call.x = t->x;
        t->call.dx = sl_alloc(a, (size_t)t->n_in, sizeof(float));
    }
    return t->dy_start && t->call.y && t->call.dy && t->call.saved &&
           t->call.workspace && t->call.scratch && t->call.x &&
           (t->call.x_int32 || t->call.dx);
}

int64_t sl_trial_elements(const struct sl_trial *trial, int p)
{
    return sluice_shape_elements(&trial->plan->params[p].shape);
}

static bool allocate_params(struct sl_trial *t)
{
    size_t n = (size_t)t->plan->n_params;
    t->grads = sl_alloc(t->allocator, n, sizeof *t->grads);
    t->params = sl_alloc(t->allocator, n, sizeof *t->params);
    t->call.params = (const float *const *)t->params;
    t->call.grads = t->grads;
    bool all = t->params && t->grads;
    for (size_t p = 0; p < n && all; p++) {
        size_t size = (size_t)sl_trial_elements(t, (int)p);
        t->params[p] = sl_alloc(t->allocator, size, sizeof(float));
        t->grads[p] = sl_alloc(t->allocator, size, sizeof(float));
        all = t->params[p] && t->grads[p];
    }
    return all;
}

static void fill_all(struct sl_trial *t, uint64_t seed)
{
    fill(seed, 0, t->n_out, t->dy_start);
    if (t->x)
        fill(seed, 1, t->n_in, t->x);
    for (int p = 0; p < t->plan->n_params; p++)
        fill(seed, 2 + (uint64_t)p, sl_trial_elements(t, p), t->params[p]);
}

static sluice_status make_model(struct sl_trial *t, const void *layer_config,
                                const sluice_gradient_config *config,
                                sluice_diag *why)
{
    const sluice_model_config one = {
        .input = config->input,
        .input_type = config->integers ? SLUICE_I32 : SLUICE_F32,
        .allocator = config->allocator,
    };
    if (sl_is_skip_end(t->layer))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s is one end of a skip connection: it has no "
                               "gradient without the other end",
                               t->layer->name);
    sluice_status st = sluice_model_create(&one, &t->model, why);
    if (!st)
        st = sluice_model_add(t->model, t->layer, layer_config, why);
    if (!st)
        t->plan = sluice_model_layer_plan(t->model, 0);
    return st;
}

sluice_status sl_trial_init(struct sl_trial *trial,
                            const sluice_layer_ops *layer,
                            const void *layer_config,
                            const sluice_gradient_config *config,
                            sluice_diag *why)
{
    *trial = (struct sl_trial){
        .layer = layer,
        .allocator = config->allocator,
    };
    sluice_status st = make_model(trial, layer_config, config, why);
    if (!st) {
        trial->n_in = config->rows * sluice_shape_elements(&trial->plan->in);
        trial->n_out = config->rows * sluice_shape_elements(&trial->plan->out);
        trial->call = (sluice_layer_call){
            .config = layer_config,
            .plan = trial->plan,
            .rows = config->rows,
            .seed = config->seed,
            .training = true,
            .x_int32 = config->integers,
            .why = why,
        };
        if (!allocate_call(trial, config->rows) || !allocate_params(trial))
            st = sl_no_memory(why, "the check of a layer");
    }
    if (st)
        sl_trial_fini(trial);
    else
        fill_all(trial, config->seed);
    return st;
}

static void free_params(struct sl_trial *t)
{
    const sluice_allocator *a = t->allocator;
    size_t n = (size_t)t->plan->n_params;
    for (size_t p = 0; p < n && t->params && t->grads; p++) {
        size_t size = (size_t)sl_trial_elements(t, (int)p);
        sl_free(a, t->grads[p], size, sizeof(float));
        sl_free(a, t->params[p], size, sizeof(float));
    }
    sl_free(a, t->params, n, sizeof *t->params);
    sl_free(a, t->grads, n, sizeof *t->grads);
}

void sl_trial_fini(struct sl_trial *trial)
{
    const sluice_layer_plan *plan = trial->plan;
    const sluice_allocator *a = trial->allocator;
    const sluice_layer_call *call = &trial->call;
    if (plan) {
        size_t rows = (size_t)call->rows;
        free_params(trial);
        sl_free(a, call->dx, (size_t)trial->n_in, sizeof(float));
        sl_free(a, trial->x, (size_t)trial->n_in, sizeof(float));
        sl_free(a, call->scratch, (size_t)plan->scratch_bytes, 1);
        sl_free(a, call->workspace, rows, (size_t)plan->workspace_row_bytes);
        sl_free(a, call->saved, rows, (size_t)plan->saved_row_bytes);
        sl_free(a, call->dy, (size_t)trial->n_out, sizeof(float));
        sl_free(a, call->y, (size_t)trial->n_out, sizeof(float));
        sl_free(a, trial->dy_start, (size_t)trial->n_out, sizeof(float));
    }
    sluice_model_destroy(trial->model);
    *trial = (struct sl_trial){.layer = NULL};
}

sluice_status sl_trial_forward(struct sl_trial *trial, double *sum)
{
    sluice_status st = trial->layer->forward(&trial->call);
    *sum = 0;
    for (int64_t i = 0; i < trial->n_out && !st; i++)
        *sum += (double)trial->dy_start[i] * (double)trial->call.y[i];
    return st;
}

sluice_status sl_trial_backward(struct sl_trial *trial, bool with_dx,
                                bool accumulate)
{
    sluice_layer_call call = trial->call;
    memcpy(call.dy, trial->dy_start, (size_t)trial->n_out * sizeof(float));
    if (!trial->plan->needs_x)
        call.x = NULL;
    if (!trial->plan->needs_y)
        call.y = NULL;
    if (!with_dx)
        call.dx = NULL;
    call.accumulate = accumulate;
    sluice_status st = trial->layer->backward_input(&call);
    if (st || !trial->layer->backward_weight)
        return st;
    call.y = NULL;
    return trial->layer->backward_weight(&call);
}
