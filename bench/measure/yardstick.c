/* What a measured pipeline must have computed.  The main thread. */
#include "bench/measure/yardstick.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/reference.h>
#include <sluice/schedule.h>
#include <sluice/schedule_passes.h>

struct yardstick {
    const sluice_model *model;
    sluice_reference *reference;
};

/* A schedule like that of the measurement, of as few devices as can be: what
 * decides bits is the same for every number. */
static sluice_status make_schedule(const sluice_pipeline_config *config,
                                   sluice_schedule **out, sluice_diag *why)
{
    if (config->custom)
        return sluice_schedule_remat(config->custom, SLUICE_REMAT_NEVER, out,
                                     why);
    sluice_schedule_config one = {
        .name = config->schedule.name,
        .microbatches = config->schedule.microbatches,
        .backward_order = config->schedule.backward_order,
    };
    sluice_status st = SLUICE_INVALID;
    while (st == SLUICE_INVALID && one.devices++ < SLUICE_MAX_DEVICES)
        st = sluice_schedule_generate(&one, out, why);
    if (st || sluice_schedule_n_updates(*out) <= 1)
        return st;
    sluice_schedule_destroy(*out);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s is asynchronous: its bits depend on the number "
                           "of devices, and one reference cannot judge them "
                           "all; measure it by `sluice schedule --run`",
                           config->schedule.name);
}

/* The same with its W gathered, in groups that are the same for every number of
 * devices. */
static sluice_status make_gathered(const sluice_pipeline_config *config,
                                   sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *plain;
    sluice_status st = make_schedule(config, &plain, why);
    if (st)
        return st;
    if (config->custom || !config->gather_weights) {
        *out = plain;
        return SLUICE_OK;
    }
    st =
        sluice_schedule_gather_weights(plain, config->gather_weights, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

/* The reference of a schedule: it sees the micro-batches again in an order that
 * not every schedule lets one choose. */
static sluice_status make_reference(struct yardstick *yardstick,
                                    sluice_pipeline_config *pipeline,
                                    sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st = make_gathered(pipeline, &schedule, why);
    if (st)
        return st;
    st = sluice_reference_order(schedule, &pipeline->schedule.backward_order,
                                why);
    if (!st)
        st = sluice_reference_create(pipeline, yardstick->model,
                                     &yardstick->reference, why);
    if (!st)
        st = sluice_reference_follow(yardstick->reference, schedule, NULL,
                                     pipeline->join_weights, why);
    sluice_schedule_destroy(schedule);
    return st;
}

static sluice_status train(struct yardstick *yardstick,
                           const struct measure_config *config,
                           sluice_diag *why)
{
    sluice_pipeline_config pipeline = measure_pipeline_config(config);
    sluice_status st = make_reference(yardstick, &pipeline, why);
    const struct workload *work = config->work;
    for (int i = 0; i < measure_config_steps(config) && !st; i++) {
        sluice_result result;
        st = sluice_reference_step(yardstick->reference, work->x, work->targets,
                                   work->rows, &result, why);
    }
    return st;
}

sluice_status yardstick_create(const struct measure_config *config,
                               struct yardstick **out, sluice_diag *why)
{
    struct yardstick *yardstick = calloc(1, sizeof *yardstick);
    if (!yardstick)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the reference");
    yardstick->model = config->work->untimed;
    sluice_status st = train(yardstick, config, why);
    if (st)
        yardstick_destroy(yardstick);
    else
        *out = yardstick;
    return st;
}

void yardstick_destroy(struct yardstick *yardstick)
{
    if (!yardstick)
        return;
    sluice_reference_destroy(yardstick->reference);
    free(yardstick);
}

/* What a team's sums in another order may come to. */
static const double team_tolerance = 1e-5;

/* Whether a team's products make these bits: docs/teams.md. */
static bool promises_bits(const struct measure_config *config,
                          const sluice_pipeline *pipe)
{
    return config->team <= 1 || !strstr(sluice_pipeline_gemm(pipe), "openblas");
}

/* Within `tolerance`; 0: to the bit. */
static bool are_equal(const float *a, const float *b, double tolerance)
{
    double larger = fmax(fabs((double)*a), fabs((double)*b));
    if (tolerance > 0)
        return fabs((double)*a - (double)*b) <= tolerance * fmax(1, larger);
    return memcmp(a, b, sizeof *a) == 0;
}

static sluice_status compare_parameter(const struct yardstick *yardstick,
                                       const sluice_pipeline *pipe,
                                       double tolerance,
                                       const sluice_parameter *at,
                                       int64_t *wrong, sluice_diag *why)
{
    float *want = calloc((size_t)at->n, 2 * sizeof *want);
    if (!want)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for parameter \"%s\"", at->name);
    float *have = want + at->n;
    sluice_status st = sluice_reference_get_parameter(
        yardstick->reference, at->name, want, at->n, why);
    if (!st)
        st = sluice_pipeline_get_parameter(pipe, at->name, have, at->n, why);
    for (int64_t i = 0; i < at->n && !st; i++)
        *wrong += !are_equal(&want[i], &have[i], tolerance);
    free(want);
    return st;
}

sluice_status yardstick_compare(const struct yardstick *yardstick,
                                const struct measure_config *config,
                                const sluice_pipeline *pipe, int64_t *wrong,
                                sluice_diag *why)
{
    double tolerance = promises_bits(config, pipe) ? 0 : team_tolerance;
    sluice_parameter at = {0};
    sluice_status st = SLUICE_OK;
    *wrong = 0;
    while (!st && sluice_model_next_parameter(yardstick->model, &at))
        st = compare_parameter(yardstick, pipe, tolerance, &at, wrong, why);
    return st;
}
