/* Making schedules.  The thread that creates the pipeline. */
#include "blueprint/make_schedule.h"

#include <stdio.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "blueprint/shards/cut_costs.h"
#include "sched/schedule.h"

/*
 * Devices receive as an action starts and send as it ends: a lowered schedule
 * is raised.  It is proved as it is first, for what is wrong about its sends
 * and receives would be gone.
 */
static sluice_status raise_schedule(const sluice_schedule *lowered,
                                    int queue_capacity, sluice_schedule **out,
                                    sluice_diag *why)
{
    const sluice_verify_config config = {.queue_capacity = queue_capacity};
    sluice_status st = sluice_schedule_verify(lowered, &config, NULL, why);
    return st ? st : sluice_schedule_raise(lowered, queue_capacity, out, why);
}

/* A copy from the pipeline's own allocator: that of the original may go. */
static sluice_status copy_schedule(const sluice_pipeline_config *config,
                                   int queue_capacity, sluice_schedule **out,
                                   sluice_diag *why)
{
    sluice_schedule *copy;
    sluice_status st =
        sl_schedule_copy(config->custom, config->allocator, &copy, why);
    if (st)
        return st;
    if (!sluice_schedule_is_lowered(copy)) {
        *out = copy;
        return SLUICE_OK;
    }
    st = raise_schedule(copy, queue_capacity, out, why);
    sluice_schedule_destroy(copy);
    return st;
}

/* The schedule that `schedule` describes, before recomputes. */
static sluice_status generate(const sluice_pipeline_config *config,
                              sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule_config wanted =
        sl_schedule_standards(&config->schedule, config->allocator);
    sluice_schedule *plain;
    sluice_status st = sluice_schedule_generate(&wanted, &plain, why);
    if (st)
        return st;
    if (!config->gather_weights) {
        *out = plain;
        return SLUICE_OK;
    }
    st =
        sluice_schedule_gather_weights(plain, config->gather_weights, out, why);
    sluice_schedule_destroy(plain);
    return st;
}

/* What the pass refuses is about the schedule, which it does not know by name:
 * put that before its sentence. */
static sluice_status name_schedule(const sluice_pipeline_config *config,
                                   sluice_status st, sluice_diag *why)
{
    const char *name = config->schedule.name ? config->schedule.name
                                             : sluice_schedule_generator(0);
    char said[SLUICE_DIAG_TEXT];
    if (!st || st == SLUICE_NO_MEMORY || !why || config->custom)
        return st;
    memcpy(said, why->text, sizeof said);
    snprintf(why->text, sizeof why->text, "schedule %s: %.*s", name,
             SLUICE_DIAG_TEXT - 64, said);
    return st;
}

/* Cut the vocabulary of a schedule, if that is wanted and not done. */
static sluice_status
cut_vocabulary(const sluice_pipeline_config *config, const sluice_model *model,
               const struct sl_grid *grid, const struct sl_world_view *view,
               int queue_capacity, sluice_schedule **out, sluice_diag *why)
{
    int64_t costs_ns[SLUICE_N_ACTION_KINDS];
    sluice_vocabulary_config wanted = {.queue_capacity = queue_capacity};
    sluice_schedule *cut;
    if (!config->vocabulary_parallel || sl_schedule_cuts_vocabulary(*out))
        return SLUICE_OK;
    sluice_status st = sl_cut_costs(
        config, model, grid, sluice_schedule_n_stages(*out), costs_ns, why);
    if (view && config->cut == SLUICE_CUT_TIME) /* each has other times */
        st = view->share(view->context, st, costs_ns, sizeof costs_ns, why);
    if (costs_ns[SLUICE_S] > 0)
        wanted.costs_ns = costs_ns;
    if (!st)
        st = name_schedule(
            config, sluice_schedule_vocabulary(*out, &wanted, &cut, why), why);
    sluice_schedule_destroy(*out);
    *out = st ? NULL : cut;
    return st;
}

sluice_status sl_make_schedule(const sluice_pipeline_config *config,
                               const sluice_model *model,
                               const struct sl_grid *grid,
                               const struct sl_world_view *view,
                               int queue_capacity, sluice_schedule **out,
                               sluice_diag *why)
{
    sluice_status st;
    if (config->custom) {
        st = copy_schedule(config, queue_capacity, out, why);
        return st ? st
                  : cut_vocabulary(config, model, grid, view, queue_capacity,
                                   out, why);
    }
    sluice_schedule *plain;
    st = generate(config, &plain, why);
    if (st)
        return st;
    st = sluice_schedule_remat(plain, config->remat, out, why);
    sluice_schedule_destroy(plain);
    return st ? st
              : cut_vocabulary(config, model, grid, view, queue_capacity, out,
                               why);
}

sluice_status sl_make_forward_schedule(const sluice_schedule *schedule,
                                       sluice_schedule **out, sluice_diag *why)
{
    int depth = sl_schedule_depth(schedule);
    int n_microbatches = sluice_schedule_n_microbatches(schedule);
    sluice_schedule *forward;
    sluice_status st = sl_schedule_like(schedule, &forward, why);
    if (st)
        return st;
    for (int m = 0; m < n_microbatches && !st; m++)
        for (int s = 0; s < depth && !st; s++)
            st = sluice_schedule_append(
                forward, sluice_schedule_stage_device(schedule, s),
                (sluice_action){SLUICE_F, s, m}, why);
    if (st)
        sluice_schedule_destroy(forward);
    else
        *out = forward;
    return st;
}
