/* What a candidate is worth. */
#include "search/worth.h"

#include <sluice/simulate.h>

int64_t sl_peak_held(const struct sl_problem *problem,
                     const sluice_schedule *schedule)
{
    int64_t peak = 0;
    for (int d = 0; d < sluice_schedule_n_devices(schedule); d++) {
        int n;
        int64_t held = 0;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        for (int i = 0; i < n; i++) {
            held += sl_problem_change(problem, (int)actions[i].kind,
                                      actions[i].stage);
            peak = held > peak ? held : peak;
        }
    }
    return peak;
}

sluice_status sl_judge(const struct sl_problem *problem,
                       const sluice_schedule *schedule, struct sl_worth *worth,
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
    *worth = (struct sl_worth){all.makespan_ns, all.span_ns};
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* From the start of a micro-batch's first F to the end of its last backward. */
static int64_t there_and_back(const struct sl_problem *problem, bool in_a_v)
{
    int64_t sum = 0;
    for (int s = 0; s < problem->n_stages; s++) {
        sum += sl_problem_cost(problem, SLUICE_F, s) +
               least(sl_problem_cost(problem, SLUICE_B, s),
                     sl_problem_cost(problem, SLUICE_I, s));
        if (s && sl_problem_place(problem, s, in_a_v) !=
                     sl_problem_place(problem, s - 1, in_a_v))
            sum += 2 * problem->config->latency_ns;
    }
    return sum;
}

static int64_t bound_of(const struct sl_problem *problem, bool in_a_v)
{
    const sluice_search_config *config = problem->config;
    int64_t m = config->microbatches;
    int64_t bound = (m - 1) * sl_problem_cost(problem, SLUICE_F, 0) +
                    there_and_back(problem, in_a_v);
    for (int d = 0; d < config->devices; d++) {
        int64_t work = 0, before = 0;
        for (int s = 0; s < problem->n_stages; s++)
            if (sl_problem_place(problem, s, in_a_v) == d)
                work += sl_problem_cost(problem, SLUICE_F, s) +
                        least(sl_problem_cost(problem, SLUICE_B, s),
                              sl_problem_cost(problem, SLUICE_I, s) +
                                  sl_problem_cost(problem, SLUICE_W, s));
        /* The first stage of device d is stage d. */
        for (int s = 0; s < d && config->objective == SLUICE_MAKESPAN; s++)
            before +=
                sl_problem_cost(problem, SLUICE_F, s) + config->latency_ns;
        bound = most(bound, before + m * work);
    }
    return bound;
}

int64_t sl_bound_ns(const struct sl_problem *problem)
{
    int64_t loop = bound_of(problem, false);
    return problem->n_stages == 2 * problem->config->devices
               ? least(loop, bound_of(problem, true))
               : loop;
}

sluice_status sl_append_updates(sluice_schedule *schedule, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int s = 0; s < sluice_schedule_n_stages(schedule) && !st; s++)
        st = sluice_schedule_append(
            schedule, sluice_schedule_stage_device(schedule, s),
            (sluice_action){SLUICE_UPDATE, s, -1, 0}, why);
    return st;
}
