/*
 * Step, evaluate, infer, and what can be asked about them.  The caller.
 *
 * A step, from its call to its return:
 *
 *   job     The caller begins a call: the collectives open, and from here on
 *           the first failure counts, or a cancellation.  It fills `job`, opens
 *           the links, raises `job_no`, wakes the devices and waits at `done`.
 *           It does nothing else until every device is done: meanwhile what it
 *           owns is constant, and the devices own the rest.
 *   walk    Each device rests at its gate until there is a job, and runs it:
 *           sl_device_train() walks the device's program.  An operation takes
 *           its input from a link, runs, publishes its output to a link, and
 *           leaves an event; execute.c has one row for each kind.  Where an
 *           UPDATE stands in the schedule, gradients are added up by the group
 *           that holds the part, and the optimizer checks them; it may
 *           refuse.  An asynchronous schedule updates there and then, having
 *           backed up the state at the beginning of the step.
 *   agree   At the end of its list a device votes for the commit.  The last to
 *           come decides, under the lock of the failure: if nothing has failed,
 *           nothing can any more.  A device that need not be the last updates
 *           what it holds meanwhile, and can undo that (update/ahead.h).
 *   update  A synchronous schedule updates now what is left, each device what
 *           it holds; an asynchronous one makes the newest versions those of
 *           the next step.
 *   wake    The last device to end its job wakes the caller, which concludes
 *           the call: it learns the first failure, or adds up the loss.
 *
 * A failure, of a layer, loss or optimizer, or a cancellation, latches in the
 * collective of all devices, which closes every link and group.  Each device
 * then leaves its list at its next operation or wait; it does not reach the
 * update, or it puts back what it has backed up.  So all devices update, or
 * none does, and the next step finds everything as this one found it.
 *
 * Evaluation and inference are jobs that walk the forward program, and end
 * there.
 */
#include <inttypes.h>
#include <stddef.h>

#include <sluice/pipeline_stage.h>
#include <sluice/pipeline_state.h>

#include "base/clock.h"
#include "nn/model/settle.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/judges.h"
#include "pipeline/abroad/reads.h"
#include "pipeline/device.h"
#include "pipeline/pipeline.h"
#include "pipeline/reshape/door.h"
#include "base/split.h"

/* Add up what the last stages found, in the order of the micro-batches. */
static void add_outcomes(const sluice_pipeline *pipe, double *loss_sum,
                         int64_t *correct)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    for (int m = 0; m < n; m++) {
        *loss_sum += pipe->outcomes[m].loss_sum;
        *correct += pipe->outcomes[m].correct;
    }
}

static sluice_result make_result(double loss_sum, int64_t correct, int64_t rows,
                                 int64_t terms)
{
    return (sluice_result){
        .loss = terms ? loss_sum / (double)terms : 0,
        .rows = rows,
        .correct = correct,
        .terms = terms,
    };
}

static sluice_status check_rows(int64_t rows, sluice_diag *why)
{
    if (rows >= 1)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%" PRId64 " rows; give at least 1", rows);
}

static sluice_status check_batch(const sluice_pipeline *pipe, int64_t rows,
                                 sluice_diag *why)
{
    if (rows >= 1 && rows <= pipe->blueprint.batch)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a step of %" PRId64 " rows; give 1 to %" PRId64
                           ", the pipeline's batch",
                           rows, pipe->blueprint.batch);
}

/* What this process does not read need not be given. */
static sluice_status check_x(const sluice_pipeline *pipe, const void *x,
                             sluice_diag *why)
{
    if (x || !sl_abroad_reads_x(pipe))
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID, "`x` is NULL; give its rows");
}

static sluice_status check_given(const sluice_pipeline *pipe, const void *x,
                                 const void *targets, sluice_diag *why)
{
    sluice_status st = check_x(pipe, x, why);
    if (st || targets || !sl_abroad_reads_targets(pipe))
        return st;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "`targets` is NULL; give its rows");
}

/* How many rows and terms go into each update, and the step's terms, which go
 * into all. */
static int64_t share_rows(sluice_pipeline *pipe, int64_t n_rows)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_grid *grid = &bp->grid;
    int n = grid->n_microbatches;
    int64_t n_terms = 0;
    for (int u = 0; u < bp->updates.n_updates; u++)
        pipe->update_rows[u] = pipe->update_terms[u] = 0;
    for (int i = 0; i < sl_n_all_microbatches(grid); i++) {
        int update = bp->findings.update_of[i % n];
        pipe->update_rows[update] +=
            sl_replica_rows(n_rows, grid->n_replicas, i / n, n, i % n).n;
        pipe->update_terms[update] += pipe->outcomes[i].terms;
        n_terms += pipe->outcomes[i].terms;
    }
    return n_terms;
}

sluice_status sluice_pipeline_step(sluice_pipeline *pipe, const void *x,
                                   const void *targets, int64_t rows,
                                   sluice_result *result, sluice_diag *why)
{
    struct sl_job job = {
        .run = sl_device_train,
        .training = true,
        .x = x,
        .targets = targets,
        .rows = rows,
    };
    sluice_status st = check_batch(pipe, rows, why);
    if (!st)
        st = check_given(pipe, x, targets, why);
    st = sl_abroad_count_terms(pipe, &job, st, why);
    if (!st)
        st = sl_pipeline_begin(pipe, why);
    if (st)
        return st;
    int64_t terms = share_rows(pipe, rows);
    pipe->has_trace = false;
    pipe->start_ns = sl_now_ns();
    sl_pipeline_run(pipe, job);
    st = sl_pipeline_end(pipe, why);
    pipe->end_ns = sl_now_ns();
    if (st)
        return st;
    pipe->n_steps++;
    pipe->has_trace = pipe->traces;
    double loss_sum = 0;
    int64_t correct = 0;
    add_outcomes(pipe, &loss_sum, &correct);
    if (result)
        *result = make_result(loss_sum, correct, rows, terms);
    return SLUICE_OK;
}

/* The part of a job over any number of rows that begins at row `at`: a batch,
 * or what is left. */
static struct sl_job part_of(const sluice_pipeline *pipe,
                             const struct sl_job *all, int64_t at)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    sluice_shape output = sluice_model_output(bp->model);
    int64_t left = all->rows - at;
    struct sl_job part = *all;
    if (part.x)
        part.x += at * bp->input_row_bytes;
    if (part.targets)
        part.targets += at * bp->loss_plan.target_row_bytes;
    if (part.y)
        part.y += at * sluice_shape_elements(&output);
    part.rows = left < bp->batch ? left : bp->batch;
    return part;
}

/* The forward program over any number of rows, a batch at a time. */
static sluice_status run_forward(sluice_pipeline *pipe,
                                 const struct sl_job *all, double *loss_sum,
                                 int64_t *correct, sluice_diag *why)
{
    sluice_shape output = sluice_model_output(pipe->blueprint.model);
    sluice_status st = sl_pipeline_begin(pipe, why);
    if (st)
        return st;
    for (int64_t at = 0; at < all->rows; at += pipe->blueprint.batch) {
        struct sl_job part = part_of(pipe, all, at);
        sl_pipeline_run(pipe, part);
        if (part.y)
            sl_abroad_share_outputs(pipe, sluice_shape_elements(&output));
        if (sl_abroad_stopped(pipe))
            break;
        add_outcomes(pipe, loss_sum, correct);
    }
    return sl_pipeline_end(pipe, why);
}

/* The terms of any number of rows that count. */
static sluice_status count_all(sluice_pipeline *pipe, const struct sl_job *all,
                               sluice_status st, int64_t *terms,
                               sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    int64_t at = 0;
    *terms = 0;
    if (!sl_abroad_tells_terms(pipe)) {
        if (!st)
            st = sl_loss_terms(bp->loss, &bp->loss_plan, all->targets,
                               all->rows, terms, why);
        return st ? sl_abroad_refuse(pipe, all, st, why) : st;
    }
    do {
        struct sl_job part = part_of(pipe, all, at);
        st = sl_abroad_count_terms(pipe, &part, st, why);
        at += bp->batch;
        for (int i = 0; i < sl_n_all_microbatches(&bp->grid); i++)
            *terms += pipe->outcomes[i].terms;
    } while (!st && at < all->rows);
    return st;
}

sluice_status sluice_pipeline_evaluate(sluice_pipeline *pipe, const void *x,
                                       const void *targets, int64_t rows,
                                       sluice_result *result, sluice_diag *why)
{
    double loss_sum = 0;
    int64_t correct = 0;
    int64_t terms;
    const struct sl_job job = {
        .run = sl_device_forward,
        .x = x,
        .targets = targets,
        .rows = rows,
    };
    sluice_status st = check_rows(rows, why);
    if (!st)
        st = check_given(pipe, x, targets, why);
    st = count_all(pipe, &job, st, &terms, why);
    if (!st)
        st = run_forward(pipe, &job, &loss_sum, &correct, why);
    if (!st && result)
        *result = make_result(loss_sum, correct, rows, terms);
    return st;
}

sluice_status sluice_pipeline_infer(sluice_pipeline *pipe, const void *x,
                                    int64_t rows, float *y, sluice_diag *why)
{
    double loss_sum = 0;
    int64_t correct = 0;
    const struct sl_job job = {
        .run = sl_device_forward,
        .x = x,
        .y = y,
        .rows = rows,
    };
    sluice_status st = check_rows(rows, why);
    if (!st)
        st = check_x(pipe, x, why);
    if (!st && !y)
        st = sluice_diag_set(why, SLUICE_INVALID, "`y` is NULL; give its rows");
    return st ? sl_abroad_refuse(pipe, &job, st, why)
              : run_forward(pipe, &job, &loss_sum, &correct, why);
}

sluice_status sluice_pipeline_set_learning_rate(sluice_pipeline *pipe,
                                                double learning_rate)
{
    sluice_status st = sl_learning_rate_check(learning_rate, NULL);
    if (!st)
        pipe->learning_rate = learning_rate;
    return st;
}

uint64_t sluice_pipeline_n_steps(const sluice_pipeline *pipe)
{
    return pipe->n_steps;
}

void sluice_pipeline_set_n_steps(sluice_pipeline *pipe, uint64_t n_steps)
{
    pipe->n_steps = n_steps;
}

/* Also asked by threads that look at activities. */
int sluice_pipeline_n_devices(const sluice_pipeline *pipe)
{
    sl_door_shut(pipe);
    int n = sl_n_all_devices(&pipe->blueprint.grid);
    sl_door_open(pipe);
    return n;
}

const sluice_schedule *sluice_pipeline_schedule(const sluice_pipeline *pipe)
{
    return pipe->blueprint.schedule;
}

void sluice_pipeline_device(const sluice_pipeline *pipe, int device,
                            sluice_device_info *info)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    struct sl_coordinates at = sl_coordinates_of(&layout->grid, device);
    *info = (sluice_device_info){
        .first_layer = -1,
        .core = (int)pipe->facts[device].core,
        .planned = *sl_layout_plan(layout, at),
        .actual_bytes = pipe->facts[device].bytes,
    };
    for (int s = 0; s < layout->grid.n_stages; s++) {
        const struct sl_stage *stage = &layout->stages[s];
        if (stage->device != at.place)
            continue;
        if (info->first_layer < 0)
            info->first_layer = stage->units[0].layer;
        info->n_layers += stage->n_units;
        info->n_stages++;
    }
}

void sluice_pipeline_stage(const sluice_pipeline *pipe, int device, int i,
                           sluice_stage_info *info)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    struct sl_coordinates at = sl_coordinates_of(&layout->grid, device);
    const struct sl_stage *stage =
        layout->stages + sl_first_stage(&layout->grid, at);
    while (stage->device != at.place || i-- > 0)
        stage++;
    *info = (sluice_stage_info){
        .stage = stage->index,
        .first_layer = stage->units[0].layer,
        .n_layers = stage->n_units,
        .n_parameters = stage->n_params,
        .n_gradients = stage->n_grads,
        .gathers = stage->gathers,
    };
}

sluice_status sluice_pipeline_trace(const sluice_pipeline *pipe,
                                    sluice_trace *trace, sluice_diag *why)
{
    if (!pipe->has_trace)
        return sluice_diag_set(why, SLUICE_INVALID,
                               pipe->traces
                                   ? "no step has succeeded yet, or the last "
                                     "one failed: there is no trace"
                                   : "the pipeline was created without "
                                     "`trace`: nothing was recorded");
    for (int d = 0; d < pipe->n_local; d++)
        pipe->n_events[d] = pipe->devices[d].recorder.n;
    *trace = (sluice_trace){
        .n_devices = pipe->n_local,
        .n_events = pipe->n_events,
        .events = pipe->events,
        .start_ns = pipe->start_ns,
        .end_ns = pipe->end_ns,
        .n_replicas = pipe->world ? 1 : pipe->blueprint.grid.n_replicas,
        .n_shards = pipe->blueprint.grid.n_shards,
    };
    return SLUICE_OK;
}
