/* Schedules with jitter.  Any thread. */
#include "bench/jitter/jittered.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* SplitMix64's finalizer (Steele et al., 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static int64_t cost_of(const struct jitter *jitter, sluice_action action)
{
    static const int units[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 1, [SLUICE_I] = 1, [SLUICE_W] = 1,
        [SLUICE_R] = 1, [SLUICE_B] = 2,
    };
    uint64_t drawn =
        mix(mix(mix(jitter->seed) ^ (uint64_t)action.stage) ^
            ((uint64_t)action.kind << 32 | (uint32_t)action.microbatch));
    double around = (double)(drawn >> 11) * 0x1p-52 - 1;
    double ns = (double)units[action.kind] * JITTER_NS;
    return llround(ns * (1 + jitter->share * around));
}

sluice_status jittered_simulate(const sluice_schedule *schedule,
                                const struct jitter *jitter,
                                sluice_simulation **out, sluice_diag *why)
{
    const int64_t *lists[SLUICE_MAX_DEVICES];
    int n, n_devices = sluice_schedule_n_devices(schedule);
    size_t total = 0;
    for (int d = 0; d < n_devices; d++) {
        sluice_schedule_actions(schedule, d, &n);
        total += (size_t)n;
    }
    int64_t *costs = calloc(total, sizeof *costs), *at = costs;
    if (!costs)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %zu actions",
                               total);
    for (int d = 0; d < n_devices; d++) {
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        lists[d] = at;
        for (int i = 0; i < n; i++)
            *at++ = cost_of(jitter, actions[i]);
    }
    const sluice_simulate_config config = {.action_costs_ns = lists};
    sluice_status st = sluice_simulate(schedule, &config, out, why);
    free(costs);
    return st;
}

/* An R for which something else may come first. */
struct choice {
    int device;
    int at;   /* its position */
    int next; /* that of the F */
    int64_t start_ns;
};

/* When an action of a stage on another device ends; -1: there is none. */
static int64_t end_of(const sluice_schedule *schedule, const sluice_trace *run,
                      int stage, int microbatch, bool back)
{
    if (stage < 0 || stage >= sluice_schedule_n_stages(schedule))
        return -1;
    int d = sluice_schedule_stage_device(schedule, stage);
    for (int i = 0; i < run->n_events[d]; i++) {
        const sluice_trace_event *event = &run->events[d][i];
        int kind = event->action.kind;
        if (event->action.stage == stage &&
            event->action.microbatch == microbatch &&
            (back ? kind == SLUICE_B || kind == SLUICE_I : kind == SLUICE_F))
            return event->end_ns;
    }
    return -1;
}

static int next_forward(const sluice_trace *run, int device, int at)
{
    while (at < run->n_events[device] &&
           run->events[device][at].action.kind != SLUICE_F)
        at++;
    return at < run->n_events[device] ? at : -1;
}

/* The first choice of a device from a position on. */
static bool find_choice(const sluice_schedule *schedule,
                        const sluice_trace *run, int device, int from,
                        struct choice *choice)
{
    for (int i = from; i < run->n_events[device]; i++) {
        const sluice_trace_event *event = &run->events[device][i];
        int next = next_forward(run, device, i);
        if (event->action.kind != SLUICE_R)
            continue;
        if (next < 0)
            return false;
        sluice_action forward = run->events[device][next].action;
        /* When the device is free for the R. */
        int64_t now = i ? run->events[device][i - 1].end_ns : 0;
        if (end_of(schedule, run, event->action.stage + 1,
                   event->action.microbatch, true) <= now ||
            end_of(schedule, run, forward.stage - 1, forward.microbatch,
                   false) > now)
            continue;
        *choice = (struct choice){device, i, next, now};
        return true;
    }
    return false;
}

/* Copy a schedule, the F of a choice in front of its R. */
static sluice_status move(const sluice_schedule *schedule,
                          const struct choice *choice, sluice_schedule **out,
                          sluice_diag *why)
{
    int places[SLUICE_MAX_STAGES];
    int n_stages = sluice_schedule_n_stages(schedule);
    for (int s = 0; s < n_stages; s++)
        places[s] = sluice_schedule_stage_device(schedule, s);
    sluice_status st = sluice_schedule_create(
        sluice_schedule_n_devices(schedule), n_stages,
        sluice_schedule_n_microbatches(schedule), places, NULL, out, why);
    if (st)
        return st;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n && !st; i++) {
            int from = i;
            if (d == choice->device && i == choice->at)
                from = choice->next;
            else if (d == choice->device && i > choice->at && i <= choice->next)
                from = i - 1;
            st = sluice_schedule_append(*out, d, actions[from], why);
        }
    }
    if (st)
        sluice_schedule_destroy(*out);
    return st;
}

/* The earliest choice of all devices, `from` being where each looks on. */
static bool find_earliest(const sluice_schedule *schedule,
                          const sluice_trace *run, const int *from,
                          struct choice *choice)
{
    bool found = false;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        struct choice other;
        if (find_choice(schedule, run, d, from[d], &other) &&
            (!found || other.start_ns < choice->start_ns)) {
            *choice = other;
            found = true;
        }
    }
    return found;
}

/* Make the earliest choice; `*more` is false if there was none. */
static sluice_status choose(sluice_schedule **schedule,
                            const struct jitter *jitter, int *from, bool *more,
                            sluice_diag *why)
{
    sluice_simulation *simulation;
    struct choice choice;
    sluice_status st = jittered_simulate(*schedule, jitter, &simulation, why);
    if (st)
        return st;
    *more = find_earliest(*schedule, sluice_simulation_trace(simulation), from,
                          &choice);
    sluice_simulation_destroy(simulation);
    if (!*more)
        return SLUICE_OK;
    from[choice.device] = choice.at + 1;
    sluice_schedule *moved;
    st = move(*schedule, &choice, &moved, why);
    if (st)
        return st;
    const sluice_verify_config rules = {0};
    if (sluice_schedule_verify(moved, &rules, NULL, NULL)) {
        sluice_schedule_destroy(moved); /* the queue has no room */
        return SLUICE_OK;
    }
    sluice_schedule_destroy(*schedule);
    *schedule = moved;
    return SLUICE_OK;
}

sluice_status jittered_opportune(const sluice_schedule *schedule,
                                 const struct jitter *jitter,
                                 sluice_schedule **out, sluice_diag *why)
{
    int from[SLUICE_MAX_DEVICES] = {0};
    const struct choice none = {.device = -1};
    bool more = true;
    sluice_schedule *chosen;
    sluice_status st = move(schedule, &none, &chosen, why);
    while (!st && more) {
        st = choose(&chosen, jitter, from, &more, why);
        if (st)
            sluice_schedule_destroy(chosen);
    }
    if (!st)
        *out = chosen;
    return st;
}
