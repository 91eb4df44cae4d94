/* A device's thread. */
#include "pipeline/device.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/denormals.h"
#include "blueprint/shards/zero.h"
#include "nn/model/init.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/abroad/judges.h"
#include "pipeline/across/row_parts.h"
#include "pipeline/across/vocabulary_links.h"
#include "pipeline/update/ahead.h"
#include "pipeline/update/head_update.h"
#include "pipeline/clocks.h"
#include "pipeline/compute.h"
#include "pipeline/execute.h"
#include "pipeline/reshape/door.h"
#include "pipeline/uneven/microbatch.h"
#include "pipeline/update/versions.h"
#include "pipeline/watch/watchdog.h"
#include "tensor/blas_threads.h"
#include "tensor/gemm/backend.h"

static bool has_job_or_quits(const void *state)
{
    const struct sl_device *device = state;
    return atomic_load(&device->crew->quit) ||
           atomic_load(&device->crew->job_no) != device->last_job;
}

static bool is_idle(const void *state)
{
    const struct sl_crew *crew = state;
    return atomic_load(&crew->running) == 0;
}

void *sl_device_main(void *argument)
{
    struct sl_device *device = argument;
    struct sl_crew *crew = device->crew;
    /* What a layer does to the thread that runs it is not to end a device. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &(int){0});
    sl_gemm_one_thread();
    sl_denormals_off();
    /* Sleeps end on time: see nn/layers/timed.c. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    /* Between two jobs the caller needs a core; it may be this one. */
    const struct sl_patience rest = {crew->patience.spin_ns, .yield = true};
    bool quits;
    do {
        sl_gate_rest(&device->gate, rest, has_job_or_quits, device);
        quits = atomic_load(&crew->quit);
        if (!quits) {
            device->last_job = atomic_load(&crew->job_no);
            sl_spread_job(device);
            sl_set_clocks(device);
            device->pipe->job.run(device);
        }
        if (atomic_fetch_sub(&crew->running, 1) == 1)
            sl_gate_wake(&crew->done);
    } while (!quits);
    return NULL;
}

void sluice_pipeline_cancel(sluice_pipeline *pipe)
{
    sluice_diag why;
    if (sl_pipeline_is_inherited(pipe))
        return;
    sluice_diag_set(&why, SLUICE_CANCELLED,
                    "sluice_pipeline_cancel() was called; parameters are as "
                    "before the step");
    sl_door_shut(pipe);
    sl_collective_fail(pipe->everyone, &why);
    sl_door_open(pipe);
}

/* Either this finds the call open and ends it, or the call that opens then
 * finds the flag raised. */
void sluice_pipeline_set_cancelled(sluice_pipeline *pipe, bool cancelled)
{
    atomic_store(&pipe->cancelled, cancelled);
    if (cancelled)
        sluice_pipeline_cancel(pipe);
}

void sl_device_train(struct sl_device *device)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    for (int s = 0; s < bp->grid.n_stages; s++)
        if (device->stages[s].device == device->at.place)
            device->stages[s].fresh = true;
    if (device->vocabulary)
        device->vocabulary->parts[device->part].fresh = true;
    sl_row_parts_begin(device);
    device->recorder.n = 0;
    device->virtual_ns = 0;
    device->backed_up = false;
    sl_mail_begin(device);
    sl_row_parts_find(device, device->train);
    sl_ahead_begin(device);
    bool failed = sl_walk(device, device->train) != SLUICE_OK;
    if (failed)
        sl_versions_restore(device);
    sl_ahead_end(device, failed);
}

void sl_device_forward(struct sl_device *device)
{
    sl_mail_begin(device);
    sl_row_parts_find(device, device->forward);
    sl_walk(device, device->forward);
}

/* The elements that the device keeps, counted on it: a piece, or all. */
static struct sl_chunk kept_of(const struct sl_stage *stage,
                               const struct sl_unit *unit, int p, int64_t n)
{
    return stage->own_params ? sl_unit_piece(stage, unit, p, n)
                             : (struct sl_chunk){0, n};
}

/* What the device keeps of it, run by run.  A tied one starts as its first use
 * does, on every stage. */
static void init_param(const struct sl_device *device,
                       const struct sl_stage *stage, const struct sl_unit *unit,
                       int p)
{
    const struct sl_blueprint *bp = &device->pipe->blueprint;
    const struct sl_tensor *about = &sl_layout_tensors(
        &bp->layout, device->at.shard)[unit->first_tensor + p];
    const sluice_param_spec *spec =
        &sluice_model_layer_plan(bp->model, about->layer)->params[about->param];
    const struct sl_shard *shard = &about->shard;
    struct sl_chunk left = kept_of(stage, unit, p, about->n);
    if (sl_unit_shares(unit, p))
        return;
    while (left.n > 0) {
        struct sl_rows run = {sl_shard_element(shard, left.first),
                              sl_shard_run_length(shard, left)};
        sl_param_init_run(spec, bp->seed, about->layer, about->param, run,
                          sl_unit_weights(stage, unit, p, left));
        left.first += run.n;
        left.n -= run.n;
    }
}

static void init_params(const struct sl_device *device, struct sl_stage *stage)
{
    for (int i = 0; i < stage->n_units; i++) {
        const struct sl_unit *unit = &stage->units[i];
        for (int p = 0; p < unit->plan->n_params; p++)
            init_param(device, stage, unit, p);
    }
}

void sl_device_settle(struct sl_device *device)
{
    struct sl_layout *layout = &device->pipe->blueprint.layout;
    if (device->core.cpu >= 0 && sl_core_pin(&device->core))
        sl_core_release(&device->core); /* the system chooses a core */
    memset(device->arena.base, 0, device->arena.size);
    for (int s = 0; s < layout->grid.n_stages; s++)
        if (device->stages[s].device == device->at.place &&
            (layout->zero < SL_ZERO_PARAMETERS || layout->brings ||
             sl_holder_of(&layout->grid, device->at, s) == 0))
            init_params(device, &device->stages[s]);
    sl_cut_head_start(device);
}

bool sl_pipeline_is_inherited(const sluice_pipeline *pipe)
{
    return getpid() != pipe->owner;
}

sluice_status sl_pipeline_begin(sluice_pipeline *pipe, sluice_diag *why)
{
    if (sl_pipeline_is_inherited(pipe))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the devices of this pipeline are threads of "
                               "process %ld, which fork() has not copied into "
                               "process %ld; create another pipeline there",
                               (long)pipe->owner, (long)getpid());
    pthread_testcancel(); /* the calling thread may have no other
                             cancellation point than its steps */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &pipe->cancel_state);
    /* Groups first: once everyone is open a failure may close them. */
    for (size_t i = 0; i < pipe->n_groups; i++)
        if (pipe->groups[i])
            sl_collective_open(pipe->groups[i]);
    sl_collective_open(pipe->everyone);
    if (atomic_load(&pipe->cancelled))
        sluice_pipeline_cancel(pipe);
    sl_blas_enter();
    return SLUICE_OK;
}

sluice_status sl_pipeline_end(sluice_pipeline *pipe, sluice_diag *why)
{
    sl_blas_leave();
    sluice_diag first;
    sluice_status st = sl_collective_conclude(pipe->everyone, &first);
    if (st && !sl_abroad_stopped(pipe))
        st = SLUICE_OK; /* cancelled behind what all processes have done */
    if (st && why)
        *why = first;
    pthread_setcancelstate(pipe->cancel_state, NULL);
    return st;
}

void sl_pipeline_abandon(sluice_pipeline *pipe)
{
    for (int i = 0; i < pipe->n_local; i++)
        sl_gate_abandon(&pipe->devices[i].gate);
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_abandon(pipe->links[i]);
    for (int i = 0; i < pipe->n_boards; i++)
        sl_bulletin_abandon(pipe->boards[i]);
    sl_gate_abandon(&pipe->crew->done);
    for (size_t i = 0; i < pipe->n_groups; i++)
        if (pipe->groups[i])
            sl_collective_abandon(pipe->groups[i]);
    sl_collective_abandon(pipe->everyone);
}

/*
 * Wake the first n devices, which rest, and wait until they have done their
 * job.  Rouse them as long as they have not: whichever of them still rests has
 * missed the call.  The watchdog looks at the same times.
 */
static void await(sluice_pipeline *pipe, int n)
{
    const struct sl_patience none = {0};
    int64_t watch_ns = sl_watchdog_period(&pipe->watchdog);
    int64_t period = sl_abroad_period(pipe, watch_ns);
    int64_t roused_ns = sl_now_ns();
    for (int i = 0; i < n; i++)
        sl_gate_wake(&pipe->devices[i].gate);
    sl_watchdog_begin(pipe, sl_now_ns());
    while (!sl_gate_try(&pipe->crew->done, none, is_idle, pipe->crew, period)) {
        int64_t now = sl_now_ns();
        sl_abroad_look(pipe);
        if (now - roused_ns < watch_ns)
            continue;
        roused_ns = now;
        for (int i = 0; i < n; i++)
            sl_gate_rouse(&pipe->devices[i].gate);
        sl_watchdog_look(pipe, now);
    }
}

/*
 * A cancellation may come at any time.  It raises `stopped` and then closes the
 * links; so if it closes one before that is opened here, it is seen below.
 */
void sl_pipeline_run(sluice_pipeline *pipe, struct sl_job job)
{
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_open(pipe->links[i], job.training ? SL_TRAINING : SL_FORWARD);
    for (int i = 0; i < pipe->n_boards; i++)
        sl_bulletin_open(pipe->boards[i]);
    sl_abroad_begin(pipe);
    pipe->job = job;
    if (!sl_collective_stopped(pipe->everyone)) {
        atomic_store(&pipe->crew->running, pipe->n_local);
        atomic_fetch_add(&pipe->crew->job_no, 1);
        await(pipe, pipe->n_local);
    }
    sl_abroad_end(pipe);
    if (!sl_abroad_stopped(pipe))
        sl_abroad_share_outcomes(pipe);
}

void sl_pipeline_quit(sluice_pipeline *pipe, int n_started)
{
    atomic_store(&pipe->crew->running, n_started);
    atomic_store(&pipe->crew->quit, true);
    await(pipe, n_started);
    for (int i = 0; i < n_started; i++)
        pthread_join(pipe->devices[i].thread, NULL);
}
