/* Bytes of a candidate, counted and exact.  One thread. */
#include "plan/pricing/bytes.h"

#include "blueprint/blueprint.h"
#include "plan/problem/groups.h"
#include "plan/problem/plan_cut.h"
#include "sched/schedule.h"

/* In ZeRO stage 3, between nodes, a place has rooms for whole stages, each as
 * large as its largest: docs/zero.md. */
static size_t rooms_of(const struct sl_plan_problem *problem,
                       const sluice_schedule *schedule,
                       const struct sl_plan_candidate *candidate, int place)
{
    int64_t largest = 0;
    int n = 0;
    if (problem->division.zero < 3 ||
        !sl_plan_is_spread(problem, candidate->device[place]))
        return 0;
    for (int s = 0, i = 0; s < schedule->n_stages; s++) {
        int64_t bytes = 0;
        for (int end = i + candidate->sizes[s]; i < end; i++)
            bytes += problem->config->layers[i].param_bytes;
        if (schedule->stage_device[s] != place)
            continue;
        largest = bytes > largest ? bytes : largest;
        n++;
    }
    return (size_t)(n < SL_PLAN_MOST_WHOLE ? n : SL_PLAN_MOST_WHOLE) *
           (size_t)largest;
}

sluice_status sl_plan_count_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why)
{
    int64_t input[SLUICE_PLAN_MAX_STAGES], inner[SLUICE_PLAN_MAX_STAGES];
    int64_t scratch[SLUICE_MAX_DEVICES] = {0}, lent[SLUICE_MAX_DEVICES] = {0};
    int64_t rows = sl_plan_rows(problem);
    sluice_device_facts facts[SLUICE_MAX_DEVICES];
    const struct sl_plan_cut *cut = problem->cut;
    int64_t tables = cut ? sl_plan_share_of_fixed(problem, cut->fixed_bytes,
                                                  cut->param_bytes)
                         : 0;
    for (int d = 0; d < schedule->n_devices; d++)
        candidate->bytes[d] = (size_t)(tables / schedule->n_devices);
    for (int s = 0, i = 0; s < schedule->n_stages; s++) {
        int d = schedule->stage_device[s];
        input[s] = problem->config->layers[i].input_row_bytes * rows;
        inner[s] = 0;
        int64_t whole = 0; /* what its gradient takes besides the parts */
        for (int end = i + candidate->sizes[s]; i < end; i++) {
            const sluice_plan_layer *layer = &problem->config->layers[i];
            inner[s] += layer->saved_row_bytes * rows;
            candidate->bytes[d] += (size_t)sl_plan_fixed_bytes(problem, i);
            whole += sl_plan_lent_bytes(problem, i);
            if (layer->scratch_row_bytes * rows > scratch[d])
                scratch[d] = layer->scratch_row_bytes * rows;
        }
        lent[d] = whole > lent[d] ? whole : lent[d];
    }
    const sluice_verify_config rules = {
        .queue_capacity = candidate->capacity,
        .input_bytes = input,
        .inner_bytes = inner,
    };
    sluice_status st = sluice_schedule_verify(schedule, &rules, facts, why);
    for (int d = 0; d < schedule->n_devices && !st; d++)
        candidate->bytes[d] +=
            (size_t)(facts[d].peak_bytes + scratch[d] + lent[d]) +
            rooms_of(problem, schedule, candidate, d);
    return st;
}

/* The pipeline's config, as far as the problem's division and cut say it. */
static sluice_pipeline_config pipeline_of(const struct sl_plan_problem *problem)
{
    sluice_pipeline_config config = *problem->config->pipeline;
    config.schedule = (sluice_schedule_config){0};
    config.remat = SLUICE_REMAT_NEVER;
    config.batch = problem->config->batch;
    config.uneven = true;
    config.device_cap_bytes = 0;
    config.device_caps = NULL;
    config.device_speeds = NULL;
    config.replicas = problem->division.replicas;
    config.team = sl_plan_team(problem);
    config.zero = problem->division.zero;
    config.join_weights |= problem->division.gather > 0;
    config.vocabulary_parallel = problem->cut;
    config.allocator = problem->allocator;
    return config;
}

sluice_status sl_plan_check_division(const struct sl_plan_problem *problem,
                                     bool *possible, sluice_diag *why)
{
    struct sl_blueprint blueprint;
    *possible = true;
    if (!problem->config->model || !problem->config->pipeline ||
        (sl_plan_team(problem) == 1 && problem->division.zero == 0 &&
         !problem->cut))
        return SLUICE_OK;
    const sluice_pipeline_config config = pipeline_of(problem);
    sluice_status st = sl_blueprint_init(&blueprint, &config, NULL,
                                         problem->config->model, why);
    *possible = !st;
    if (!st)
        sl_blueprint_fini(&blueprint);
    return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
}

/* Of each place t times that of the device that takes most; all replicas take
 * the same. */
static void set_bytes(const struct sl_blueprint *blueprint, int t, int n_places,
                      struct sl_plan_candidate *candidate)
{
    for (int d = 0; d < n_places * t; d++) {
        const sluice_memory_plan *plan = &blueprint->layout.plans[d];
        size_t total = plan->total * (size_t)t;
        if (d % t > 0 && total <= candidate->bytes[d / t])
            continue;
        candidate->bytes[d / t] = total;
        candidate->packed[d / t] = plan->packed * (size_t)t;
    }
}

sluice_status sl_plan_exact_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why)
{
    struct sl_blueprint blueprint;
    sluice_pipeline_config config = pipeline_of(problem);
    config.custom = schedule;
    config.cut = SLUICE_CUT_LIST;
    config.partition = candidate->sizes;
    config.queue_capacity = candidate->capacity;
    sluice_status st = sl_blueprint_init(&blueprint, &config, NULL,
                                         problem->config->model, why);
    if (st)
        return st;
    set_bytes(&blueprint, config.team, schedule->n_devices, candidate);
    for (int d = 0; d < schedule->n_devices; d++)
        candidate->bytes[d] += rooms_of(problem, schedule, candidate, d);
    sl_blueprint_fini(&blueprint);
    return SLUICE_OK;
}

struct sl_plan_excess
sl_plan_excess_of(const struct sl_plan_problem *problem, int n_places,
                  const struct sl_plan_candidate *candidate, int place,
                  size_t counted)
{
    double packed = 0;
    double fixed = (double)problem->sums.fixed[problem->n_layers];
    for (int p = 0; p < n_places; p++)
        packed += (double)candidate->packed[p];
    return (struct sl_plan_excess){
        .is_known = true,
        .packed = fixed > 0 ? packed / fixed : 0,
        .rest = (double)candidate->bytes[place] - (double)counted -
                (double)candidate->packed[place],
    };
}
