/*
 * Executing lists on a clock.  A device runs until a queue stops it, as in the
 * proof of a schedule.  What it can do, and when, depends on its own list and
 * on the times of the items it takes, never on the order in which devices are
 * visited.  So the simulator needs a list of the devices that may go on, and no
 * order of time.
 *
 * In a lowered schedule a RECV is posted where it stands, without waiting.
 */
#include "sim/clockwork.h"

#include <assert.h>

#include "base/memory.h"
#include "sim/joint.h"
#include "sim/clock_queue.h"
#include "sim/clock_skips.h"

struct device {
    const sluice_action *actions; /* [n] */
    int n;
    int position;
    bool computed;      /* `event` is that of the action at `position`, which
                           has not handed over yet, */
    bool passed_on;     /* or only, at given_ns, to its neighbour */
    bool awaits_others; /* it stopped for S, T or a skip connection instead */
    int64_t given_ns;
    int n_given;                /* edges that it has seen to */
    const struct queue *awaits; /* the one it stopped at; NULL: it is running,
                                   in the worklist, before the commit or done */
    int64_t clock_ns;           /* it has handed over, and is free */
    int64_t first_ns;           /* its first work began; NEVER: none yet */
    sluice_trace_event event;
};

struct execution {
    const struct sl_clockwork *work;
    bool lowered;
    int n_devices;
    int n_stages;
    int depth;            /* stages of one copy */
    int n_places;         /* of each queue */
    struct queue *queues; /* [2 * n_stages]: activations from s to s+1 are
                             queue s, gradients back n_stages + s */
    int64_t *times;       /* [2 * n_stages * n_places] */
    int n_microbatches;
    struct passage *passages; /* [2 * n_stages * n_microbatches] if lowered */
    struct device *devices;   /* [n_devices] */
    int *worklist;            /* [n_devices], the first n_ready are in use */
    int n_ready;
    struct sl_joint joint;
    struct sl_skips skips;
    bool committed; /* UPDATEs may start, from commit_ns on */
    int64_t commit_ns;
};

/* The queue between s and s+1, or NULL if there is none. */
static struct queue *queue_at(const struct execution *run, int stage,
                              int direction)
{
    if (stage < 0 || stage + 1 >= run->n_stages ||
        (stage + 1) % run->depth == 0)
        return NULL;
    struct queue *queue = &run->queues[direction * run->n_stages + stage];
    return queue->producer == queue->consumer ? NULL : queue;
}

/* The queue from which an action's input comes; a RECV's too. */
static struct queue *input_of(const struct execution *run, sluice_action action)
{
    if (action.kind == SLUICE_F || action.kind == SLUICE_RECV_F)
        return queue_at(run, action.stage - 1, 0);
    if (is_backward(action) || action.kind == SLUICE_RECV_B)
        return queue_at(run, action.stage, 1);
    return NULL;
}

/* Of a lowered schedule only the SENDs append. */
static struct queue *output_of(const struct execution *run,
                               sluice_action action)
{
    bool lowered = run->lowered;
    if (action.kind == (lowered ? SLUICE_SEND_F : SLUICE_F))
        return queue_at(run, action.stage, 0);
    if (lowered ? action.kind == SLUICE_SEND_B : is_backward(action))
        return queue_at(run, action.stage - 1, 1);
    return NULL;
}

/* `queue` has got an item or room: `device` may go on if it stopped there. */
static void wake(struct execution *run, int device, const struct queue *queue)
{
    if (run->devices[device].awaits != queue)
        return;
    run->devices[device].awaits = NULL;
    run->worklist[run->n_ready++] = device;
}

/* An action for which others may have stopped has begun or ended. */
static void wake_others(struct execution *run)
{
    for (int d = 0; d < run->n_devices; d++)
        if (run->devices[d].awaits_others) {
            run->devices[d].awaits_others = false;
            run->worklist[run->n_ready++] = d;
        }
}

/* The queue with the gradient that a naive recompute waits for: that of the
 * backward, if it is the next action; its oldest item is then the one. */
static struct queue *gradient_of(const struct execution *run,
                                 const struct device *self,
                                 sluice_action action)
{
    if (!run->work->naive_recompute || action.kind != SLUICE_R ||
        self->position + 1 == self->n)
        return NULL;
    sluice_action next = self->actions[self->position + 1];
    bool same =
        next.stage == action.stage && next.microbatch == action.microbatch;
    bool takes = is_backward(next) || next.kind == SLUICE_RECV_B;
    return same && takes ? input_of(run, next) : NULL;
}

static void post(struct execution *run, struct queue *queue, int microbatch,
                 int64_t now)
{
    struct passage *item = &queue->passages[microbatch];
    item->posted_ns = now;
    receive(queue, item, queue->taken++, run->n_places);
    wake(run, queue->producer, queue);
}

/* Wait for an input until `*start`, and take it if `takes`.  False if it is not
 * there yet. */
static bool await_input(struct execution *run, struct device *self,
                        struct queue *input, int microbatch, bool takes,
                        int64_t *start)
{
    const struct passage *item =
        run->lowered ? &input->passages[microbatch] : NULL;
    bool there =
        item ? item->arrived_ns != NEVER : input->taken < input->appended;
    if (!there) {
        self->awaits = input;
        return false;
    }
    int64_t *time = &input->times[input->taken % run->n_places];
    *start = later(*start, item ? item->arrived_ns : *time);
    if (takes && !item) {
        *time = *start;
        input->taken++;
        wake(run, input->producer, input);
    }
    return true;
}

/* Settle when the action can start.  False if that is not known yet. */
static bool begin(struct execution *run, struct device *self,
                  sluice_action action, int64_t *start)
{
    struct queue *input = input_of(run, action);
    struct queue *gradient = gradient_of(run, self, action);
    if (action.kind == SLUICE_UPDATE) {
        *start = later(*start, run->commit_ns);
        return run->committed;
    }
    self->awaits_others =
        !sl_joint_await(&run->joint, (int)(self - run->devices), action,
                        start) ||
        !sl_skips_await(&run->skips, action, start);
    if (self->awaits_others)
        return false;
    if (action.kind > SLUICE_UPDATE)
        return true; /* it is given, or posted, as it ends */
    if (input)
        return await_input(run, self, input, action.microbatch, true, start);
    return !gradient ||
           await_input(run, self, gradient, action.microbatch, false, start);
}

/* Take the input and compute.  False if there is nothing to take yet. */
static bool compute(struct execution *run, struct device *self,
                    sluice_action action)
{
    int device = (int)(self - run->devices);
    int64_t ready =
        self->clock_ns + sl_ahead_ns(run->work, device, self->position);
    int64_t start = ready;
    if (!begin(run, self, action, &start))
        return false;
    start = sl_woken_ns(run->work, ready, start);
    int64_t cost = sl_cost_ns(run->work, device, self->position, action);
    self->event = (sluice_trace_event){
        .action = action,
        .input_wait_ns = start - self->clock_ns,
        .start_ns = start,
        .end_ns = start + cost,
        .cpu_ns = cost,
        .virtual_start_ns = start,
        .virtual_end_ns = start + cost,
    };
    if (sl_skips_take(&run->skips, action, start))
        wake_others(run);
    if (action.kind == SLUICE_RECV_F || action.kind == SLUICE_RECV_B)
        post(run, input_of(run, action), action.microbatch, start + cost);
    self->computed = true;
    return true;
}

static void record(const struct execution *run, struct device *self)
{
    size_t d = (size_t)(self - run->devices);
    if (run->work->events)
        run->work->events[d][self->position] = self->event;
    count_event(&self->event, &self->first_ns, &run->work->shares[d]);
}

/* Hand the output over to the neighbour.  False if there is no room yet. */
static bool pass_on(struct execution *run, struct device *self,
                    sluice_action action)
{
    struct queue *output = output_of(run, action);
    int64_t given = self->event.end_ns;
    if (output) {
        if (output->appended - output->taken == run->n_places) {
            self->awaits = output;
            return false;
        }
        int number = output->appended++;
        int64_t *time = &output->times[number % run->n_places];
        given = later(given, *time);
        *time = given + output->latency_ns;
        if (run->lowered) {
            struct passage *item = &output->passages[action.microbatch];
            item->arrived_ns = *time;
            receive(output, item, number, run->n_places);
        }
        wake(run, output->consumer, output);
    }
    self->given_ns = given;
    self->passed_on = true;
    return true;
}

/* Hand over all that the action made.  False if there is no room yet. */
static bool hand_over(struct execution *run, struct device *self,
                      sluice_action action)
{
    if (!self->passed_on && !pass_on(run, self, action))
        return false;
    int n_given = self->n_given;
    bool all =
        sl_skips_give(&run->skips, action, &self->n_given, &self->given_ns);
    if (self->n_given > n_given)
        wake_others(run);
    self->awaits_others = !all;
    if (!all)
        return false;
    self->event.output_wait_ns = self->given_ns - self->event.end_ns;
    self->event.virtual_output_wait_ns = self->event.output_wait_ns;
    record(run, self);
    if (sl_joint_end(&run->joint, (int)(self - run->devices), action,
                     self->event.end_ns))
        wake_others(run);
    self->clock_ns = self->given_ns;
    self->computed = self->passed_on = false;
    self->n_given = 0;
    self->position++;
    return true;
}

static void advance(struct execution *run, struct device *self)
{
    while (self->position < self->n) {
        sluice_action action = self->actions[self->position];
        if ((!self->computed && !compute(run, self, action)) ||
            !hand_over(run, self, action))
            return;
    }
}

/* Run every device as far as it goes. */
static void advance_all(struct execution *run)
{
    for (int d = 0; d < run->n_devices; d++)
        run->worklist[run->n_ready++] = d;
    while (run->n_ready)
        advance(run, &run->devices[run->worklist[--run->n_ready]]);
}

static int64_t latest_ns(const struct execution *run)
{
    int64_t latest = 0;
    for (int d = 0; d < run->n_devices; d++)
        latest = later(latest, run->devices[d].clock_ns);
    return latest;
}

static void execute(struct execution *run)
{
    run->committed = run->work->no_barrier ||
                     sluice_schedule_n_updates(run->work->schedule) > 1;
    advance_all(run);
    if (!run->committed) {
        run->committed = true;
        run->commit_ns = latest_ns(run);
        advance_all(run);
    }
    /* The verifier's rules `deadlock`, and `order` for the UPDATEs. */
    for (int d = 0; d < run->n_devices; d++)
        assert(run->devices[d].position == run->devices[d].n);
}

static struct passage *passages_of(const struct execution *run, int queue)
{
    size_t at = (size_t)queue * (size_t)run->n_microbatches;
    return run->lowered ? run->passages + at : NULL;
}

static void connect(struct execution *run)
{
    const sluice_schedule *schedule = run->work->schedule;
    int n = run->n_stages;
    for (int d = 0; d < run->n_devices; d++) {
        run->devices[d].first_ns = NEVER;
        run->devices[d].actions =
            sluice_schedule_actions(schedule, d, &run->devices[d].n);
    }
    for (int s = 0; s + 1 < n; s++) {
        int before = sluice_schedule_stage_device(schedule, s);
        int after = sluice_schedule_stage_device(schedule, s + 1);
        run->queues[s] = (struct queue){
            .producer = before,
            .consumer = after,
            .latency_ns = sl_latency_ns(run->work, s),
            .times = run->times + (size_t)s * (size_t)run->n_places,
            .passages = passages_of(run, s),
        };
        run->queues[n + s] = (struct queue){
            .producer = after,
            .consumer = before,
            .latency_ns = sl_latency_ns(run->work, s),
            .times = run->times + (size_t)(n + s) * (size_t)run->n_places,
            .passages = passages_of(run, n + s),
        };
    }
}

sluice_status sl_clockwork_run(struct sl_clockwork *work)
{
    int n_microbatches = sluice_schedule_n_microbatches(work->schedule);
    struct execution run = {
        .work = work,
        .lowered = sluice_schedule_is_lowered(work->schedule),
        .n_devices = sluice_schedule_n_devices(work->schedule),
        .n_stages = sluice_schedule_n_stages(work->schedule),
        .n_microbatches = n_microbatches,
        .depth = sluice_schedule_n_stages(work->schedule) /
                 sluice_schedule_n_copies(work->schedule),
        /* No queue ever holds more than all its items. */
        .n_places = work->queue_capacity < n_microbatches ? work->queue_capacity
                                                          : n_microbatches,
    };
    const sluice_allocator *allocator = work->allocator;
    size_t n_queues = 2 * (size_t)run.n_stages;
    size_t n_times = n_queues * (size_t)run.n_places;
    size_t n_devices = (size_t)run.n_devices;
    size_t n_passages = run.lowered ? n_queues * (size_t)n_microbatches : 1;
    run.queues = sl_alloc(allocator, n_queues, sizeof *run.queues);
    run.times = sl_alloc(allocator, n_times, sizeof *run.times);
    run.passages = sl_alloc(allocator, n_passages, sizeof *run.passages);
    run.devices = sl_alloc(allocator, n_devices, sizeof *run.devices);
    run.worklist = sl_alloc(allocator, n_devices, sizeof *run.worklist);
    sluice_status st = SLUICE_NO_MEMORY;
    const struct sl_skips_config skips = {
        work->schedule,        work->edges,      work->n_edges,
        work->edge_latency_ns, work->latency_ns, allocator,
    };
    bool others =
        !sl_joint_init(&run.joint, work->schedule, work->latency_ns, allocator);
    others = !sl_skips_init(&run.skips, &skips) && others;
    if (others && run.queues && run.times && run.passages && run.devices &&
        run.worklist) {
        for (size_t i = 0; i < n_passages; i++)
            run.passages[i] = (struct passage){NEVER, NEVER};
        connect(&run);
        execute(&run);
        work->end_ns = latest_ns(&run);
        st = SLUICE_OK;
    }
    sl_skips_fini(&run.skips);
    sl_joint_fini(&run.joint);
    sl_free(allocator, run.worklist, n_devices, sizeof *run.worklist);
    sl_free(allocator, run.devices, n_devices, sizeof *run.devices);
    sl_free(allocator, run.passages, n_passages, sizeof *run.passages);
    sl_free(allocator, run.times, n_times, sizeof *run.times);
    sl_free(allocator, run.queues, n_queues, sizeof *run.queues);
    return st;
}
