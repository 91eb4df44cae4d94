/*
 * List scheduling (Graham, 1966), with the arrival times of inputs, the places
 * in queues and the memory of a device as further conditions.
 *
 * The device that is free first chooses.  If one of its actions is ready, it
 * takes the most urgent by the policy; if not, it sets its clock to the time
 * when the first one will be; if it cannot know that time (`waits`), it is
 * asked again after the next action of any device.  The clock `now` never goes
 * back, so each action's inputs have been placed before it.
 *
 * Each stage takes the micro-batches in rising order: then a stage is described
 * by three counters, and hand-offs are in order by construction.
 */
#include "search/list_scheduler.h"

#include "base/memory.h"

enum { NEVER = -1 };

/* What a stage has begun, always the lowest micro-batch next. */
struct stage {
    int device;
    int n_forward;
    int n_backward;       /* B or I */
    int n_weight;         /* W, or the same as n_backward */
    int64_t *forward_ns;  /* [microbatches] when the output can be taken */
    int64_t *backward_ns; /* the same of the gradient */
};

struct device {
    const int *stages; /* [n_stages] that it holds, in rising order */
    int n_stages;
    int64_t free_ns;
    bool waits; /* for an input or room that no action placed so far makes */
    bool went_forward;
    int64_t held;
};

struct clockwork {
    const struct sl_problem *problem;
    const struct sl_policy *policy;
    int n_stages;
    int n_microbatches;
    struct stage *stages;
    struct device *devices;
    int64_t *times; /* [2 * stages * microbatches], what the stages point to */
    int *stage_lists; /* [stages], what the devices point to */
    sluice_schedule *schedule;
    sluice_diag *why;
};

/* An action that could be next on its device. */
struct option {
    sluice_action action;
    int64_t ready_ns; /* NEVER: not known yet */
};

bool sl_policy(const struct sl_problem *problem, int i,
               struct sl_policy *policy)
{
    *policy = (struct sl_policy){
        .split = i & 1,
        .in_a_v = i & 2,
        .forward_first = i & 4,
        .in_turn = i & 8,
        .deep_forward = i & 16,
        .deep_backward = i & 32,
        .patient = i & 64,
    };
    bool one_each = problem->n_stages == problem->config->devices;
    if (policy->patient && !policy->split)
        return false;
    if (one_each && (policy->deep_forward || policy->deep_backward))
        return false;
    return !policy->in_a_v || problem->n_stages == 2 * problem->config->devices;
}

static int64_t latency(const struct clockwork *work, int from, int to)
{
    bool together = work->stages[from].device == work->stages[to].device;
    return together ? 0 : work->problem->config->latency_ns;
}

/* Whether the neighbour leaves a place for one more. */
static bool has_place(const struct clockwork *work, int from, int to, int made,
                      int taken)
{
    return work->stages[from].device == work->stages[to].device ||
           made - taken < work->problem->capacity;
}

/* Room for a micro-batch on this stage, and once on each later stage of the
 * device: without that it could fill the device and never reach its backward.
 */
static bool has_room(const struct clockwork *work, int stage)
{
    const struct stage *self = &work->stages[stage];
    int64_t limit = work->problem->config->limit;
    int64_t held = work->devices[self->device].held +
                   sl_problem_bytes(work->problem, stage);
    const struct device *device = &work->devices[self->device];
    if (!limit)
        return true;
    for (int i = 0; i < device->n_stages; i++)
        if (device->stages[i] > stage)
            held += sl_problem_bytes(work->problem, device->stages[i]);
    return held <= limit;
}

static int64_t forward_ready(const struct clockwork *work, int s)
{
    const struct stage *self = &work->stages[s];
    int m = self->n_forward;
    if (m == work->n_microbatches || !has_room(work, s))
        return NEVER;
    if (s + 1 < work->n_stages &&
        !has_place(work, s, s + 1, m, work->stages[s + 1].n_forward))
        return NEVER;
    if (s == 0)
        return 0;
    return work->stages[s - 1].n_forward > m
               ? work->stages[s - 1].forward_ns[m] + latency(work, s - 1, s)
               : NEVER;
}

static int64_t backward_ready(const struct clockwork *work, int s)
{
    const struct stage *self = &work->stages[s];
    int m = self->n_backward;
    if (m >= self->n_forward)
        return NEVER;
    if (s > 0 && !has_place(work, s, s - 1, m, work->stages[s - 1].n_backward))
        return NEVER;
    if (s + 1 == work->n_stages)
        return self->forward_ns[m];
    return work->stages[s + 1].n_backward > m
               ? work->stages[s + 1].backward_ns[m] + latency(work, s + 1, s)
               : NEVER;
}

/* Whether `a` is more urgent than `b`, both F or both backward. */
static bool is_deeper(const struct clockwork *work, const struct option *a,
                      const struct option *b)
{
    bool deep = a->action.kind == SLUICE_F ? work->policy->deep_forward
                                           : work->policy->deep_backward;
    return deep ? a->action.stage > b->action.stage
                : a->action.stage < b->action.stage;
}

static bool prefers_forward(const struct clockwork *work,
                            const struct device *device)
{
    return work->policy->in_turn ? !device->went_forward
                                 : work->policy->forward_first;
}

/* The more urgent of two that are ready by `now`, or the earlier one. */
static struct option better(const struct clockwork *work, int d, int64_t now,
                            struct option a, struct option b)
{
    if (b.ready_ns == NEVER)
        return a;
    if (a.ready_ns == NEVER)
        return b;
    bool a_now = a.ready_ns <= now, b_now = b.ready_ns <= now;
    if (!a_now || !b_now)
        return b_now || (!a_now && b.ready_ns < a.ready_ns) ? b : a;
    bool a_forward = a.action.kind == SLUICE_F;
    if (a_forward == (b.action.kind == SLUICE_F))
        return is_deeper(work, &b, &a) ? b : a;
    return a_forward == prefers_forward(work, &work->devices[d]) ? a : b;
}

/* The oldest W that a device owes, in the order of its stages. */
static struct option owed(const struct clockwork *work, int d)
{
    struct option none = {.ready_ns = NEVER};
    const struct device *device = &work->devices[d];
    for (int i = device->n_stages - 1; i >= 0; i--) {
        int s = device->stages[i];
        const struct stage *stage = &work->stages[s];
        if (stage->n_weight < stage->n_backward)
            return (struct option){{SLUICE_W, s, stage->n_weight, 0}, 0};
    }
    return none;
}

/* What a device does at `now`.  Its ready_ns is NEVER if no action is known to
 * become ready, and later than `now` if the device waits until then.  A W fills
 * the time of a wait. */
static struct option choose(const struct clockwork *work, int d, int64_t now)
{
    int backward = work->policy->split ? SLUICE_I : SLUICE_B;
    struct option best = {.ready_ns = NEVER};
    const struct device *device = &work->devices[d];
    for (int i = 0; i < device->n_stages; i++) {
        int s = device->stages[i];
        const struct stage *stage = &work->stages[s];
        struct option f = {{SLUICE_F, s, stage->n_forward, 0},
                           forward_ready(work, s)};
        struct option b = {{backward, s, stage->n_backward, 0},
                           backward_ready(work, s)};
        best = better(work, d, now, best, f);
        best = better(work, d, now, best, b);
    }
    if (best.ready_ns != NEVER && best.ready_ns <= now)
        return best;
    struct option fill = owed(work, d);
    if (fill.ready_ns == NEVER)
        return best;
    bool in_time = best.ready_ns == NEVER ||
                   now + sl_problem_cost(work->problem, fill.action.kind,
                                         fill.action.stage) <=
                       best.ready_ns;
    return in_time || !work->policy->patient ? fill : best;
}

static sluice_status put(struct clockwork *work, int d, sluice_action action,
                         int64_t now)
{
    struct device *device = &work->devices[d];
    struct stage *stage = &work->stages[action.stage];
    int64_t end =
        now + sl_problem_cost(work->problem, action.kind, action.stage);
    device->free_ns = end;
    device->held +=
        sl_problem_change(work->problem, (int)action.kind, action.stage);
    switch (action.kind) {
    case SLUICE_F:
        stage->forward_ns[stage->n_forward++] = end;
        device->went_forward = true;
        break;
    case SLUICE_W:
        stage->n_weight++;
        break;
    default:
        stage->backward_ns[stage->n_backward++] = end;
        device->went_forward = false;
        if (action.kind == SLUICE_B)
            stage->n_weight++;
    }
    /* Only neighbours of the stage, and its own device, can have waited for
     * this. */
    for (int s = action.stage - 1; s <= action.stage + 1; s++)
        if (s >= 0 && s < work->n_stages)
            work->devices[work->stages[s].device].waits = false;
    return sluice_schedule_append(work->schedule, d, action, work->why);
}

/* The device whose turn it is: that which is free first. */
static int next_device(const struct clockwork *work)
{
    int best = -1;
    for (int d = 0; d < work->problem->config->devices; d++)
        if (!work->devices[d].waits &&
            (best < 0 ||
             work->devices[d].free_ns < work->devices[best].free_ns))
            best = d;
    return best;
}

static sluice_status run(struct clockwork *work)
{
    int per_cell = work->policy->split ? 3 : 2;
    int64_t left = (int64_t)work->n_stages * work->n_microbatches * per_cell;
    int64_t now = 0;
    while (left > 0) {
        int d = next_device(work);
        if (d < 0)
            return SLUICE_NOT_FOUND;
        /* One that waited may have been free for long. */
        now = work->devices[d].free_ns > now ? work->devices[d].free_ns : now;
        struct option option = choose(work, d, now);
        if (option.ready_ns == NEVER) {
            work->devices[d].waits = true;
        } else if (option.ready_ns > now) {
            work->devices[d].free_ns = option.ready_ns;
        } else {
            sluice_status st = put(work, d, option.action, now);
            if (st)
                return st;
            left--;
        }
    }
    return SLUICE_OK;
}

static void list_stages(struct clockwork *work)
{
    int n = 0;
    for (int d = 0; d < work->problem->config->devices; d++) {
        struct device *device = &work->devices[d];
        device->stages = work->stage_lists + n;
        for (int s = 0; s < work->n_stages; s++)
            if (work->stages[s].device == d)
                work->stage_lists[n++] = s;
        device->n_stages = (int)(work->stage_lists + n - device->stages);
    }
}

static sluice_status create(struct clockwork *work)
{
    int stage_device[SLUICE_MAX_STAGES];
    int k = work->problem->config->devices;
    for (int s = 0; s < work->n_stages; s++) {
        size_t at = 2 * (size_t)s * (size_t)work->n_microbatches;
        stage_device[s] =
            sl_problem_place(work->problem, s, work->policy->in_a_v);
        work->stages[s] = (struct stage){
            .device = stage_device[s],
            .forward_ns = work->times + at,
            .backward_ns = work->times + at + work->n_microbatches,
        };
    }
    list_stages(work);
    return sluice_schedule_create(
        k, work->n_stages, work->n_microbatches, stage_device,
        work->problem->config->allocator, &work->schedule, work->why);
}

sluice_status sl_list_schedule(const struct sl_problem *problem,
                               const struct sl_policy *policy,
                               sluice_schedule **out, sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    struct clockwork work = {
        .problem = problem,
        .policy = policy,
        .n_stages = problem->n_stages,
        .n_microbatches = config->microbatches,
        .why = why,
    };
    size_t n = (size_t)work.n_stages, k = (size_t)config->devices;
    size_t n_times = 2 * n * (size_t)work.n_microbatches;
    work.stages = sl_alloc(config->allocator, n, sizeof *work.stages);
    work.devices = sl_alloc(config->allocator, k, sizeof *work.devices);
    work.times = sl_alloc(config->allocator, n_times, sizeof *work.times);
    work.stage_lists = sl_alloc(config->allocator, n, sizeof *work.stage_lists);
    sluice_status st = SLUICE_OK;
    if (!work.stages || !work.devices || !work.times || !work.stage_lists)
        st = sl_no_memory(why, "the search for a schedule");
    if (!st)
        st = create(&work);
    if (!st)
        st = run(&work);
    if (!st)
        st = sl_append_updates(work.schedule, why);
    if (st)
        sluice_schedule_destroy(work.schedule);
    else
        *out = work.schedule;
    sl_free(config->allocator, work.stage_lists, n, sizeof *work.stage_lists);
    sl_free(config->allocator, work.times, n_times, sizeof *work.times);
    sl_free(config->allocator, work.devices, k, sizeof *work.devices);
    sl_free(config->allocator, work.stages, n, sizeof *work.stages);
    return st;
}
