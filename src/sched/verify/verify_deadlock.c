/*
 * Rule `deadlock`: execute the lists, without time.  A device runs until a
 * queue stops it; an action that appends to or takes from that queue puts it
 * back to work.  Whether a device can go on depends on counts that only grow
 * (items appended, items taken), and never on the speed of others.  So all
 * orders of execution stop at the same place, and one of them is enough.  Each
 * action wakes at most two devices, and one more for each edge that ends at its
 * stage: the time is linear in the actions, times the edges.
 *
 * In a lowered schedule a RECV is posted and does not wait: what arrives for it
 * leaves the queue, and the action that needs it waits instead.
 *
 * The waits for the S of all devices, and for the F of the last stage, are for
 * one action at a time: for the first that has not ended.
 *
 * UPDATEs are not waited for: by `order` they come last on every device, so
 * their barrier opens as soon as every device has come that far.
 */
#include "sched/verify/verify.h"

#include <stdio.h>

#include "base/memory.h"
#include "sched/verify/deadlock_queue.h"
#include "sched/verify/scores.h"

struct device {
    int position;
    bool computed; /* the action there has taken its inputs and computed */
    int n_moved;   /* inputs that it has taken, or outputs appended since */
    bool ready;    /* is in the worklist */
    int walk;      /* the first walk of find_cycle() that visited it; 0: none */
};

struct execution {
    const struct sl_proof *proof;
    struct queue *queues;   /* [2 * (n_stages + n_edges)] */
    struct device *devices; /* [n_devices] */
    int *worklist;          /* [n_devices], the first n_ready are in use */
    int n_ready;
    struct sl_scores scores;
    uint8_t *arrived; /* [n_cells] bits: what a lowered schedule has sent to the
                         cell's stage */
};

enum { ACTIVATIONS = 1, GRADIENT = 2 };

static int device_of(const struct execution *run, int stage)
{
    return run->proof->schedule->stage_device[stage];
}

static sluice_action action_at(const struct execution *run, int device)
{
    const struct sl_action_list *program =
        &run->proof->schedule->programs[device];
    return program->actions[run->devices[device].position];
}

static bool at_end(const struct execution *run, int device)
{
    return run->devices[device].position ==
           run->proof->schedule->programs[device].n;
}

/* The queue from which an action's input comes, or NULL; a RECV's too. */
static struct queue *input_of(const struct execution *run, sluice_action action)
{
    int s = action.stage;
    unsigned bit = 1u << action.kind;
    if ((bit & (SL_BIT_F | SL_BIT_RECV_F)) && sl_apart(run->proof, s - 1))
        return &run->queues[s - 1];
    if ((bit & (SL_BIT_BACKWARD | SL_BIT_RECV_B)) && sl_apart(run->proof, s))
        return &run->queues[run->proof->schedule->n_stages + s];
    return NULL;
}

static bool is_of_forward(sluice_action action)
{
    return 1u << action.kind & (SL_BIT_F | SL_BIT_SEND_F | SL_BIT_RECV_F);
}

/* The queue an action appends to, or NULL. */
static struct queue *output_of(const struct execution *run,
                               sluice_action action)
{
    int s = action.stage;
    unsigned bit = 1u << action.kind;
    if ((bit & sl_activations(run->proof).gives) && sl_apart(run->proof, s))
        return &run->queues[s];
    if ((bit & sl_gradients(run->proof).gives) && sl_apart(run->proof, s - 1))
        return &run->queues[run->proof->schedule->n_stages + s - 1];
    return NULL;
}

/* The queue of an edge that an action takes from, or appends to; NULL: none. It
 * is the F, B or I itself in a lowered schedule, too. */
static struct queue *edge_queue(const struct execution *run, int edge,
                                sluice_action action, bool inputs)
{
    const sluice_schedule_edge *e = &run->proof->edges[edge];
    unsigned bit = 1u << action.kind;
    bool forward = bit & SL_BIT_F;
    if (!(bit & (SL_BIT_F | SL_BIT_BACKWARD)) ||
        device_of(run, e->from) == device_of(run, e->to) ||
        action.stage != (forward == inputs ? e->to : e->from))
        return NULL;
    return &run->queues[2 * (run->proof->schedule->n_stages + edge) +
                        (forward ? 0 : 1)];
}

/* Input or output number k of an action, that of a neighbour first; NULL behind
 * the last. */
static struct queue *queue_at(const struct execution *run, sluice_action action,
                              bool inputs, int k)
{
    struct queue *queue =
        inputs ? input_of(run, action) : output_of(run, action);
    if (queue && k-- == 0)
        return queue;
    for (int e = 0; e < run->proof->n_edges; e++) {
        queue = edge_queue(run, e, action, inputs);
        if (queue && k-- == 0)
            return queue;
    }
    return NULL;
}

static void wake(struct execution *run, int device)
{
    if (run->devices[device].ready)
        return;
    run->devices[device].ready = true;
    run->worklist[run->n_ready++] = device;
}

/* What is sent to `stage`, of the same micro-batch and way as `action`. */
static uint8_t *arrival(const struct execution *run, int stage,
                        sluice_action action, uint8_t *bit)
{
    *bit = is_of_forward(action) ? ACTIVATIONS : GRADIENT;
    return &run->arrived[sl_cell(run->proof, stage, action.microbatch)];
}

/* Take the input of an action, or post for it.  Returns false if it has to
 * wait. */
static bool take(struct execution *run, struct queue *input,
                 sluice_action action)
{
    bool posted = run->proof->lowered && !input->of_edge;
    if (posted && !sl_is_hand_off(action)) {
        uint8_t bit;
        return *arrival(run, action.stage, action, &bit) & bit;
    }
    if (!posted && input->taken == input->appended)
        return false;
    input->taken++;
    wake(run, device_of(run, input->producer));
    return true;
}

/* Append the output of an action.  Returns false if it has to wait. */
static bool append(struct execution *run, struct queue *output,
                   sluice_action action)
{
    if (output->appended - output->taken == output->capacity)
        return false;
    output->appended++;
    if (run->proof->lowered && !output->of_edge) {
        uint8_t bit;
        *arrival(run, output->consumer, action, &bit) |= bit;
    }
    wake(run, device_of(run, output->consumer));
    return true;
}

/* Do the action a device stands at, or as much of it as the queues allow.
 * Returns false if it has to wait. */
static bool advance(struct execution *run, int device)
{
    struct device *self = &run->devices[device];
    sluice_action action = action_at(run, device);
    sluice_action first;
    struct queue *queue;
    if (!self->computed && sl_scores_waits(&run->scores, action, &first))
        return false;
    while (!self->computed &&
           (queue = queue_at(run, action, true, self->n_moved))) {
        if (!take(run, queue, action))
            return false;
        self->n_moved++;
    }
    if (!self->computed)
        self->n_moved = 0;
    self->computed = true;
    while ((queue = queue_at(run, action, false, self->n_moved))) {
        if (!append(run, queue, action))
            return false;
        self->n_moved++;
    }
    self->n_moved = 0;
    self->computed = false;
    self->position++;
    bool is_awaited = sl_scores_end(&run->scores, action);
    for (int d = 0; d < run->proof->schedule->n_devices && is_awaited; d++)
        wake(run, d);
    return true;
}

static void execute(struct execution *run)
{
    for (int d = 0; d < run->proof->schedule->n_devices; d++)
        wake(run, d);
    while (run->n_ready) {
        int device = run->worklist[--run->n_ready];
        run->devices[device].ready = false;
        while (!at_end(run, device) && advance(run, device))
            ;
    }
}

/* What gives to a queue, and what takes from it. */
static struct sl_crossing crossing_of(const struct sl_proof *proof,
                                      const struct queue *queue)
{
    if (!queue->of_edge)
        return queue->forward ? sl_activations(proof) : sl_gradients(proof);
    unsigned kinds = queue->forward ? SL_BIT_F : SL_BIT_BACKWARD;
    return (struct sl_crossing){kinds, kinds};
}

/* The action whose taking or appending would let a stopped device go on. */
static sluice_action awaited(const struct execution *run, int device)
{
    const struct sl_proof *proof = run->proof;
    const struct device *self = &run->devices[device];
    sluice_action action = action_at(run, device);
    bool computed = self->computed;
    sluice_action first;
    if (!computed && sl_scores_waits(&run->scores, action, &first))
        return first;
    const struct queue *queue = queue_at(run, action, !computed, self->n_moved);
    struct sl_crossing crossing = crossing_of(proof, queue);
    if (proof->lowered && !computed)
        return sl_listed(proof, crossing.gives, queue->producer,
                         action.microbatch);
    size_t at = sl_cell(proof, queue->consumer, queue->taken);
    int m = queue->forward ? proof->forward[at] : proof->backward[at];
    return computed ? sl_listed(proof, crossing.takes, queue->consumer, m)
                    : sl_listed(proof, crossing.gives, queue->producer, m);
}

static int awaited_device(const struct execution *run, int device)
{
    return device_of(run, awaited(run, device).stage);
}

/* Devices that wait for each other. */
struct cycle {
    int first; /* the lowest of them; -1: there is no cycle */
    int n;
};

/* The cycle that `device` is part of. */
static struct cycle cycle_of(const struct execution *run, int device)
{
    struct cycle cycle = {device, 1};
    for (int d = awaited_device(run, device); d != device;
         d = awaited_device(run, d)) {
        cycle.n++;
        cycle.first = d < cycle.first ? d : cycle.first;
    }
    return cycle;
}

/*
 * The shortest cycle, the lowest of several.  A stopped device waits for
 * another stopped device: by `complete` and `hand-off` a device that reached
 * its end has appended and taken all items, so no other waits for it.  Each
 * device waits for exactly one, so every stopped device is in a cycle or
 * leads to one.  Each device is visited once: the time is linear.
 */
static struct cycle find_cycle(struct execution *run)
{
    struct cycle best = {-1, 0};
    for (int start = 0; start < run->proof->schedule->n_devices; start++) {
        if (at_end(run, start))
            continue;
        int d = start;
        for (; !run->devices[d].walk; d = awaited_device(run, d))
            run->devices[d].walk = start + 1;
        if (run->devices[d].walk != start + 1)
            continue; /* it runs into what an earlier walk has seen */
        struct cycle cycle = cycle_of(run, d);
        if (best.first < 0 || cycle.n < best.n ||
            (cycle.n == best.n && cycle.first < best.first))
            best = cycle;
    }
    return best;
}

/* The full queue that one of them waits at; NULL: none waits for room, and
 * larger queues do not help. */
static const struct queue *full_queue(const struct execution *run,
                                      struct cycle cycle)
{
    int d = cycle.first;
    for (int i = 0; i < cycle.n; i++, d = awaited_device(run, d))
        if (run->devices[d].computed)
            return queue_at(run, action_at(run, d), false,
                            run->devices[d].n_moved);
    return NULL;
}

/* What a device of the cycle waits for; there is room for the largest numbers.
 */
struct wait_text {
    char text[128];
};

static struct wait_text describe(const struct execution *run, int device)
{
    struct wait_text wait;
    snprintf(wait.text, sizeof wait.text,
             "%s at position %d of device %d waits for %s%s",
             sl_name_of(action_at(run, device)).text,
             run->devices[device].position, device,
             sl_name_of(awaited(run, device)).text,
             run->devices[device].computed ? " to take its output" : "");
    return wait;
}

static sluice_status refuse(const struct execution *run, struct cycle cycle)
{
    int first = cycle.first;
    int second = awaited_device(run, first);
    int third = awaited_device(run, second);
    char rest[160] = "";
    char larger[80] = "";
    const struct queue *full = full_queue(run, cycle);
    if (cycle.n == 3)
        snprintf(rest, sizeof rest, "; %s", describe(run, third).text);
    else if (cycle.n > 3)
        snprintf(rest, sizeof rest, "; and so on, through %d devices", cycle.n);
    if (full && full->of_edge)
        snprintf(larger, sizeof larger,
                 ", or enlarge the queues of %d between stages %d and %d",
                 full->capacity, full->producer, full->consumer);
    else if (full)
        snprintf(larger, sizeof larger, ", or enlarge the queues of %d",
                 full->capacity);
    return sl_refuse(run->proof, first, run->devices[first].position,
                     action_at(run, first), "deadlock: %s; %s%s: reorder%s",
                     describe(run, first).text, describe(run, second).text,
                     rest, larger);
}

static sluice_status judge(struct execution *run)
{
    int n = run->proof->schedule->n_stages;
    int capacity = run->proof->capacity;
    for (int s = 0; s < n; s++) {
        run->queues[s] = make_queue(s, s + 1, capacity, false);
        run->queues[n + s] = make_queue(s + 1, s, capacity, false);
    }
    for (int e = 0; e < run->proof->n_edges; e++) {
        const sluice_schedule_edge *edge = &run->proof->edges[e];
        struct queue *queues = &run->queues[2 * (n + e)];
        queues[0] = make_queue(edge->from, edge->to, edge->capacity, true);
        queues[1] = make_queue(edge->to, edge->from, edge->capacity, true);
    }
    execute(run);
    struct cycle cycle = find_cycle(run);
    return cycle.first < 0 ? SLUICE_OK : refuse(run, cycle);
}

sluice_status sl_verify_deadlock(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    size_t n_queues = 2 * (size_t)(proof->schedule->n_stages + proof->n_edges);
    size_t n_devices = (size_t)proof->schedule->n_devices;
    size_t n_arrived = proof->lowered ? proof->n_cells : 1;
    struct execution run = {.proof = proof};
    run.queues = sl_alloc(allocator, n_queues, sizeof *run.queues);
    run.devices = sl_alloc(allocator, n_devices, sizeof *run.devices);
    run.worklist = sl_alloc(allocator, n_devices, sizeof *run.worklist);
    run.arrived = sl_alloc(allocator, n_arrived, sizeof *run.arrived);
    sluice_status st = sl_scores_init(&run.scores, proof);
    st = !st && run.queues && run.devices && run.worklist && run.arrived
             ? judge(&run)
             : sl_no_memory(proof->why, "the proof of a schedule");
    sl_scores_fini(&run.scores);
    sl_free(allocator, run.arrived, n_arrived, sizeof *run.arrived);
    sl_free(allocator, run.worklist, n_devices, sizeof *run.worklist);
    sl_free(allocator, run.devices, n_devices, sizeof *run.devices);
    sl_free(allocator, run.queues, n_queues, sizeof *run.queues);
    return st;
}
