/*
 * A step executed again by the simulator.  Any thread.
 *
 * The trace is turned into a schedule: each device's events, in order, are its
 * list.  The duration of each event becomes the cost of its action.  Then the
 * simulator executes it with another queue capacity, or with the CPU times in
 * place of the durations.  A trace that is not a schedule that can run (or is
 * too long) has no replay: its makespan is 0, which is not an error.
 */
#include "attribution/replay.h"

#include <math.h>

#include <sluice/simulate.h>

#include "base/memory.h"

enum { MOST_EVENTS = 1 << 20 };

/* Whether a schedule has such actions. */
static bool is_listed(sluice_action action)
{
    return action.kind < SLUICE_REDUCE_GRAD;
}

static sluice_status append(sluice_schedule *schedule, int device,
                            sluice_action action, sluice_diag *why)
{
    /* A trace tells which version an UPDATE made; a schedule need not. */
    if (action.kind == SLUICE_UPDATE)
        action.version = 0;
    return sluice_schedule_append(schedule, device, action, why);
}

/* The schedule that the trace shows, or what it lacks to be one. */
static sluice_status find_schedule(const struct sl_index *index,
                                   sluice_schedule **out, sluice_diag *why)
{
    const sluice_trace *trace = index->trace;
    if (!index->n_stages || !index->n_microbatches)
        return SLUICE_INVALID;
    sluice_schedule *schedule;
    sluice_status st = sluice_schedule_create_copies(
        trace->n_devices, index->n_stages, index->n_stages / index->depth,
        index->n_microbatches, index->device, index->allocator, &schedule, why);
    if (st)
        return st;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d] && !st; i++)
            if (is_listed(trace->events[d][i].action))
                st = append(schedule, d, trace->events[d][i].action, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status allocate(struct sl_replay *replay, sluice_diag *why)
{
    const struct sl_index *index = replay->index;
    const sluice_allocator *allocator = index->allocator;
    size_t n = (size_t)index->trace->n_devices;
    replay->costs = sl_alloc(allocator, replay->n_costs, sizeof(int64_t));
    replay->rows = sl_alloc(allocator, n, sizeof *replay->rows);
    replay->hand_off_ns = sl_alloc(allocator, n, sizeof(double));
    if (!replay->costs || !replay->rows || !replay->hand_off_ns)
        return sl_no_memory(why, "a step to execute again");
    int64_t *next = replay->costs;
    for (size_t d = 0; d < n; d++) {
        replay->rows[d] = next;
        next += index->trace->n_events[d];
    }
    return SLUICE_OK;
}

sluice_status sl_replay_init(struct sl_replay *replay,
                             const struct sl_index *index, bool cells_sleep,
                             sluice_diag *why)
{
    *replay = (struct sl_replay){.index = index, .cells_sleep = cells_sleep};
    for (int d = 0; d < index->trace->n_devices; d++)
        replay->n_costs += (size_t)index->trace->n_events[d];
    if (replay->n_costs > MOST_EVENTS)
        return SLUICE_OK;
    sluice_status st = find_schedule(index, &replay->schedule, why);
    if (st) /* no error of the trace */
        return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
    st = allocate(replay, why);
    if (st)
        sl_replay_fini(replay);
    return st;
}

void sl_replay_fini(struct sl_replay *replay)
{
    const sluice_allocator *allocator = replay->index->allocator;
    size_t n = (size_t)replay->index->trace->n_devices;
    sl_free(allocator, replay->hand_off_ns, n, sizeof(double));
    sl_free(allocator, replay->rows, n, sizeof *replay->rows);
    sl_free(allocator, replay->costs, replay->n_costs, sizeof(int64_t));
    sluice_schedule_destroy(replay->schedule);
}

void sl_replay_hand_off(struct sl_replay *replay, int device, int64_t ns)
{
    const sluice_trace *trace = replay->index->trace;
    int n = 0;
    for (int i = 0; i < trace->n_events[device]; i++)
        n += sl_way_of(trace->events[device][i].action) != SL_NO_WAY;
    if (replay->schedule && n)
        replay->hand_off_ns[device] = (double)ns / n;
}

static void set_costs(const struct sl_replay *replay, bool own_cores)
{
    const sluice_trace *trace = replay->index->trace;
    for (int d = 0; d < trace->n_devices; d++) {
        int64_t *next = replay->rows[d];
        int64_t hand_off = llround(replay->hand_off_ns[d]);
        for (int i = 0; i < trace->n_events[d]; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            bool sleeps = replay->cells_sleep || !sl_computes(e->action);
            if (!is_listed(e->action))
                continue;
            *next = sl_own_ns(e, sleeps || !own_cores);
            *next++ += sl_way_of(e->action) == SL_NO_WAY ? 0 : hand_off;
        }
    }
}

sluice_status sl_replay(struct sl_replay *replay, int capacity, bool own_cores,
                        int64_t *makespan_ns, sluice_diag *why)
{
    *makespan_ns = 0;
    if (!replay->schedule)
        return SLUICE_OK;
    const sluice_simulate_config config = {
        .action_costs_ns = (const int64_t *const *)replay->rows,
        .queue_capacity = capacity,
        .no_events = true,
        .allocator = replay->index->allocator,
    };
    sluice_simulation *simulation;
    sluice_time_share all;
    set_costs(replay, own_cores);
    sluice_status st =
        sluice_simulate(replay->schedule, &config, &simulation, why);
    if (st) /* no error of the trace */
        return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
    sluice_simulation_account(simulation, NULL, &all);
    *makespan_ns = all.makespan_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

/* Whether an event makes, or takes, what goes `way` at `stage`. */
static bool passes(const sluice_trace_event *e, enum sl_way way, int stage)
{
    return e->action.stage == stage && sl_way_of(e->action) == way;
}

/* The most that the queue from stage `from` to `to` held as a producer ended.
 */
static int fullest(const struct sl_index *index, enum sl_way way, int from,
                   int to)
{
    const sluice_trace *trace = index->trace;
    int producer = index->device[from], consumer = index->device[to];
    int most = 0, given = 0, taken = 0, next = 0;
    for (int i = 0; i < trace->n_events[producer]; i++) {
        const sluice_trace_event *e = &trace->events[producer][i];
        if (!passes(e, way, from))
            continue;
        for (; next < trace->n_events[consumer] &&
               trace->events[consumer][next].start_ns <= e->end_ns;
             next++)
            taken += passes(&trace->events[consumer][next], way, to);
        if (given - taken > most)
            most = given - taken;
        given++;
    }
    return most;
}

int sl_replay_capacity(const struct sl_replay *replay)
{
    const struct sl_index *index = replay->index;
    int most = 1;
    for (int s = 0; s + 1 < index->n_stages; s++) {
        if ((s + 1) % index->depth == 0 ||
            index->device[s] == index->device[s + 1])
            continue;
        int there = fullest(index, SL_FORWARD, s, s + 1);
        int back = fullest(index, SL_BACKWARD, s + 1, s);
        most = there > most ? there : most;
        most = back > most ? back : most;
    }
    return most;
}
