/* Bytes of a candidate, counted and exact.  One thread. */
#include "plan/bytes.h"

#include "blueprint/blueprint.h"
#include "sched/schedule.h"

sluice_status sl_plan_count_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why)
{
    int64_t input[SLUICE_PLAN_MAX_STAGES], inner[SLUICE_PLAN_MAX_STAGES];
    int64_t scratch[SLUICE_MAX_DEVICES] = {0};
    int64_t rows = sl_plan_rows(problem, schedule->n_microbatches);
    sluice_device_facts facts[SLUICE_MAX_DEVICES];
    for (int d = 0; d < schedule->n_devices; d++)
        candidate->bytes[d] = 0;
    for (int s = 0, i = 0; s < schedule->n_stages; s++) {
        int d = schedule->stage_device[s];
        input[s] = problem->config->layers[i].input_row_bytes * rows;
        inner[s] = 0;
        for (int end = i + candidate->sizes[s]; i < end; i++) {
            const sluice_plan_layer *layer = &problem->config->layers[i];
            inner[s] += layer->saved_row_bytes * rows;
            candidate->bytes[d] += (size_t)layer->fixed_bytes;
            if (layer->scratch_row_bytes * rows > scratch[d])
                scratch[d] = layer->scratch_row_bytes * rows;
        }
    }
    const sluice_verify_config rules = {
        .queue_capacity = candidate->capacity,
        .input_bytes = input,
        .inner_bytes = inner,
    };
    sluice_status st = sluice_schedule_verify(schedule, &rules, facts, why);
    for (int d = 0; d < schedule->n_devices && !st; d++)
        candidate->bytes[d] += (size_t)(facts[d].peak_bytes + scratch[d]);
    return st;
}

sluice_status sl_plan_exact_bytes(const struct sl_plan_problem *problem,
                                  const sluice_schedule *schedule,
                                  struct sl_plan_candidate *candidate,
                                  sluice_diag *why)
{
    struct sl_blueprint blueprint;
    sluice_pipeline_config config = *problem->config->pipeline;
    config.schedule = (sluice_schedule_config){0};
    config.remat = SLUICE_REMAT_NEVER;
    config.custom = schedule;
    config.batch = problem->config->batch;
    config.uneven = true;
    config.cut = SLUICE_CUT_LIST;
    config.partition = candidate->sizes;
    config.queue_capacity = candidate->capacity;
    config.device_cap_bytes = 0;
    config.team = 1; /* plans have no teams */
    config.allocator = problem->allocator;
    sluice_status st = sl_blueprint_init(&blueprint, &config, NULL,
                                         problem->config->model, why);
    if (st)
        return st;
    for (int d = 0; d < schedule->n_devices; d++)
        candidate->bytes[d] = blueprint.layout.plans[d].total;
    sl_blueprint_fini(&blueprint);
    return SLUICE_OK;
}
