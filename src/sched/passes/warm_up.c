/* Warm-up slack: forwards further ahead of the backwards. */
#include <sluice/schedule_passes.h>

#include "sched/passes/pass.h"

enum { STEPS = 16 /* as the header says */ };

struct slack {
    const int *of_device;
    int most; /* for all */
};

static bool is_backward(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

/* The next F of a list at or after `at`; `*passed` counts the backwards before
 * it. */
static int next_forward(const struct sl_action_list *list, int at, int *passed)
{
    for (; at < list->n && list->actions[at].kind != SLUICE_F; at++)
        *passed += is_backward(list->actions[at]);
    return at;
}

/* The other actions in their order; before each backward, the forwards that
 * stood up to `slack` backwards further on. */
static sluice_status copy_device(const void *context,
                                 const sluice_schedule *schedule, int device,
                                 sluice_schedule *out, sluice_diag *why)
{
    const struct slack *of = context;
    const struct sl_action_list *list = &schedule->programs[device];
    int slack =
        of->of_device[device] < of->most ? of->of_device[device] : of->most;
    int passed = 0, done = 0; /* backwards before `forward`, and put already */
    int forward = next_forward(list, 0, &passed);
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < list->n && !st; i++) {
        sluice_action action = list->actions[i];
        while (
            forward < list->n && !st &&
            (forward <= i || (is_backward(action) && passed <= done + slack))) {
            st = sluice_schedule_append(out, device, list->actions[forward],
                                        why);
            forward = next_forward(list, forward + 1, &passed);
        }
        if (action.kind != SLUICE_F && !st)
            st = sluice_schedule_append(out, device, action, why);
        done += is_backward(action);
    }
    return st;
}

static bool has_backwards(const sluice_schedule *schedule)
{
    for (int d = 0; d < schedule->n_devices; d++)
        for (int i = 0; i < schedule->programs[d].n; i++)
            if (is_backward(schedule->programs[d].actions[i]))
                return true;
    return false;
}

static sluice_status check(const sluice_schedule *schedule, const int *slack,
                           int *most, sluice_diag *why)
{
    *most = 0;
    for (int d = 0; d < schedule->n_devices; d++) {
        if (slack[d] < 0)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "a slack of %d for device %d: give at "
                                   "least 0",
                                   slack[d], d);
        *most = slack[d] > *most ? slack[d] : *most;
    }
    /* No forward has more backwards before it. */
    long all = (long)schedule->n_stages * (long)schedule->n_microbatches;
    *most = *most > all ? (int)all : *most;
    return SLUICE_OK;
}

/* Move by no more than `most`; replaces *out by the result if that can run. */
static sluice_status attempt(const sluice_schedule *schedule,
                             const struct slack *slack, int queue_capacity,
                             sluice_schedule **out, sluice_diag *why)
{
    const sluice_verify_config config = {
        .queue_capacity = queue_capacity,
        .forward_only = !has_backwards(schedule),
    };
    sluice_schedule *moved;
    sluice_status st = sl_pass(schedule, copy_device, slack, &moved, why);
    if (st)
        return st;
    st = sluice_schedule_verify(moved, &config, NULL, why);
    if (st) {
        sluice_schedule_destroy(moved);
        return st;
    }
    sluice_schedule_destroy(*out);
    *out = moved;
    return SLUICE_OK;
}

/* Lower the bound one by one, as long as that is quick: more slack may run
 * where less does not, so nothing else finds the most that can. */
static sluice_status count_down(const sluice_schedule *schedule,
                                struct slack *slack, int queue_capacity,
                                sluice_schedule **out, sluice_diag *why)
{
    sluice_status st = SLUICE_SCHEDULE;
    for (int i = 0; i <= STEPS && st == SLUICE_SCHEDULE; i++) {
        st = attempt(schedule, slack, queue_capacity, out, why);
        if (st != SLUICE_SCHEDULE || slack->most == 0)
            break;
        slack->most--;
    }
    return st;
}

/* Below, find one that can run where one more cannot, by halves: a schedule of
 * many micro-batches has as many. */
static sluice_status halve(const sluice_schedule *schedule, struct slack *slack,
                           int queue_capacity, sluice_schedule **out,
                           sluice_diag *why)
{
    int fails = slack->most + 1, runs = 0;
    slack->most = 0;
    sluice_status st = attempt(schedule, slack, queue_capacity, out, why);
    while (!st && fails - runs > 1) {
        slack->most = runs + (fails - runs) / 2;
        st = attempt(schedule, slack, queue_capacity, out, why);
        *(st ? &fails : &runs) = slack->most;
        if (st == SLUICE_SCHEDULE)
            st = SLUICE_OK;
    }
    return st;
}

sluice_status sluice_schedule_warm_up(const sluice_schedule *schedule,
                                      const int *slack, int queue_capacity,
                                      sluice_schedule **out, sluice_diag *why)
{
    struct slack held = {.of_device = slack};
    sluice_schedule *found = NULL;
    sluice_status st = sl_refuse_placed(schedule, "warm it up", why);
    if (!st)
        st = check(schedule, slack, &held.most, why);
    if (!st)
        st = count_down(schedule, &held, queue_capacity, &found, why);
    if (st == SLUICE_SCHEDULE)
        st = halve(schedule, &held, queue_capacity, &found, why);
    if (st)
        sluice_schedule_destroy(found);
    else
        *out = found;
    return st;
}
