/* The bound of a plan.  Any thread. */
#include "plan/pricing/plan_bound.h"

#include <math.h>

#include "plan/problem/groups.h"
#include "plan/problem/plan_cut.h"

struct speeds {
    double sum;
    double fastest;
};

static struct speeds speeds_of(const struct sl_plan_problem *problem)
{
    bool taken[SLUICE_MAX_DEVICES];
    struct speeds speeds = {0};
    int n = problem->n_devices < problem->n_layers ? problem->n_devices
                                                   : problem->n_layers;
    sl_plan_fastest(problem, n, taken);
    for (int d = 0; d < problem->n_devices; d++)
        if (taken[d]) {
            speeds.sum += sl_plan_speed(problem, d);
            speeds.fastest = fmax(speeds.fastest, sl_plan_speed(problem, d));
        }
    return speeds;
}

/* The backward of a layer, and the part of it that another layer waits for. */
static double backward(const struct sl_plan_problem *problem, int layer,
                       double *input)
{
    double whole = (double)sl_plan_cost(problem, layer, SLUICE_B);
    double i = (double)sl_plan_cost(problem, layer, SLUICE_I);
    double w = (double)sl_plan_cost(problem, layer, SLUICE_W);
    if (!problem->has_split)
        return *input = whole;
    *input = problem->has_whole ? fmin(whole, i) : i;
    return problem->has_whole ? fmin(whole, i + w) : i + w;
}

/* With the groups of the problem's division as devices. */
static double bound_of(const struct sl_plan_problem *problem)
{
    struct speeds speeds = speeds_of(problem);
    double n = sl_plan_microbatches(problem);
    double all = 0, way = 0, before = 0, layer = 0, updates = 0;
    for (int i = 0; i < problem->n_layers; i++) {
        double forward = (double)sl_plan_cost(problem, i, SLUICE_F);
        double update = (double)sl_plan_cost(problem, i, SLUICE_UPDATE);
        double input;
        double own = forward + backward(problem, i, &input);
        all += n * own;
        way += forward + input;
        layer = fmax(layer, before + n * own);
        before += forward;
        updates += fmax(update, 0);
    }
    if (problem->cut) { /* divided among all: it is on no layer's way */
        const int64_t *head_ns = sl_plan_head_costs(problem);
        all += n * (double)(head_ns[SLUICE_S] + head_ns[SLUICE_T]);
        updates += sl_plan_head_update(problem);
    }
    double first = (double)sl_plan_cost(problem, 0, SLUICE_F);
    double work =
        (all + (speeds.sum - speeds.fastest) * first / speeds.fastest) /
        speeds.sum;
    return fmax(work, fmax(way, layer) / speeds.fastest) + updates / speeds.sum;
}

int64_t sl_plan_bound(struct sl_plan_problem *problem)
{
    struct sl_plan_division division;
    double least = INFINITY;
    for (int i = 0; sl_plan_next_division(problem, &i, &division);) {
        sl_plan_divide(problem, &division);
        if (problem->n_devices)
            least = fmin(least, bound_of(problem));
    }
    /* Costs on a device are rounded to whole ns: half a one for each. */
    return (int64_t)floor(least) + problem->config->wake_ns;
}
