/* What a candidate is worth. */
#include "search/worth.h"

#include <sluice/simulate.h>

static int64_t held_by(const struct sl_problem *problem, int stage)
{
    const int64_t *bytes = problem->config->activation_bytes;
    return bytes ? bytes[stage] : 1;
}

int64_t sl_peak_held(const struct sl_problem *problem,
                     const sluice_schedule *schedule)
{
    int64_t peak = 0;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        int64_t held = 0;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++) {
            int64_t bytes = held_by(problem, actions[i].stage);
            if (actions[i].kind == SLUICE_F)
                held += bytes;
            peak = held > peak ? held : peak;
            if (actions[i].kind == SLUICE_B || actions[i].kind == SLUICE_W)
                held -= bytes;
        }
    }
    return peak;
}

sluice_status sl_judge(const struct sl_problem *problem,
                       const sluice_schedule *schedule, int64_t *makespan_ns,
                       sluice_diag *why)
{
    const sluice_search_config *config = problem->config;
    sluice_simulation *simulation;
    sluice_time_share all;
    sluice_status st =
        sluice_simulate(schedule,
                        &(sluice_simulate_config){
                            .stage_costs_ns = config->stage_costs_ns,
                            .latency_ns = config->latency_ns,
                            .queue_capacity = problem->capacity,
                            .no_events = true,
                            .allocator = config->allocator,
                        },
                        &simulation, why);
    if (st)
        return st;
    sluice_simulation_account(simulation, NULL, &all);
    *makespan_ns = all.makespan_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}
