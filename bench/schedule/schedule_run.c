/* A schedule on threads.  The main thread. */
#include "bench/schedule/schedule_run.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/model.h>

#include "bench/schedule/show/schedule_draw.h"
#include "bench/measure/subject.h"
#include "bench/roofline/bound.h"

enum { ROWS = 32, KINDS = SLUICE_N_ACTION_KINDS, PART = 4 /* outputs */ };

/* A head of which each device's part takes what S and T cost; there is none if
 * the vocabulary is not cut. */
static sluice_timed_head_config make_head(const struct schedule_wanted *wanted,
                                          const sluice_schedule *schedule)
{
    int n = sluice_schedule_n_devices(schedule);
    int64_t costs[KINDS];
    schedule_costs_of(&wanted->costs, 0, 1, 1, costs);
    return (sluice_timed_head_config){
        .vocabulary =
            schedule_cuts_vocabulary(schedule) ? (int64_t)PART * n : 0,
        .forward_ns = n * costs[SLUICE_S],
        .weight_ns = n * costs[SLUICE_T],
    };
}

/* A cell for each stage, that takes what the stage costs. */
static sluice_status make_cells(const struct schedule_wanted *wanted,
                                const sluice_schedule *schedule,
                                sluice_timed_config **out, sluice_diag *why)
{
    size_t n = (size_t)sluice_schedule_n_stages(schedule);
    sluice_timed_config *cells = calloc(n, sizeof *cells);
    int64_t *costs = calloc(n * KINDS, sizeof *costs);
    if (!cells || !costs) {
        free(costs);
        free(cells);
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for %zu timed cells", n);
    }
    /* The devices are slowed, not the cells. */
    sluice_status st =
        schedule_stage_costs(schedule, &wanted->costs, NULL, costs, why);
    for (size_t s = 0; s < n && !st; s++)
        cells[s] = (sluice_timed_config){
            .forward_ns = costs[s * KINDS + SLUICE_F],
            .input_ns = costs[s * KINDS + SLUICE_I],
            .weight_ns = costs[s * KINDS + SLUICE_W],
            .recompute_ns = costs[s * KINDS + SLUICE_R],
        };
    free(costs);
    if (st)
        free(cells);
    else
        *out = cells;
    return st;
}

static int64_t batch_of(const struct schedule_run_config *config,
                        int microbatches)
{
    return config->batch ? config->batch : (int64_t)ROWS * microbatches;
}

static sluice_status run(const struct subject_config *what, int devices,
                         struct measurement *out, sluice_diag *why)
{
    struct subject subject;
    sluice_status st = subject_init(&subject, what, why);
    if (st)
        return st;
    st = subject_measure(&subject, devices, out, why);
    subject_fini(&subject);
    return st;
}

sluice_status schedule_run(const struct schedule_wanted *wanted,
                           const sluice_schedule *schedule,
                           const struct schedule_run_config *config,
                           struct measurement *out, sluice_diag *why)
{
    char title[SCHEDULE_TITLE];
    sluice_timed_config *cells = NULL;
    sluice_status st = SLUICE_OK;
    int m = sluice_schedule_n_microbatches(schedule);
    if (!config->model)
        st = make_cells(wanted, schedule, &cells, why);
    if (st)
        return st;
    const sluice_timed_head_config head = make_head(wanted, schedule);
    const struct subject_config what = {
        .model = config->model,
        .batch = batch_of(config, m),
        .cells = config->model ? 0
                               : sluice_schedule_n_stages(schedule) /
                                     sluice_schedule_n_copies(schedule),
        .times = cells,
        .head = head.vocabulary && !config->model ? &head : NULL,
        .custom = schedule,
        .microbatches = m,
        .title = schedule_title(wanted, schedule, "measured", title),
        .run = &config->run,
        .order = &wanted->order,
    };
    st = run(&what, sluice_schedule_n_devices(schedule), out, why);
    free(cells);
    return st;
}

double schedule_run_bound(const struct schedule_wanted *wanted,
                          const sluice_schedule *schedule,
                          const struct schedule_run_config *config)
{
    sluice_model *model;
    int m = sluice_schedule_n_microbatches(schedule);
    if (!config->model || sluice_model_parse(config->model, NULL, &model, NULL))
        return NAN;
    const struct bound_config bound = {
        .model = model,
        .order = &wanted->order,
        .schedule = schedule,
        .devices = sluice_schedule_n_devices(schedule),
        .microbatches = m,
        .batch = batch_of(config, m),
        .steps = config->run.repetitions,
    };
    double ns = bound_step_ns(&bound);
    sluice_model_destroy(model);
    return ns;
}
