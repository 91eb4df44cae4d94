/* Costs for a plan, modelled, read or measured.  The main thread. */
#include "bench/plan/planning_costs.h"

#include <stdlib.h>
#include <string.h>

#include "bench/output/environment.h"
#include "bench/output/progress.h"
#include "bench/plan/head_costs.h"

enum {
    KINDS = SLUICE_N_ACTION_KINDS,
    MEETING_NS = 500, /* of the devices of a team */
};

size_t planning_cells(const struct planning_work *work)
{
    return (size_t)work->microbatches.n * (size_t)work->n_layers * KINDS;
}

/* What is measured of a team, but for the micro-batches. */
static struct layer_costs_config asked_of(const struct planning_work *work,
                                          int team)
{
    const struct planning_config *config = work->config;
    struct environment env;
    environment_read(&env);
    int devices = work->machine.n_devices < env.cores ? work->machine.n_devices
                                                      : env.cores;
    return (struct layer_costs_config){
        .seed = config->seed,
        .devices = devices > team ? devices / team : 1,
        .team = team,
        .gemm = config->gemm,
        .precision = config->precision,
    };
}

static layer_costs_fn *costs_of(const struct planning_work *work)
{
    return work->config->measure ? work->config->measure : layer_costs_measure;
}

/* S and T of a head that may be cut, in the last row of a table. */
static sluice_status measure_head(const struct planning_work *work,
                                  const struct layer_costs_config *what,
                                  int64_t *costs_ns, sluice_diag *why)
{
    if (!work->config->vocabulary || work->config->measure)
        return SLUICE_OK;
    int64_t *of = &costs_ns[(size_t)(work->n_layers - 1) * KINDS];
    return head_costs_measure(work->model, what, &of[SLUICE_S], &of[SLUICE_T],
                              why);
}

/* The costs of a team, for each number of micro-batches. */
static sluice_status measure_team(struct planning_work *work, int t,
                                  struct progress *progress, sluice_diag *why)
{
    layer_costs_fn *costs = costs_of(work);
    struct layer_costs_config what = asked_of(work, work->teams.values[t]);
    sluice_status st = SLUICE_OK;
    for (int m = 0; m < work->microbatches.n && !st; m++) {
        const struct costs_tables *to = &work->costs;
        size_t at = (size_t)t * planning_cells(work) +
                    (size_t)m * (size_t)work->n_layers * KINDS;
        what.microbatches = work->microbatches.values[m];
        what.rows = work->config->batch / what.microbatches;
        st = costs(work->model, &what, &to->costs_ns[at], &to->first_ns[at],
                   why);
        if (!st)
            st = measure_head(work, &what, &to->costs_ns[at], why);
        what.microbatches = 1;
        if (!st && work->once[m])
            st = costs(work->model, &what, &to->once_ns[at],
                       &to->once_first_ns[at], why);
        if (!st && work->once[m])
            st = measure_head(work, &what, &to->once_ns[at], why);
        progress_step(progress);
    }
    return st;
}

static sluice_status measure(struct planning_work *work, sluice_diag *why)
{
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, work->microbatches.n * work->teams.n);
    for (int t = 0; t < work->teams.n && !st; t++) {
        st = measure_team(work, t, &progress, why);
        if (st && t > 0 && work->config->any_team && st != SLUICE_NO_MEMORY) {
            work->teams.n = t; /* this model has no such teams */
            st = SLUICE_OK;
        }
    }
    progress_erase(&progress);
    return st;
}

static void model_costs(struct planning_work *work)
{
    const struct planning_config *config = work->config;
    sluice_plan_rates rates = {
        .flops_per_ns = config->gflops,
        .bytes_per_ns = (double)config->bandwidth / 1e9,
        .meeting_ns = MEETING_NS,
    };
    int64_t *at = work->costs.costs_ns;
    for (int t = 0; t < work->teams.n; t++)
        for (int m = 0; m < work->microbatches.n; m++) {
            rates.team = work->teams.values[t];
            sluice_plan_model_costs(
                work->model, config->batch / work->microbatches.values[m],
                &rates, at);
            at += (size_t)work->n_layers * KINDS;
        }
    memcpy(work->costs.once_ns, work->costs.costs_ns,
           (size_t)work->teams.n * planning_cells(work) * sizeof *at);
}

static struct costs_shape shape_of(const struct planning_work *work)
{
    return (struct costs_shape){
        .teams = work->teams.values,
        .n_teams = work->teams.n,
        .microbatches = work->microbatches.values,
        .n = work->microbatches.n,
        .n_layers = work->n_layers,
        .once = work->once,
        .cut = work->config->vocabulary,
    };
}

sluice_status planning_costs(struct planning_work *work, sluice_diag *why)
{
    const struct planning_config *config = work->config;
    const struct costs_shape shape = shape_of(work);
    sluice_status st = SLUICE_OK;
    int64_t wake_ns = work->machine.wake_ns;
    struct costs_tables tables = work->costs;
    tables.wake_ns = config->machine ? NULL : &wake_ns;
    if (config->costs)
        st = costs_read(config->costs, &shape, &tables, why);
    else if (config->measures)
        st = measure(work, why);
    else
        model_costs(work);
    work->machine.wake_ns = wake_ns;
    return st;
}

sluice_status planning_save_costs(const struct planning_work *work,
                                  sluice_diag *why)
{
    const struct costs_shape shape = shape_of(work);
    struct costs_tables tables = work->costs;
    int64_t wake_ns = work->machine.wake_ns;
    tables.wake_ns = &wake_ns;
    return costs_write(work->config->saves_costs, &shape, &tables, why);
}

/* Which row of a team's tables priced a plan. */
static int row_behind(const struct planning_work *work,
                      const sluice_plan_row *row)
{
    int n = row->microbatches * row->replicas, t = 0, m = 0;
    while (work->teams.values[t] != row->team)
        t++;
    while (work->microbatches.values[m] != n)
        m++;
    return t * work->microbatches.n + m;
}

static int64_t *table_behind(const struct planning_work *work,
                             const sluice_plan_row *row)
{
    bool once = row->replicas > 1 && row->microbatches == 1;
    return once ? work->costs.once_ns : work->costs.costs_ns;
}

/* Where the costs begin by which the plan was priced. */
static const int64_t *costs_behind(const struct planning_work *work,
                                   const sluice_plan_row *row)
{
    return table_behind(work, row) +
           (size_t)row_behind(work, row) * (size_t)work->n_layers * KINDS;
}

void planning_ahead(const struct planning_work *work, const sluice_plan *plan,
                    int64_t *ahead_ns)
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    bool once = row->replicas > 1 && row->microbatches == 1;
    const int64_t *first_ns =
        (once ? work->costs.once_first_ns : work->costs.first_ns) +
        (size_t)row_behind(work, row) * (size_t)work->n_layers * KINDS;
    int n, i = 0;
    const int *sizes = sluice_plan_partition(plan, &n);
    memset(ahead_ns, 0, (size_t)n * KINDS * sizeof *ahead_ns);
    for (int s = 0; s < n; s++)
        for (int end = i + sizes[s]; i < end; i++)
            for (int kind = 0; kind <= SLUICE_B; kind++)
                ahead_ns[s * KINDS + kind] += first_ns[i * KINDS + kind];
}

/* Let the costs of layers be what they take in a plan's own pipeline. */
sluice_status planning_correct(struct planning_work *work,
                               const sluice_plan *plan, sluice_diag *why)
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    struct in_place times;
    int n;
    sluice_plan_partition(plan, &n);
    sluice_status st = in_place_init(&times, n, why);
    int64_t *stage_ns = calloc((size_t)n * KINDS, sizeof *stage_ns);
    if (!st && !stage_ns)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the costs of %d stages", n);
    if (!st)
        st = trial_time(plan, work->model, &work->pipeline, &times, why);
    if (!st) {
        in_place_medians(&times, stage_ns);
        in_place_correct(plan, stage_ns, table_behind(work, row),
                         work->teams.n * work->microbatches.n, work->n_layers,
                         row_behind(work, row));
    }
    free(stage_ns);
    in_place_fini(&times);
    return st;
}

/* What all layers take for F, B, I and W. */
static double sum_of(const struct planning_work *work, const int64_t *costs_ns)
{
    double ns = 0;
    for (int i = 0; i < work->n_layers; i++)
        for (int kind = 0; kind <= SLUICE_W; kind++)
            ns += (double)costs_ns[i * KINDS + kind];
    return ns;
}

/* The machine may be another one than when the layers were timed: time them
 * once more. */
sluice_status planning_pace(const struct planning_work *work,
                            const sluice_plan_row *row, double *pace,
                            sluice_diag *why)
{
    size_t n = (size_t)work->n_layers * KINDS;
    int64_t *again = calloc(2 * n, sizeof *again);
    struct layer_costs_config what = asked_of(work, row->team);
    if (!again)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of layers");
    what.microbatches = row->microbatches;
    what.rows = work->config->batch / row->microbatches / row->replicas;
    sluice_status st =
        costs_of(work)(work->model, &what, again, again + n, why);
    /* What the layers took apart, before they were corrected. */
    double before =
        sum_of(work, work->apart + (costs_behind(work, row) - work->cells));
    if (!st && before > 0)
        *pace = (1 + sum_of(work, again) / before) / 2;
    free(again);
    return st;
}

sluice_status planning_factors(const struct planning_work *work,
                               struct planned *planned,
                               const struct in_place *times, sluice_diag *why)
{
    const sluice_plan *plan = planned->plan;
    const int64_t *row_ns = costs_behind(work, sluice_plan_row_at(plan, 0));
    int n;
    const double *speeds = sluice_plan_speeds(plan, &n);
    for (int d = 0; d < n; d++)
        if (speeds[d] != 1)
            return SLUICE_OK;
    if (sluice_plan_row_at(plan, 0)->vocabulary)
        return SLUICE_OK; /* what stages have of the costs is not known */
    int64_t *stage_ns =
        calloc((size_t)times->n_stages * KINDS, sizeof *stage_ns);
    if (!stage_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of %d stages",
                               times->n_stages);
    in_place_medians(times, stage_ns);
    for (int kind = 0; kind <= SLUICE_UPDATE; kind++)
        planned->trial.in_place[kind] =
            in_place_factor(plan, stage_ns, row_ns, kind);
    free(stage_ns);
    return SLUICE_OK;
}
