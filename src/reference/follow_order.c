/*
 * The order in which a schedule adds up gradients.  Any thread; following it:
 * the caller's.
 *
 * Ascending and descending orders need no list, and hold for copies of the
 * model too, each of which takes some of the micro-batches.  Any other order
 * must be that of all stages, one micro-batch after the other.
 */
#include "reference/follow_order.h"

#include "reference/reference.h"

/* The micro-batches that stages have come to, and which ways they went. */
struct ways {
    int last[SLUICE_MAX_STAGES]; /* -1: none yet */
    bool up;
    bool down;
};

/* Whether an action adds to the gradients of its stage. */
static bool adds(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_W;
}

static void look_at_device(const sluice_schedule *schedule, int device,
                           struct ways *ways)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++) {
        sluice_action action = actions[i];
        if (!adds(action))
            continue;
        int *last = &ways->last[action.stage];
        if (*last >= 0 && action.microbatch > *last)
            ways->up = true;
        else if (*last >= 0)
            ways->down = true;
        *last = action.microbatch;
    }
}

static struct ways ways_of(const sluice_schedule *schedule)
{
    struct ways ways = {.up = false};
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        ways.last[s] = -1;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++)
        look_at_device(schedule, d, &ways);
    return ways;
}

/* The n-th micro-batch whose gradient a stage adds. */
static int nth_of(const sluice_schedule *schedule, int stage, int n)
{
    int n_actions;
    const sluice_action *actions = sluice_schedule_actions(
        schedule, sluice_schedule_stage_device(schedule, stage), &n_actions);
    for (int i = 0; i < n_actions; i++)
        if (adds(actions[i]) && actions[i].stage == stage && n-- == 0)
            return actions[i].microbatch;
    return -1;
}

/* Whether two stages add in one order: their lists, side by side. */
static bool agree(const sluice_schedule *schedule, int stage, int other)
{
    int n[2], at[2] = {0, 0};
    const int stages[2] = {stage, other};
    const sluice_action *lists[2];
    for (int k = 0; k < 2; k++)
        lists[k] = sluice_schedule_actions(
            schedule, sluice_schedule_stage_device(schedule, stages[k]), &n[k]);
    for (;;) {
        for (int k = 0; k < 2; k++)
            while (at[k] < n[k] && !(adds(lists[k][at[k]]) &&
                                     lists[k][at[k]].stage == stages[k]))
                at[k]++;
        if (at[0] == n[0] || at[1] == n[1])
            return at[0] == n[0] && at[1] == n[1];
        if (lists[0][at[0]++].microbatch != lists[1][at[1]++].microbatch)
            return false;
    }
}

static bool is_mixed(struct ways ways)
{
    return ways.up && ways.down;
}

sluice_status sluice_reference_order(const sluice_schedule *schedule,
                                     sluice_backward_order *order,
                                     sluice_diag *why)
{
    struct ways ways = ways_of(schedule);
    bool one = sluice_schedule_n_copies(schedule) == 1 &&
               sluice_schedule_n_updates(schedule) <= 1;
    for (int s = 1; s < sluice_schedule_n_stages(schedule) && one; s++)
        one = !is_mixed(ways) || agree(schedule, 0, s);
    if (is_mixed(ways) && !one)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "the stages add up the gradients of the micro-batches in different "
            "orders, or copies or updates of the model in one that is neither "
            "ascending nor descending: there is no reference with the same "
            "bits");
    *order = ways.up ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    return SLUICE_OK;
}

bool sl_reference_is_listed(const sluice_schedule *schedule)
{
    return is_mixed(ways_of(schedule));
}

sluice_status sl_reference_follow_order(sluice_reference *ref,
                                        const sluice_schedule *schedule,
                                        sluice_diag *why)
{
    sluice_backward_order order;
    sluice_status st = sluice_reference_order(schedule, &order, why);
    if (st)
        return st;
    struct ways ways = ways_of(schedule);
    if (ways.up || ways.down) /* one micro-batch has any order */
        ref->in_order = ways.up;
    if (!is_mixed(ways))
        return SLUICE_OK;
    int *listed = sl_reference_take(ref, ref->microbatches, sizeof *listed);
    if (!listed)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the order of the backwards");
    for (int i = 0; i < ref->microbatches; i++)
        listed[i] = nth_of(schedule, 0, i);
    ref->listed = listed;
    return SLUICE_OK;
}
