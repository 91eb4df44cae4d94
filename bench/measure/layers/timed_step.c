/* Schedules of steps that are timed.  Any thread. */
#include "bench/measure/layers/timed_step.h"

/* The layers of a device. */
struct portion {
    int device;
    int first;
    int end;
};

static int device_of(const struct timed_step *step, int layer)
{
    return (int)((int64_t)layer * step->devices / step->n_layers);
}

static struct portion portion_of(const struct timed_step *step, int device)
{
    struct portion portion = {.device = device};
    while (device_of(step, portion.first) < device)
        portion.first++;
    portion.end = portion.first;
    while (portion.end < step->n_layers &&
           device_of(step, portion.end) == device)
        portion.end++;
    return portion;
}

static sluice_status append(sluice_schedule *schedule, int device,
                            sluice_action_kind kind, int stage, int microbatch,
                            sluice_diag *why)
{
    return sluice_schedule_append(
        schedule, device, (sluice_action){kind, stage, microbatch}, why);
}

/* An R leaves the layer's weights and activations in the caches, so that the
 * backward behind it takes less than others: one micro-batch has R's, the first
 * to go back, which does not count. */
static bool recomputes(const struct timed_step *step, int microbatch)
{
    return step->recomputes && step->backwards != TIMED_WHOLE &&
           step->n_microbatches > 1 && microbatch == 0;
}

static bool is_whole(const struct timed_step *step, int microbatch)
{
    return step->backwards == TIMED_WHOLE ||
           (step->backwards == TIMED_MIXED &&
            microbatch >= step->n_microbatches / 2);
}

static sluice_status append_forward(sluice_schedule *schedule,
                                    struct portion portion, int microbatch,
                                    sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = portion.first; s < portion.end && !st; s++)
        st = append(schedule, portion.device, SLUICE_F, s, microbatch, why);
    return st;
}

static sluice_status append_backward(sluice_schedule *schedule,
                                     const struct timed_step *step,
                                     struct portion portion, int microbatch,
                                     sluice_diag *why)
{
    int device = portion.device;
    sluice_action_kind kind = is_whole(step, microbatch) ? SLUICE_B : SLUICE_I;
    sluice_status st = SLUICE_OK;
    for (int s = portion.end - 1; s >= portion.first && !st; s--) {
        if (recomputes(step, microbatch))
            st = append(schedule, device, SLUICE_R, s, microbatch, why);
        if (!st)
            st = append(schedule, device, kind, s, microbatch, why);
    }
    return st;
}

/* W's come behind all I's, as those of a stage of several layers do. */
static sluice_status append_weights(sluice_schedule *schedule,
                                    const struct timed_step *step,
                                    struct portion portion, int microbatch,
                                    sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (microbatch < 0 || microbatch >= step->n_microbatches ||
        is_whole(step, microbatch))
        return SLUICE_OK;
    for (int s = portion.end - 1; s >= portion.first && !st; s--)
        st = append(schedule, portion.device, SLUICE_W, s, microbatch, why);
    return st;
}

/*
 * 1f1b and zb-h1: the last device's backwards come just behind their forwards,
 * while the caches still hold what those made, and its W's later; on the first
 * device it is the other way round.
 */
static sluice_status fill(sluice_schedule *schedule,
                          const struct timed_step *step, struct portion portion,
                          sluice_diag *why)
{
    int n = step->n_microbatches, behind = portion.device;
    int ahead = step->devices - 1 - portion.device;
    sluice_status st = SLUICE_OK;
    for (int m = 0; m < n + ahead + behind && !st; m++) {
        int back = m - ahead;
        if (m < n)
            st = append_forward(schedule, portion, m, why);
        if (back >= 0 && back < n && !st)
            st = append_backward(schedule, step, portion, back, why);
        if (!st)
            st = append_weights(schedule, step, portion, back - behind, why);
    }
    for (int s = portion.first; s < portion.end && !st; s++)
        st = append(schedule, portion.device, SLUICE_UPDATE, s, -1, why);
    return st;
}

sluice_status timed_step_schedule(const struct timed_step *step,
                                  sluice_schedule **out, sluice_diag *why)
{
    int on_device[SLUICE_MAX_STAGES] = {0};
    sluice_schedule *schedule;
    for (int s = 0; s < step->n_layers && s < SLUICE_MAX_STAGES; s++)
        on_device[s] = device_of(step, s);
    sluice_status st = sluice_schedule_create(step->devices, step->n_layers,
                                              step->n_microbatches, on_device,
                                              NULL, &schedule, why);
    if (st)
        return st;
    for (int d = 0; d < step->devices && !st; d++)
        st = fill(schedule, step, portion_of(step, d), why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}
