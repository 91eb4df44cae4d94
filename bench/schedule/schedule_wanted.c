/* What `sluice schedule` was asked for.  The main thread. */
#include "bench/schedule/schedule_wanted.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_text.h>

const struct choice recompute_choices[] = {
    {"at_once", RECOMPUTE_AT_ONCE},
    {"early", RECOMPUTE_EARLY},
    {"naive", RECOMPUTE_NAIVE},
    {NULL, 0},
};

bool schedule_is_file(const char *name)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        if (!strcmp(sluice_schedule_generator(i), name))
            return false;
    return strpbrk(name, "./") != NULL;
}

sluice_status schedule_read(const char *path, sluice_schedule **out,
                            sluice_diag *why)
{
    const char *end = strrchr(path, '.');
    if (end && !strcmp(end, ".json"))
        return sluice_schedule_read_json(path, NULL, out, why);
    return sluice_schedule_read_csv(path, SLUICE_CSV_DETECT, NULL, out, why);
}

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

void schedule_costs_of(const struct schedule_costs *costs, int share,
                       int64_t costs_ns[SLUICE_N_ACTION_KINDS])
{
    double again = costs->recompute < 0 ? costs->forward : costs->recompute;
    double cell = (double)costs->cell_ns / share;
    costs_ns[SLUICE_F] = llround(costs->forward * cell);
    costs_ns[SLUICE_I] = llround(costs->input * cell);
    costs_ns[SLUICE_W] = llround(costs->weight * cell);
    costs_ns[SLUICE_B] = costs_ns[SLUICE_I] + costs_ns[SLUICE_W];
    costs_ns[SLUICE_R] = llround(again * cell);
    costs_ns[SLUICE_UPDATE] = 0;
}

/* How many parts of the model share the device of a part, in the first copy. */
static int share_of(const sluice_schedule *schedule, int part)
{
    int n = 0;
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < depth; s++)
        n += sluice_schedule_stage_device(schedule, s) ==
             sluice_schedule_stage_device(schedule, part);
    return n;
}

void schedule_stage_costs(const sluice_schedule *schedule,
                          const struct schedule_costs *costs, int64_t *costs_ns)
{
    int depth =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++)
        schedule_costs_of(costs, share_of(schedule, s % depth),
                          &costs_ns[s * SLUICE_N_ACTION_KINDS]);
}
