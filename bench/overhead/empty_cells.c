/* A pipeline of cells that compute nothing.  The main thread; the layer runs on
 * the devices. */
#include "bench/overhead/empty_cells.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <sluice/loss.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>

#include "bench/measure/workload.h"

struct empty_cells {
    sluice_model *model;
    sluice_schedule *schedule;
    sluice_pipeline *pipe;
    struct workload work;
    int microbatches;
};

/* ---- the layer: y = x --------------------------------------------------- */

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    return SLUICE_OK;
}

static void copy(const float *from, float *to)
{
    for (int i = 0; i < EMPTY_WIDTH; i++)
        to[i] = from[i];
}

static sluice_status forward(const sluice_layer_call *call)
{
    copy(call->x, call->y);
    return SLUICE_OK;
}

static sluice_status backward_input(const sluice_layer_call *call)
{
    if (call->dx)
        copy(call->dy, call->dx);
    return SLUICE_OK;
}

static const sluice_layer_ops empty = {
    .name = "empty",
    .infer = infer,
    .forward = forward,
    .backward_input = backward_input,
};

/* ---- a loss that asks for nothing ---------------------------------------- */

static sluice_status loss_infer(sluice_loss_plan *plan, sluice_diag *why)
{
    (void)why;
    plan->row_terms = 1;
    plan->target_row_bytes = sizeof(float);
    plan->target_type = SLUICE_F32;
    return SLUICE_OK;
}

static sluice_status loss_forward(const sluice_loss_call *call, double *sum,
                                  int64_t *correct)
{
    *sum = (double)call->y[0];
    *correct = 0;
    return SLUICE_OK;
}

static sluice_status loss_backward(const sluice_loss_call *call, float factor,
                                   float *dy)
{
    (void)call;
    for (int i = 0; i < EMPTY_WIDTH; i++)
        dy[i] = factor;
    return SLUICE_OK;
}

static const sluice_loss_ops no_loss = {
    .name = "no_loss",
    .infer = loss_infer,
    .forward = loss_forward,
    .backward = loss_backward,
};

/* ---- the pipeline ---------------------------------------------------------
 */

static sluice_status make_model(struct empty_cells *cells,
                                const struct empty_cells_config *how,
                                sluice_diag *why)
{
    const sluice_model_config config = {
        .input = sluice_shape_vector(how->width),
    };
    sluice_status st = sluice_model_create(&config, &cells->model, why);
    for (int i = 0; i < how->cells && !st; i++)
        st = sluice_model_add(cells->model, &empty, NULL, why);
    return st;
}

/* The F of a micro-batch, in the order of the cells, the B in the other one,
 * then the next micro-batch; at last the updates. */
static sluice_status fill_lists(sluice_schedule *schedule,
                                const int *stage_device, int n_cells, int n,
                                sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int m = 0; m <= n && !st; m++)
        for (int i = 0; i < (m < n ? 2 : 1) * n_cells && !st; i++) {
            bool back = i >= n_cells;
            sluice_action action = {
                .kind = back ? SLUICE_B : SLUICE_F,
                .stage = back ? 2 * n_cells - 1 - i : i,
                .microbatch = m,
            };
            if (m == n) {
                action.kind = SLUICE_UPDATE;
                action.microbatch = -1;
            }
            st = sluice_schedule_append(schedule, stage_device[action.stage],
                                        action, why);
        }
    return st;
}

static sluice_status make_schedule(struct empty_cells *cells,
                                   const struct empty_cells_config *how,
                                   sluice_diag *why)
{
    const int stage_device[] = {0, how->devices - 1};
    sluice_status st =
        sluice_schedule_create(how->devices, how->cells, cells->microbatches,
                               stage_device, NULL, &cells->schedule, why);
    return st ? st
              : fill_lists(cells->schedule, stage_device, how->cells,
                           cells->microbatches, why);
}

static sluice_status make_pipeline(struct empty_cells *cells,
                                   const struct empty_cells_config *how,
                                   sluice_diag *why)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.01};
    const sluice_pipeline_config config = {
        .custom = cells->schedule,
        .batch = cells->microbatches,
        .loss = &no_loss,
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .spin_ns = how->spin_ns,
        .world = how->world,
    };
    sluice_status st = workload_fill(&cells->work, cells->model, false,
                                     cells->microbatches, 1, why);
    return st ? st
              : sluice_pipeline_create(&config, cells->model, &cells->pipe,
                                       why);
}

sluice_status empty_cells_create(const struct empty_cells_config *config,
                                 struct empty_cells **out, sluice_diag *why)
{
    struct empty_cells *cells = calloc(1, sizeof *cells);
    if (!cells)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for empty cells");
    cells->microbatches = config->microbatches;
    sluice_status st = make_model(cells, config, why);
    if (!st)
        st = make_schedule(cells, config, why);
    if (!st)
        st = make_pipeline(cells, config, why);
    if (st)
        empty_cells_destroy(cells);
    else
        *out = cells;
    return st;
}

void empty_cells_destroy(struct empty_cells *cells)
{
    if (!cells)
        return;
    sluice_pipeline_destroy(cells->pipe);
    workload_fini(&cells->work);
    sluice_schedule_destroy(cells->schedule);
    sluice_model_destroy(cells->model);
    free(cells);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

sluice_status empty_cells_step(struct empty_cells *cells, double *ns,
                               sluice_diag *why)
{
    double start = now_ns();
    sluice_status st =
        sluice_pipeline_step(cells->pipe, cells->work.x, cells->work.targets,
                             cells->work.rows, NULL, why);
    *ns = (now_ns() - start) / cells->microbatches;
    return st;
}
