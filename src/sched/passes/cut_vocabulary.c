/*
 * Vocabulary parallelism (Yeung et al., MLSys 2025, with one barrier): where
 * the S and T of each device go.
 *
 * The lists are executed on a clock.  Between two actions a device runs an S
 * whose input is there; else a T whose inputs are there; else its next action.
 * All other actions keep their order.  Since S runs on all devices at the same
 * time, and the backward of the last stage waits for it, a schedule in which
 * that backward follows its forward at once waits there in every cycle.  So two
 * results are compared: of the schedule as it is, and of one whose forwards are
 * one backward further ahead.  The shorter one is taken, the first if they are
 * equal.
 */
#include <sluice/schedule_passes.h>

#include "base/memory.h"
#include "sched/passes/pass.h"
#include "sched/passes/vocabulary_walk.h"

static sluice_status check(const sluice_schedule *schedule,
                           const sluice_vocabulary_config *config,
                           sluice_diag *why)
{
    if (schedule->n_copies > 1 || sluice_schedule_n_updates(schedule) > 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a vocabulary is cut for one copy of the model "
                               "and one update, and there are %d copies and "
                               "%d updates of a stage; use a synchronous "
                               "schedule of one copy, as 1f1b or zb-v, or do "
                               "not cut it",
                               schedule->n_copies,
                               sluice_schedule_n_updates(schedule));
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++)
            if (schedule->programs[d].actions[i].kind == SLUICE_S)
                return sluice_diag_set(why, SLUICE_INVALID,
                                       "the schedule cuts the vocabulary "
                                       "already: start from one without S");
    if (config->costs_ns && config->stage_costs_ns)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "costs for all stages and costs of each: give "
                               "one of them");
    size_t n = config->stage_costs_ns ? (size_t)schedule->n_stages : 1;
    const int64_t *costs =
        config->stage_costs_ns ? config->stage_costs_ns : config->costs_ns;
    int64_t most = INT64_MAX / SLUICE_N_ACTION_KINDS / SLUICE_MAX_STAGES /
                   SLUICE_MAX_MICROBATCHES;
    for (size_t i = 0; i < n * SLUICE_N_ACTION_KINDS && costs; i++)
        if (costs[i] < 0 || costs[i] > most)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "an action costs %lld ns: give 0 to %lld",
                                   (long long)costs[i], (long long)most);
    return sl_refuse_placed(schedule, "cut its vocabulary", why);
}

/* The schedule with its forwards one backward further ahead; NULL if it cannot
 * run so, or has no backwards. */
static sluice_status move_ahead(const sluice_schedule *schedule, int capacity,
                                sluice_schedule **out, sluice_diag *why)
{
    size_t k = (size_t)schedule->n_devices;
    *out = NULL;
    if (sl_schedule_is_forward(schedule))
        return SLUICE_OK;
    int *slack = sl_alloc(schedule->allocator, k, sizeof *slack);
    if (!slack)
        return sl_no_memory(why, "the places of S and T");
    for (size_t d = 0; d < k; d++)
        slack[d] = 1;
    sluice_status st =
        sluice_schedule_warm_up(schedule, slack, capacity, out, why);
    sl_free(schedule->allocator, slack, k, sizeof *slack);
    return st;
}

/* A schedule with S and T, and when its last action ends. */
struct candidate {
    sluice_schedule *schedule;
    int64_t end;
};

/* Insert S and T, and prove the result. */
static sluice_status propose(const sluice_schedule *schedule,
                             struct sl_prices prices,
                             const sluice_verify_config *rules,
                             struct candidate *out, sluice_diag *why)
{
    int capacity =
        rules->queue_capacity ? rules->queue_capacity : SLUICE_QUEUE_CAPACITY;
    sluice_status st = sl_vocabulary_insert(schedule, prices, capacity,
                                            &out->schedule, &out->end, why);
    if (st)
        return st;
    st = sluice_schedule_verify(out->schedule, rules, NULL, why);
    if (st)
        sluice_schedule_destroy(out->schedule);
    return st;
}

/* The shorter of the two that pass the verifier, the first if they are equal.
 */
static sluice_status place(const sluice_schedule *schedule,
                           const sluice_schedule *ahead,
                           struct sl_prices prices,
                           const sluice_verify_config *rules,
                           sluice_schedule **out, sluice_diag *why)
{
    struct candidate here, there;
    sluice_status st = propose(schedule, prices, rules, &here, why);
    if ((st && st != SLUICE_SCHEDULE) || !ahead) {
        *out = here.schedule;
        return st;
    }
    sluice_status other =
        propose(ahead, prices, rules, &there, st ? why : NULL);
    if (other && other != SLUICE_SCHEDULE) {
        if (!st)
            sluice_schedule_destroy(here.schedule);
        return sluice_diag_set(why, other, "out of memory for S and T");
    }
    if (other || (!st && here.end <= there.end)) {
        if (!other)
            sluice_schedule_destroy(there.schedule);
        *out = here.schedule;
        return st;
    }
    if (!st)
        sluice_schedule_destroy(here.schedule);
    *out = there.schedule;
    return SLUICE_OK;
}

sluice_status sluice_schedule_vocabulary(const sluice_schedule *schedule,
                                         const sluice_vocabulary_config *config,
                                         sluice_schedule **out,
                                         sluice_diag *why)
{
    static const int64_t unit[SLUICE_N_ACTION_KINDS] = {
        [SLUICE_F] = 6, [SLUICE_B] = 12, [SLUICE_I] = 6, [SLUICE_W] = 6,
        [SLUICE_R] = 6, [SLUICE_S] = 2,  [SLUICE_T] = 1,
    };
    const struct sl_prices prices = {
        .costs_ns = config->stage_costs_ns ? config->stage_costs_ns
                    : config->costs_ns     ? config->costs_ns
                                           : unit,
        .stride = config->stage_costs_ns ? SLUICE_N_ACTION_KINDS : 0,
    };
    sluice_verify_config rules = {
        .queue_capacity = config->queue_capacity,
        .forward_only = sl_schedule_is_forward(schedule),
    };
    sluice_schedule *ahead, *made = NULL;
    sluice_status st = check(schedule, config, why);
    if (!st)
        st = sluice_schedule_verify(schedule, &rules, NULL, why);
    if (!st)
        st = move_ahead(schedule, config->queue_capacity, &ahead, why);
    if (st)
        return st;
    st = place(schedule, ahead, prices, &rules, &made, why);
    sluice_schedule_destroy(ahead);
    if (!st)
        *out = made;
    return st;
}
