/* The order in which a schedule adds up gradients.  Any thread. */
#include "reference/reference.h"

/* The micro-batches that stages have come to, and which ways they went. */
struct ways {
    int last[SLUICE_MAX_STAGES]; /* -1: none yet */
    bool up;
    bool down;
};

static void look_at_device(const sluice_schedule *schedule, int device,
                           struct ways *ways)
{
    int n;
    const sluice_action *actions =
        sluice_schedule_actions(schedule, device, &n);
    for (int i = 0; i < n; i++) {
        sluice_action action = actions[i];
        if (action.kind != SLUICE_B && action.kind != SLUICE_W)
            continue;
        int *last = &ways->last[action.stage];
        if (*last >= 0 && action.microbatch > *last)
            ways->up = true;
        else if (*last >= 0)
            ways->down = true;
        *last = action.microbatch;
    }
}

sluice_status sluice_reference_order(const sluice_schedule *schedule,
                                     sluice_backward_order *order,
                                     sluice_diag *why)
{
    struct ways ways = {.up = false};
    for (int s = 0; s < SLUICE_MAX_STAGES; s++)
        ways.last[s] = -1;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++)
        look_at_device(schedule, d, &ways);
    if (ways.up && ways.down)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "the gradients of the micro-batches are added up in an order that "
            "is neither ascending nor descending: there is no reference with "
            "the same bits");
    *order = ways.up ? SLUICE_IN_ORDER : SLUICE_REVERSE;
    return SLUICE_OK;
}
