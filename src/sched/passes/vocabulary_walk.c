/* Inserting S and T.  One thread. */
#include "sched/passes/vocabulary_walk.h"

#include "base/memory.h"

enum { NEVER = -1 };

struct device {
    int64_t clock;
    int position;   /* in the list that is executed */
    int n_scored;   /* S put so far: all of the same order */
    int n_weighted; /* T */
    int first;      /* stage; -1: it holds none */
    bool holds;     /* the output of its last action, which has no room */
};

/* Between stages s and s + 1 on different devices, in one direction. */
struct queue {
    int n;            /* items that wait in it */
    int64_t *arrival; /* of the item for which there is no room yet; NULL */
};

struct walk {
    const sluice_schedule *schedule;
    struct sl_prices prices;
    sluice_schedule *out;
    struct device *devices; /* [n_devices] */
    struct queue *queues;   /* [2 * n_stages]: activations from s to s + 1 are
                               queue s, gradients back n_stages + s */
    int capacity;
    int64_t *forward;  /* [cells] the output of F can be taken from then
                          on; NEVER: not known yet */
    int64_t *backward; /* the same of B or I */
    int32_t *order;    /* [n_microbatches], as F of the last stage end */
    int n_ordered;     /* how many have ended */
    int64_t *scored;   /* [n_microbatches] the last S so far ended */
    int *n_scored;     /* [n_microbatches] devices that have done the S */
    int n_parts;       /* devices that have S and T */
    int64_t end;       /* of the last action */
    sluice_diag *why;
};

/* What a device may do next. */
struct option {
    sluice_action action;
    int64_t start; /* NEVER: not known yet */
    int rank;      /* of those that start at one time the lowest goes first */
};

static size_t cell_of(const struct walk *walk, int stage, int microbatch)
{
    return (size_t)stage * (size_t)walk->schedule->n_microbatches +
           (size_t)microbatch;
}

static int64_t cost_of(const struct walk *walk, sluice_action action)
{
    const struct sl_prices *of = &walk->prices;
    return of
        ->costs_ns[(size_t)action.stage * of->stride + (size_t)action.kind];
}

static bool is_backward(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

/* The queue from stage s to s + 1, or back; NULL: there is none. */
static struct queue *queue_at(const struct walk *walk, int s, bool back)
{
    const int *device = walk->schedule->stage_device;
    if (s < 0 || s + 1 >= walk->schedule->n_stages ||
        device[s] == device[s + 1])
        return NULL;
    return &walk->queues[(back ? walk->schedule->n_stages : 0) + s];
}

/* When all S of a micro-batch have ended; NEVER: not yet. */
static int64_t joined(const struct walk *walk, int microbatch)
{
    return walk->n_scored[microbatch] == walk->n_parts
               ? walk->scored[microbatch]
               : NEVER;
}

/* When the input of an action of the list is there; 0 if it has none. */
static int64_t input_of(const struct walk *walk, sluice_action action)
{
    int s = action.stage, m = action.microbatch;
    if (action.kind == SLUICE_F && s > 0)
        return walk->forward[cell_of(walk, s - 1, m)];
    if (is_backward(action) && s + 1 < walk->schedule->n_stages)
        return walk->backward[cell_of(walk, s + 1, m)];
    return is_backward(action) ? joined(walk, m) : 0;
}

static struct option option_of(const struct device *self, sluice_action action,
                               int64_t ready, int rank)
{
    int64_t start = ready > self->clock ? ready : self->clock;
    return (struct option){action, ready == NEVER ? NEVER : start, rank};
}

static void prefer(struct option *best, struct option other)
{
    if (other.start == NEVER)
        return;
    if (best->start == NEVER || other.start < best->start ||
        (other.start == best->start && other.rank < best->rank))
        *best = other;
}

static bool is_done(const struct walk *walk, const struct device *self)
{
    return self->first < 0 ||
           self->n_weighted == walk->schedule->n_microbatches;
}

/* What a device does next; its start is NEVER if nothing can be done yet. */
static struct option choose(const struct walk *walk, int d)
{
    const struct device *self = &walk->devices[d];
    const struct sl_action_list *list = &walk->schedule->programs[d];
    int last = walk->schedule->n_stages - 1;
    struct option best = {.start = NEVER};
    if (self->holds)
        return best;
    if (self->first >= 0 && self->n_scored < walk->n_ordered) {
        int m = walk->order[self->n_scored];
        prefer(&best, option_of(self, (sluice_action){SLUICE_S, self->first, m},
                                walk->forward[cell_of(walk, last, m)], 0));
    }
    if (self->n_weighted < self->n_scored) {
        int m = walk->order[self->n_weighted];
        prefer(&best, option_of(self, (sluice_action){SLUICE_T, self->first, m},
                                joined(walk, m), 1));
    }
    if (self->position < list->n) {
        sluice_action next = list->actions[self->position];
        if (next.kind != SLUICE_UPDATE || is_done(walk, self))
            prefer(&best, option_of(self, next, input_of(walk, next), 2));
    }
    return best;
}

/* An item is taken at `now`: the producer of the queue may have waited for the
 * room. */
static void take(struct walk *walk, struct queue *queue, int producer,
                 int64_t now)
{
    if (!queue)
        return;
    queue->n--;
    if (!queue->arrival)
        return;
    struct device *other =
        &walk->devices[walk->schedule->stage_device[producer]];
    other->holds = false;
    other->clock = now > other->clock ? now : other->clock;
    *queue->arrival = other->clock;
    queue->arrival = NULL;
    queue->n++;
}

/* The output of an action of `self` goes to a queue, if there is room. */
static void give(struct walk *walk, struct device *self, struct queue *queue,
                 int64_t *arrival)
{
    if (queue && queue->n == walk->capacity) {
        queue->arrival = arrival;
        self->holds = true;
        return;
    }
    *arrival = self->clock;
    if (queue)
        queue->n++;
}

/* What an F, B or I takes and gives. */
static void hand_over(struct walk *walk, struct device *self,
                      sluice_action action, int64_t start)
{
    int s = action.stage;
    size_t cell = cell_of(walk, s, action.microbatch);
    if (action.kind == SLUICE_F) {
        take(walk, queue_at(walk, s - 1, false), s - 1, start);
        give(walk, self, queue_at(walk, s, false), &walk->forward[cell]);
    } else if (is_backward(action)) {
        take(walk, queue_at(walk, s, true), s + 1, start);
        give(walk, self, queue_at(walk, s - 1, true), &walk->backward[cell]);
    }
}

/* Note what others wait for. */
static void note(struct walk *walk, int d, sluice_action action, int64_t start)
{
    struct device *self = &walk->devices[d];
    int m = action.microbatch;
    int64_t end = start + cost_of(walk, action);
    self->clock = end;
    hand_over(walk, self, action, start);
    if (action.kind != SLUICE_UPDATE && end > walk->end)
        walk->end = end;
    if (action.kind == SLUICE_S) {
        self->n_scored++;
        walk->n_scored[m]++;
        walk->scored[m] = end > walk->scored[m] ? end : walk->scored[m];
        return;
    }
    self->n_weighted += action.kind == SLUICE_T;
    self->position += action.kind != SLUICE_T;
    if (action.kind == SLUICE_F && action.stage + 1 == walk->schedule->n_stages)
        walk->order[walk->n_ordered++] = m;
}

/* A device that waits for room cannot do the S that others wait for. */
static sluice_status check_end(const struct walk *walk)
{
    for (int d = 0; d < walk->schedule->n_devices; d++)
        if (walk->devices[d].position < walk->schedule->programs[d].n)
            return sluice_diag_set(
                walk->why, SLUICE_SCHEDULE,
                "deadlock: with S and T device %d stops at position %d of its "
                "list, because the queues of %d are full: enlarge the queues",
                d, walk->devices[d].position, walk->capacity);
    return SLUICE_OK;
}

/* The device whose next action starts first goes on, the lowest of several. */
static sluice_status execute(struct walk *walk)
{
    for (;;) {
        struct option best = {.start = NEVER};
        int device = -1;
        for (int d = 0; d < walk->schedule->n_devices; d++) {
            struct option next = choose(walk, d);
            if (next.start == NEVER ||
                (device >= 0 && next.start >= best.start))
                continue;
            best = next;
            device = d;
        }
        if (device < 0)
            return check_end(walk);
        sluice_status st =
            sluice_schedule_append(walk->out, device, best.action, walk->why);
        if (st)
            return st;
        note(walk, device, best.action, best.start);
    }
}

static void begin(struct walk *walk)
{
    const sluice_schedule *schedule = walk->schedule;
    size_t n = (size_t)schedule->n_stages * (size_t)schedule->n_microbatches;
    for (size_t i = 0; i < n; i++)
        walk->forward[i] = walk->backward[i] = NEVER;
    for (int d = 0; d < schedule->n_devices; d++)
        walk->devices[d].first = -1;
    for (int s = schedule->n_stages - 1; s >= 0; s--)
        walk->devices[schedule->stage_device[s]].first = s;
    for (int d = 0; d < schedule->n_devices; d++)
        walk->n_parts += walk->devices[d].first >= 0;
}

sluice_status sl_vocabulary_insert(const sluice_schedule *schedule,
                                   struct sl_prices prices, int capacity,
                                   sluice_schedule **out, int64_t *end,
                                   sluice_diag *why)
{
    const sluice_allocator *allocator = schedule->allocator;
    size_t k = (size_t)schedule->n_devices,
           m = (size_t)schedule->n_microbatches;
    size_t n = (size_t)schedule->n_stages * m;
    struct walk walk = {.schedule = schedule,
                        .prices = prices,
                        .capacity = capacity,
                        .why = why};
    sluice_status st = sl_schedule_like(schedule, &walk.out, why);
    if (st)
        return st;
    size_t n_queues = 2 * (size_t)schedule->n_stages;
    walk.queues = sl_alloc(allocator, n_queues, sizeof *walk.queues);
    walk.devices = sl_alloc(allocator, k, sizeof *walk.devices);
    walk.forward = sl_alloc(allocator, n, sizeof *walk.forward);
    walk.backward = sl_alloc(allocator, n, sizeof *walk.backward);
    walk.order = sl_alloc(allocator, m, sizeof *walk.order);
    walk.scored = sl_alloc(allocator, m, sizeof *walk.scored);
    walk.n_scored = sl_alloc(allocator, m, sizeof *walk.n_scored);
    if (walk.queues && walk.devices && walk.forward && walk.backward &&
        walk.order && walk.scored && walk.n_scored) {
        begin(&walk);
        st = execute(&walk);
    } else {
        st = sl_no_memory(why, "the places of S and T");
    }
    sl_free(allocator, walk.n_scored, m, sizeof *walk.n_scored);
    sl_free(allocator, walk.scored, m, sizeof *walk.scored);
    sl_free(allocator, walk.order, m, sizeof *walk.order);
    sl_free(allocator, walk.backward, n, sizeof *walk.backward);
    sl_free(allocator, walk.forward, n, sizeof *walk.forward);
    sl_free(allocator, walk.devices, k, sizeof *walk.devices);
    sl_free(allocator, walk.queues, n_queues, sizeof *walk.queues);
    *out = walk.out;
    *end = walk.end;
    if (st)
        sluice_schedule_destroy(walk.out);
    return st;
}
