/* Times of hand-offs.  Any thread; const. */
#include "plan/pricing/plan_latency.h"

#include <math.h>

#include "plan/problem/groups.h"
#include "sched/schedule.h"

/* Whether some replica of two groups has them on different nodes. */
static bool is_far(const struct sl_plan_problem *problem, int from, int to)
{
    const sluice_plan_device *devices = problem->config->devices;
    const int *a = sl_plan_members(problem, from);
    const int *b = sl_plan_members(problem, to);
    int t = sl_plan_team(problem);
    for (int r = 0; r < problem->division.replicas; r++)
        if (devices[a[r * t]].node != devices[b[r * t]].node)
            return true;
    return false;
}

int64_t sl_plan_hand_off(const struct sl_plan_problem *problem, int from,
                         int to, int64_t bytes)
{
    const sluice_plan_config *config = problem->config;
    bool far = is_far(problem, from, to);
    double rate = far ? config->network_bytes_per_ns : config->bytes_per_ns;
    int64_t ns = far ? config->network_ns : config->latency_ns;
    return rate > 0 ? ns + llround((double)bytes / rate) : ns;
}

int64_t sl_plan_latencies(const struct sl_plan_problem *problem,
                          const struct sl_plan_order *order,
                          const struct sl_plan_candidate *candidate,
                          int64_t *latency_ns)
{
    const sluice_schedule *schedule = order->schedule;
    int64_t rows = sl_plan_rows(problem), most = 0;
    for (int s = 0, i = 0; s < candidate->n_stages; s++) {
        latency_ns[s] = 0;
        if (s + 1 == candidate->n_stages)
            break;
        i += candidate->sizes[s];
        int64_t bytes = rows * problem->config->layers[i].input_row_bytes;
        int from = candidate->device[schedule->stage_device[s]];
        int to = candidate->device[schedule->stage_device[s + 1]];
        if (from != to)
            latency_ns[s] = sl_plan_hand_off(problem, from, to, bytes);
        most = latency_ns[s] > most ? latency_ns[s] : most;
    }
    return most;
}
