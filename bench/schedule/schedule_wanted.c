/* What `sluice schedule` was asked for.  The main thread. */
#include "bench/schedule/schedule_wanted.h"

const struct choice recompute_choices[] = {
    {"at_once", RECOMPUTE_AT_ONCE},
    {"early", RECOMPUTE_EARLY},
    {"naive", RECOMPUTE_NAIVE},
    {NULL, 0},
};

bool schedule_is_forward(const sluice_schedule *schedule)
{
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++)
            if (actions[i].kind != SLUICE_F &&
                actions[i].kind != SLUICE_SEND_F &&
                actions[i].kind != SLUICE_RECV_F)
                return false;
    }
    return true;
}

int schedule_stages_on(const sluice_schedule *schedule, int device)
{
    int n = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        n += sluice_schedule_stage_device(schedule, s) == device;
    return n;
}
