/* What a plan tells, and a pipeline by it.  Any thread. */
#include "plan/plan.h"

#include "base/memory.h"

void sluice_plan_destroy(sluice_plan *plan)
{
    if (!plan)
        return;
    sluice_schedule_destroy(plan->schedule);
    sl_free(plan->allocator, plan->model, plan->model_bytes, 1);
    sl_free(plan->allocator, plan, 1, sizeof *plan);
}

int sluice_plan_n_rows(const sluice_plan *plan)
{
    return plan->n_rows;
}

const sluice_plan_row *sluice_plan_row_at(const sluice_plan *plan, int i)
{
    return &plan->rows[i];
}

int64_t sluice_plan_bound_ns(const sluice_plan *plan)
{
    return plan->bound_ns;
}

const char *sluice_plan_sentence(const sluice_plan *plan)
{
    return plan->sentence;
}

const sluice_schedule *sluice_plan_schedule(const sluice_plan *plan)
{
    return plan->schedule;
}

int64_t sluice_plan_batch(const sluice_plan *plan)
{
    return plan->batch;
}

const int *sluice_plan_partition(const sluice_plan *plan, int *n)
{
    *n = plan->n_stages;
    return plan->sizes;
}

const int *sluice_plan_places(const sluice_plan *plan, int *n)
{
    *n = plan->n_devices;
    return plan->device;
}

const double *sluice_plan_speeds(const sluice_plan *plan, int *n)
{
    *n = plan->n_devices;
    return plan->speed;
}

const char *sluice_plan_model(const sluice_plan *plan)
{
    return plan->model;
}

sluice_status sluice_plan_apply(const sluice_plan *plan,
                                const sluice_model *model,
                                sluice_pipeline_config *config,
                                sluice_diag *why)
{
    sluice_status st = sl_plan_check_model(plan, model, why);
    if (st)
        return st;
    config->custom = plan->schedule;
    config->batch = plan->batch;
    config->cut = SLUICE_CUT_LIST;
    config->partition = plan->sizes;
    config->queue_capacity = plan->rows[0].queue_capacity;
    config->replicas = plan->rows[0].replicas;
    config->team = plan->rows[0].team;
    config->zero = plan->rows[0].zero;
    config->vocabulary_parallel = plan->rows[0].vocabulary;
    config->join_weights |= plan->rows[0].gather > 0;
    config->remat = SLUICE_REMAT_NEVER;
    config->schedule.devices = plan->n_places;
    config->schedule.microbatches = plan->rows[0].microbatches;
    return SLUICE_OK;
}
