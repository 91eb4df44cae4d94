/* Sizes of the rings.  The thread that creates the pipeline. */
#include "blueprint/ring.h"

#include "base/memory.h"
#include "sched/verify/kept_versions.h"

enum {
    F = 1 << SLUICE_F,
    B = 1 << SLUICE_B,
    I = 1 << SLUICE_I,
    W = 1 << SLUICE_W,
    R = 1 << SLUICE_R,
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
};

static bool matches(const struct sl_op *op, int stage, unsigned kinds)
{
    return op->action.stage == stage && (kinds >> op->action.kind & 1);
}

/* The largest hold in a program, or -1 if nothing is opened. */
static int hold(const struct sizing *sizing, int device, struct span span)
{
    const struct sl_program *program = &sizing->programs[device];
    int n_opened = 0;
    int largest = -1;
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        int m = op->action.microbatch;
        if (matches(op, span.open_stage, span.opens) &&
            !(span.stash && op->stash_no == SL_NONE))
            sizing->opened[m] = n_opened++;
        if (matches(op, span.close_stage, span.closes)) {
            int later = n_opened - 1 - sizing->opened[m];
            largest = later > largest ? later : largest;
        }
    }
    return largest;
}

static int device_of(const struct sizing *sizing, int stage)
{
    return sluice_schedule_stage_device(sizing->schedule, stage);
}

static bool has(const struct sizing *sizing, int stage, unsigned kinds)
{
    const struct sl_program *program =
        &sizing->programs[device_of(sizing, stage)];
    for (int i = 0; i < program->n_ops; i++)
        if (matches(&program->ops[i], stage, kinds))
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

static int by_order(const struct sizing *sizing, int device, struct span span)
{
    return at_most(hold(sizing, device, span) + 1, sizing->n_microbatches);
}

static int by_queue(const struct sizing *sizing, int device, struct span span)
{
    int held = hold(sizing, device, span);
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
        int read =
            by_order(sizing, producer, (struct span){s - 1, F, s, last, false});
        int back = by_order(sizing, producer,
                            (struct span){s - 1, F, s - 1, B | I, false});
        return at_least(read, back);
    }
    /* The producer reads its output once more, in its own backward, and the
     * gradient it waits for there says that the consumer has read it too,
     * unless a W comes later. */
    int back = by_order(sizing, producer,
                        (struct span){s - 1, F, s - 1, B | I, false});
    if (last != F && !has(sizing, s, W))
        return back;
    int read = by_queue(sizing, consumer, (struct span){s, F, s, last, false});
    return at_least(read, back);
}

/* Output gradients of stage s: opened by the backward of s + 1. */
static int size_grad_slots(const struct sizing *sizing, int s)
{
    int producer = device_of(sizing, s + 1);
    int consumer = device_of(sizing, s);
    if (producer == consumer)
        return by_order(sizing, consumer,
                        (struct span){s + 1, B | I, s, B | W, false});
    return by_queue(sizing, consumer, (struct span){s, B | I, s, B | W, false});
}

/* Versions of the weights. */
static int count_versions(const struct sizing *sizing, int s)
{
    const struct sl_program *program = &sizing->programs[device_of(sizing, s)];
    struct sl_kept_versions kept = sl_kept_at_end();
    for (int i = program->n_ops - 1; i >= 0; i--) {
        const struct sl_op *op = &program->ops[i];
        if (op->action.stage != s)
            continue;
        if (op->action.kind == SLUICE_UPDATE)
            sl_kept_made(&kept, op->version);
        else
            sl_kept_used(&kept, op->version);
    }
    return kept.most;
}

sluice_status sl_ring_sizes(const sluice_schedule *schedule,
                            const struct sl_program *programs,
                            int queue_capacity,
                            const sluice_allocator *allocator,
                            struct sl_ring_sizes *sizes)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    int depth = n_stages / sluice_schedule_n_copies(schedule);
    struct sizing sizing = {
        .schedule = schedule,
        .programs = programs,
        .n_microbatches = sluice_schedule_n_microbatches(schedule),
        .capacity = queue_capacity,
    };
    size_t m = (size_t)sizing.n_microbatches;
    sizing.opened = sl_alloc(allocator, m, sizeof *sizing.opened);
    if (!sizing.opened)
        return SLUICE_NO_MEMORY;
    for (int s = 0; s < n_stages; s++) {
        int device = device_of(&sizing, s);
        sizes[s] = (struct sl_ring_sizes){
            .splits = has(&sizing, s, I),
            .recomputes = has(&sizing, s, R),
            .in_slots = s % depth > 0 ? size_in_slots(&sizing, s) : 0,
            .grad_slots = (s + 1) % depth > 0 ? size_grad_slots(&sizing, s) : 0,
            .stash = by_order(&sizing, device,
                              (struct span){s, F | R, s, B | W, true}),
            .dys =
                by_order(&sizing, device, (struct span){s, B | I, s, W, false}),
            .versions = count_versions(&sizing, s),
        };
    }
    sl_free(allocator, sizing.opened, m, sizeof *sizing.opened);
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

static bool wraps(const struct sl_program *program, int stage,
                  numbering *number, int n_slots)
{
    for (int i = 0; i < program->n_ops; i++) {
        const struct sl_op *op = &program->ops[i];
        if (op->action.stage == stage && op->n_joined > 1 &&
            number(op) % n_slots + op->n_joined > n_slots)
            return true;
    }
    return false;
}

static void fit(const struct sl_program *program, int stage, numbering *number,
                int *n_slots)
{
    while (*n_slots > 0 && wraps(program, stage, number, *n_slots))
        ++*n_slots;
}

void sl_ring_fit_runs(const sluice_schedule *schedule,
                      const struct sl_program *programs,
                      struct sl_ring_sizes *sizes)
{
    int n_stages = sluice_schedule_n_stages(schedule);
    for (int s = 0; s < n_stages; s++) {
        int device = sluice_schedule_stage_device(schedule, s);
        const struct sl_program *program = &programs[device];
        fit(program, s, forward_no, &sizes[s].in_slots);
        fit(program, s, backward_no, &sizes[s].grad_slots);
        fit(program, s, stash_no, &sizes[s].stash);
        fit(program, s, backward_no, &sizes[s].dys);
    }
}
