/*
 * Sizes of the rings.  The thread that creates the pipeline.
 *
 * A slot is opened by the action that fills it, and closed by the last action
 * that reads it; a span names both.  A walk through the list of one device
 * counts how many slots are opened before one closes.  ring.h tells the two
 * bounds that follow from this count and why they suffice.
 */
#include "blueprint/ring.h"

#include "base/memory.h"
#include "sched/schedule.h"

enum {
    F = 1 << SLUICE_F,
    B = 1 << SLUICE_B,
    I = 1 << SLUICE_I,
    W = 1 << SLUICE_W,
    R = 1 << SLUICE_R,
};

/* Positions of all actions, stage after stage: each stage is looked at through
 * its own actions only, so that sizing is linear in their number. */
struct index {
    size_t n_positions;
    int32_t *positions; /* [n_positions] in the program of the stage's device */
    size_t *first;      /* [n_stages + 1] in `positions` */
};

/* The actions of one stage, or those that are left of them. */
struct ops {
    const struct sl_op *all; /* of the device */
    const int32_t *positions;
    int n;
};

/* From which action to which a slot is in use; kinds are masks. */
struct span {
    int open_stage;
    unsigned opens;
    int close_stage;
    unsigned closes;
    bool stash; /* only those F that fill the stash open */
};

struct sizing {
    const sluice_schedule *schedule;
    const struct sl_program *programs;
    int n_microbatches;
    int capacity;
    int32_t *opened; /* [micro-batch], scratch: its number in the ring */
    struct index index;
};

static int device_of(const struct sizing *sizing, int stage)
{
    return sluice_schedule_stage_device(sizing->schedule, stage);
}

/* The actions of a stage. */
static struct ops ops_of(const struct index *index,
                         const struct sl_program *program, int stage)
{
    size_t first = index->first[stage];
    return (struct ops){program->ops, &index->positions[first],
                        (int)(index->first[stage + 1] - first)};
}

static bool matches(const struct sl_op *op, int stage, unsigned kinds)
{
    return op->action.stage == stage && (kinds >> op->action.kind & 1);
}

/* Take the next action of two stages of one device, in the order of its list.
 * NULL behind the last. */
static const struct sl_op *next_of_two(struct ops *a, struct ops *b)
{
    if (!a->n && !b->n)
        return NULL;
    bool first = !b->n || (a->n && *a->positions < *b->positions);
    struct ops *next = first ? a : b;
    next->n--;
    return &next->all[*next->positions++];
}

/*
 * The largest hold in the program of the span's device, or -1 if nothing is
 * opened.
 *
 * The walk reads one device's list: both stages of a span are on it.  Where a
 * queue lies between the opener and the closer, the span is the consumer's: it
 * begins with the action that takes the item.
 */
static int hold(const struct sizing *sizing, struct span span)
{
    const struct sl_program *program =
        &sizing->programs[device_of(sizing, span.open_stage)];
    struct ops opens = ops_of(&sizing->index, program, span.open_stage);
    struct ops closes = ops_of(&sizing->index, program, span.close_stage);
    const struct sl_op *op;
    int n_opened = 0;
    int largest = -1;
    if (span.open_stage == span.close_stage)
        closes.n = 0;
    while ((op = next_of_two(&opens, &closes))) {
        int m = op->action.microbatch;
        if (matches(op, span.open_stage, span.opens) &&
            !(span.stash && op->stash_no == SL_NONE))
            sizing->opened[m] = n_opened++;
        /* Slots that were opened after that of m and before m closes. */
        if (matches(op, span.close_stage, span.closes)) {
            int later = n_opened - 1 - sizing->opened[m];
            largest = later > largest ? later : largest;
        }
    }
    return largest;
}

static struct ops all_of(const struct sizing *sizing, int stage)
{
    return ops_of(&sizing->index, &sizing->programs[device_of(sizing, stage)],
                  stage);
}

static bool has(const struct sizing *sizing, int stage, unsigned kinds)
{
    struct ops ops = all_of(sizing, stage);
    for (int i = 0; i < ops.n; i++)
        if (matches(&ops.all[ops.positions[i]], stage, kinds))
            return true;
    return false;
}

static int at_most(int n, int limit)
{
    return n < limit ? n : limit;
}

static int at_least(int n, int least)
{
    return n > least ? n : least;
}

static int by_order(const struct sizing *sizing, struct span span)
{
    return at_most(hold(sizing, span) + 1, sizing->n_microbatches);
}

static int by_queue(const struct sizing *sizing, struct span span)
{
    int held = hold(sizing, span);
    if (held < 0)
        return 0;
    return at_most(sizing->capacity + 2 + held, sizing->n_microbatches);
}

/* Inputs of stage s: opened by F of s - 1, closed by the last reader. */
static int size_in_slots(const struct sizing *sizing, int s)
{
    int producer = device_of(sizing, s - 1);
    int consumer = device_of(sizing, s);
    unsigned last = has(sizing, s, B | W) ? B | W : F;
    if (producer == consumer) {
        int read = by_order(sizing, (struct span){s - 1, F, s, last, false});
        int back =
            by_order(sizing, (struct span){s - 1, F, s - 1, B | I, false});
        return at_least(read, back);
    }
    /* The producer reads its output once more, in its own backward, and the
     * gradient it waits for there says that the consumer has read it too,
     * unless a W comes later. */
    int back = by_order(sizing, (struct span){s - 1, F, s - 1, B | I, false});
    if (last != F && !has(sizing, s, W))
        return back;
    int read = by_queue(sizing, (struct span){s, F, s, last, false});
    return at_least(read, back);
}

/* Output gradients of stage s: opened by the backward of s + 1. */
static int size_grad_slots(const struct sizing *sizing, int s)
{
    int producer = device_of(sizing, s + 1);
    int consumer = device_of(sizing, s);
    if (producer == consumer)
        return by_order(sizing, (struct span){s + 1, B | I, s, B | W, false});
    return by_queue(sizing, (struct span){s, B | I, s, B | W, false});
}

static void index_fini(struct index *index, int n_stages,
                       const sluice_allocator *allocator)
{
    sl_free(allocator, index->positions, index->n_positions,
            sizeof *index->positions);
    sl_free(allocator, index->first, (size_t)n_stages + 1,
            sizeof *index->first);
}

/*
 * A counting sort of all actions by stage.  first[s + 1] counts the actions of
 * stage s; the sums make first[s] the beginning of stage s.  Filling a stage
 * moves first[s] to its end, which is the beginning of stage s + 1: the last
 * loop moves all entries up by one place again.
 */
static sluice_status index_init(struct index *index,
                                const sluice_schedule *schedule,
                                const struct sl_program *programs,
                                const sluice_allocator *allocator)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    int n_devices = sluice_schedule_n_devices(schedule);
    size_t *first =
        sl_alloc(allocator, (size_t)n_stages + 1, sizeof *index->first);
    *index = (struct index){.first = first};
    for (int d = 0; d < n_devices; d++)
        index->n_positions += (size_t)programs[d].n_ops;
    index->positions =
        sl_alloc(allocator, index->n_positions, sizeof *index->positions);
    if (!first || !index->positions) {
        index_fini(index, n_stages, allocator);
        return SLUICE_NO_MEMORY;
    }
    for (int d = 0; d < n_devices; d++)
        for (int i = 0; i < programs[d].n_ops; i++)
            first[programs[d].ops[i].action.stage + 1]++;
    for (int s = 0; s < n_stages; s++)
        first[s + 1] += first[s];
    for (int d = 0; d < n_devices; d++)
        for (int i = 0; i < programs[d].n_ops; i++)
            index->positions[first[programs[d].ops[i].action.stage]++] = i;
    for (int s = n_stages; s > 0; s--)
        first[s] = first[s - 1];
    first[0] = 0;
    return SLUICE_OK;
}

static sluice_status sizing_init(struct sizing *sizing,
                                 const sluice_schedule *schedule,
                                 const struct sl_program *programs,
                                 const sluice_allocator *allocator)
{
    *sizing = (struct sizing){
        .schedule = schedule,
        .programs = programs,
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
    };
    if (index_init(&sizing->index, schedule, programs, allocator))
        return SLUICE_NO_MEMORY;
    sizing->opened = sl_alloc(allocator, (size_t)sizing->n_microbatches,
                              sizeof *sizing->opened);
    if (sizing->opened)
        return SLUICE_OK;
    index_fini(&sizing->index, sluice_schedule_n_stages(schedule), allocator);
    return SLUICE_NO_MEMORY;
}

static void sizing_fini(struct sizing *sizing,
                        const sluice_allocator *allocator)
{
    sl_free(allocator, sizing->opened, (size_t)sizing->n_microbatches,
            sizeof *sizing->opened);
    index_fini(&sizing->index, sluice_schedule_n_stages(sizing->schedule),
               allocator);
}

sluice_status sl_ring_sizes(const sluice_schedule *schedule,
                            const struct sl_program *programs,
                            int queue_capacity,
                            const sluice_allocator *allocator,
                            struct sl_ring_sizes *sizes)
{
    struct sizing sizing;
    if (sizing_init(&sizing, schedule, programs, allocator))
        return SLUICE_NO_MEMORY;
    sizing.capacity = queue_capacity;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++) {
        sizes[s] = (struct sl_ring_sizes){
            .splits = has(&sizing, s, I),
            .recomputes = has(&sizing, s, R),
            .in_slots = sl_schedule_boundary(schedule, s - 1)
                            ? size_in_slots(&sizing, s)
                            : 0,
            .grad_slots = sl_schedule_boundary(schedule, s)
                              ? size_grad_slots(&sizing, s)
                              : 0,
            .stash = by_order(&sizing, (struct span){s, F | R, s, B | W, true}),
            .dys = by_order(&sizing, (struct span){s, B | I, s, W, false}),
        };
    }
    sizing_fini(&sizing, allocator);
    return SLUICE_OK;
}

sluice_status sl_ring_edge(const sluice_schedule *schedule,
                           const struct sl_program *programs, int from, int to,
                           const sluice_allocator *allocator,
                           struct sl_edge_sizes *sizes)
{
    struct sizing sizing;
    if (sizing_init(&sizing, schedule, programs, allocator))
        return SLUICE_NO_MEMORY;
    int n = by_order(&sizing, (struct span){from, F, from, B | I, false});
    *sizes = (struct sl_edge_sizes){n, n, n};
    if (device_of(&sizing, from) == device_of(&sizing, to))
        *sizes = (struct sl_edge_sizes){
            .slots =
                by_order(&sizing, (struct span){from, F, to, F | R, false}),
            .grad_slots =
                by_order(&sizing, (struct span){to, B | I, from, B | I, false}),
        };
    else if (!has(&sizing, from, B | I))
        *sizes = (struct sl_edge_sizes){0};
    sizing_fini(&sizing, allocator);
    return SLUICE_OK;
}

static int32_t forward_no(const struct sl_op *op)
{
    return op->forward_no;
}

static int32_t backward_no(const struct sl_op *op)
{
    return op->backward_no;
}

static int32_t stash_no(const struct sl_op *op)
{
    return op->stash_no;
}

typedef int32_t numbering(const struct sl_op *op);

static bool wraps(struct ops ops, numbering *number, int n_slots)
{
    for (int i = 0; i < ops.n; i++) {
        const struct sl_op *op = &ops.all[ops.positions[i]];
        if (op->n_joined > 1 && number(op) % n_slots + op->n_joined > n_slots)
            return true;
    }
    return false;
}

/*
 * A run of joined W reads its slots as one matrix, so it must not wrap around
 * the end of the ring.  The loop ends: with as many slots as there are
 * micro-batches no run wraps.
 */
static void fit(struct ops ops, numbering *number, int *n_slots)
{
    if (*n_slots == 0)
        return;
    for (int i = 0; i < ops.n; i++)
        *n_slots = at_least(*n_slots, ops.all[ops.positions[i]].n_joined);
    while (wraps(ops, number, *n_slots))
        ++*n_slots;
}

sluice_status sl_ring_fit_runs(const sluice_schedule *schedule,
                               const struct sl_program *programs,
                               const sluice_allocator *allocator,
                               struct sl_ring_sizes *sizes)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    struct index index;
    if (index_init(&index, schedule, programs, allocator))
        return SLUICE_NO_MEMORY;
    for (int s = 0; s < n_stages; s++) {
        int device = sluice_schedule_stage_device(schedule, s);
        struct ops ops = ops_of(&index, &programs[device], s);
        fit(ops, forward_no, &sizes[s].in_slots);
        fit(ops, backward_no, &sizes[s].grad_slots);
        fit(ops, stash_no, &sizes[s].stash);
        fit(ops, backward_no, &sizes[s].dys);
    }
    index_fini(&index, n_stages, allocator);
    return SLUICE_OK;
}
