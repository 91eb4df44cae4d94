/*
 * Rule `deadlock`: execute the lists, without time.  A device runs until a
 * queue stops it; whoever appends to or takes from that queue puts it back to
 * work.  What a device can do never depends on how fast the others are, so one
 * order of execution speaks for all.  Each action wakes at most two devices:
 * linear.
 *
 * UPDATEs are not waited for: by `order` they come last on every device, so
 * their barrier opens as soon as every device has come that far.
 */
#include "sched/verify.h"

#include <stdio.h>

#include "base/memory.h"

/* Between stages s and s+1: activations is queue s, gradients n_stages + s. */
struct queue {
    int producer; /* its stages */
    int consumer;
    int appended;
    int taken;
};

struct device {
    int position;
    bool computed; /* the action there has taken its input and computed */
    bool ready;    /* is in the worklist */
};

struct execution {
    const struct sl_proof *proof;
    struct queue *queues; /* [2 * n_stages] */
    struct device devices[SLUICE_MAX_DEVICES];
    int worklist[SLUICE_MAX_DEVICES];
    int n_ready;
};

static int device_of(const struct execution *run, int stage)
{
    return run->proof->schedule->stage_device[stage];
}

static sluice_action action_at(const struct execution *run, int device)
{
    const struct sl_action_list *program = &run->proof->schedule->programs[device];
    return program->actions[run->devices[device].position];
}

static bool at_end(const struct execution *run, int device)
{
    return run->devices[device].position ==
           run->proof->schedule->programs[device].n;
}

/* The queue an action takes from, or NULL. */
static struct queue *input_of(const struct execution *run, sluice_action action)
{
    int s = action.stage;
    unsigned bit = 1u << action.kind;
    if ((bit & SL_BIT_F) && sl_apart(run->proof, s - 1))
        return &run->queues[s - 1];
    if ((bit & SL_BIT_BACKWARD) && sl_apart(run->proof, s))
        return &run->queues[run->proof->schedule->n_stages + s];
    return NULL;
}

/* The queue an action appends to, or NULL. */
static struct queue *output_of(const struct execution *run,
                               sluice_action action)
{
    int s = action.stage;
    unsigned bit = 1u << action.kind;
    if ((bit & SL_BIT_F) && sl_apart(run->proof, s))
        return &run->queues[s];
    if ((bit & SL_BIT_BACKWARD) && sl_apart(run->proof, s - 1))
        return &run->queues[run->proof->schedule->n_stages + s - 1];
    return NULL;
}

static void wake(struct execution *run, int device)
{
    if (run->devices[device].ready)
        return;
    run->devices[device].ready = true;
    run->worklist[run->n_ready++] = device;
}

/* Do the action a device stands at, or as much of it as the queues allow.
 * Returns false if it has to wait. */
static bool advance(struct execution *run, int device)
{
    struct device *self = &run->devices[device];
    sluice_action action = action_at(run, device);
    struct queue *input = input_of(run, action);
    struct queue *output = output_of(run, action);
    if (input && !self->computed) {
        if (input->taken == input->appended)
            return false;
        input->taken++;
        wake(run, device_of(run, input->producer));
    }
    self->computed = true;
    if (output) {
        if (output->appended - output->taken == run->proof->capacity)
            return false;
        output->appended++;
        wake(run, device_of(run, output->consumer));
    }
    self->computed = false;
    self->position++;
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

/* The action whose taking or appending would let a stopped device go on. */
static sluice_action awaited(const struct execution *run, int device)
{
    const struct sl_proof *proof = run->proof;
    sluice_action action = action_at(run, device);
    bool computed = run->devices[device].computed;
    const struct queue *queue =
        computed ? output_of(run, action) : input_of(run, action);
    int stage = computed ? queue->consumer : queue->producer;
    size_t at = sl_cell(proof, stage, queue->taken);
    if (action.kind == SLUICE_F)
        return (sluice_action){SLUICE_F, stage, proof->forward[at]};
    int m = proof->backward[at];
    bool full = proof->listed[sl_cell(proof, stage, m)] & SL_BIT_B;
    return (sluice_action){full ? SLUICE_B : SLUICE_I, stage, m};
}

static int awaited_device(const struct execution *run, int device)
{
    return device_of(run, awaited(run, device).stage);
}

/* The devices from `device` on to itself, or more than there are if it only
 * waits for a circle. */
static int circle_length(const struct execution *run, int device)
{
    int n = 1;
    int max = run->proof->schedule->n_devices;
    for (int d = awaited_device(run, device); d != device && n <= max; n++)
        d = awaited_device(run, d);
    return n;
}

/* A device of the shortest circle, or -1 if all reached their end.  A stopped
 * device waits for another stopped one: by `complete` and `hand-off` one that
 * reached its end has appended and taken all there is. */
static int find_circle(const struct execution *run)
{
    int best = -1;
    int shortest = SLUICE_MAX_DEVICES + 1;
    for (int d = 0; d < run->proof->schedule->n_devices; d++) {
        if (at_end(run, d))
            continue;
        int n = circle_length(run, d);
        if (n < shortest) {
            shortest = n;
            best = d;
        }
    }
    return best;
}

/* One device of the circle; long enough for the largest numbers. */
struct link {
    char text[104];
};

static struct link describe(const struct execution *run, int device)
{
    struct link link;
    snprintf(link.text, sizeof link.text,
             "%s at position %d of device %d waits for %s%s",
             sl_name_of(action_at(run, device)).text,
             run->devices[device].position, device,
             sl_name_of(awaited(run, device)).text,
             run->devices[device].computed ? " to take its output" : "");
    return link;
}

static sluice_status refuse(const struct execution *run, int first)
{
    int n = circle_length(run, first);
    int second = awaited_device(run, first);
    int third = awaited_device(run, second);
    char rest[128] = "";
    if (n == 3)
        snprintf(rest, sizeof rest, "; %s", describe(run, third).text);
    else if (n > 3)
        snprintf(rest, sizeof rest, "; and so on, through %d devices", n);
    return sl_refuse(run->proof, first, action_at(run, first),
                     "deadlock: %s; %s%s: reorder, or enlarge the queues of "
                     "%d",
                     describe(run, first).text, describe(run, second).text,
                     rest, run->proof->capacity);
}

sluice_status sl_verify_deadlock(struct sl_proof *proof)
{
    const sluice_allocator *allocator = proof->schedule->allocator;
    int n = proof->schedule->n_stages;
    struct execution run = {.proof = proof};
    run.queues = sl_alloc(allocator, 2 * (size_t)n, sizeof *run.queues);
    if (!run.queues)
        return sl_no_memory(proof->why, "the proof of a schedule");
    for (int s = 0; s < n; s++) {
        run.queues[s] = (struct queue){.producer = s, .consumer = s + 1};
        run.queues[n + s] = (struct queue){.producer = s + 1, .consumer = s};
    }
    execute(&run);
    int stopped = find_circle(&run);
    sluice_status st = stopped < 0 ? SLUICE_OK : refuse(&run, stopped);
    sl_free(allocator, run.queues, 2 * (size_t)n, sizeof *run.queues);
    return st;
}
