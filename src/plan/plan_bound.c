/* The bound of a plan.  Any thread. */
#include "plan/plan_bound.h"

#include <math.h>

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
static double backward(const struct sl_plan_problem *problem, int m, int layer,
                       double *input)
{
    double whole = (double)sl_plan_cost(problem, m, layer, SLUICE_B);
    double i = (double)sl_plan_cost(problem, m, layer, SLUICE_I);
    double w = (double)sl_plan_cost(problem, m, layer, SLUICE_W);
    if (!problem->has_split)
        return *input = whole;
    *input = problem->has_whole ? fmin(whole, i) : i;
    return problem->has_whole ? fmin(whole, i + w) : i + w;
}

static double bound_of(const struct sl_plan_problem *problem, int m)
{
    struct speeds speeds = speeds_of(problem);
    double n = problem->config->microbatches[m];
    double all = 0, way = 0, before = 0, layer = 0, updates = 0;
    for (int i = 0; i < problem->n_layers; i++) {
        double forward = (double)sl_plan_cost(problem, m, i, SLUICE_F);
        double update = (double)sl_plan_cost(problem, m, i, SLUICE_UPDATE);
        double input;
        double own = forward + backward(problem, m, i, &input);
        all += n * own;
        way += forward + input;
        layer = fmax(layer, before + n * own);
        before += forward;
        updates += fmax(update, 0);
    }
    double first = (double)sl_plan_cost(problem, m, 0, SLUICE_F);
    double work =
        (all + (speeds.sum - speeds.fastest) * first / speeds.fastest) /
        speeds.sum;
    return fmax(work, fmax(way, layer) / speeds.fastest) + updates / speeds.sum;
}

int64_t sl_plan_bound(const struct sl_plan_problem *problem)
{
    double least = INFINITY;
    for (int m = 0; m < problem->config->n_microbatches; m++)
        least = fmin(least, bound_of(problem, m));
    /* Costs on a device are rounded to whole ns: half a one for each. */
    return (int64_t)floor(least);
}
