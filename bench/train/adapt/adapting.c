/* A training that adapts.  The main thread. */
#include "bench/train/adapt/adapting.h"

#include <inttypes.h>
#include <stdio.h>

/* The generator that plans are made of; NULL: that of the pipeline. */
static const char *schedules_of(const struct training_config *config)
{
    return config->plan ? sluice_plan_row_at(config->plan, 0)->schedule : NULL;
}

sluice_status adapting_begin(struct adapting *adapting,
                             const struct training_config *config,
                             const sluice_model *model,
                             const sluice_pipeline_config *pipeline,
                             const sluice_pipeline *pipe, sluice_diag *why)
{
    const struct adapt_config *adapt = &config->adapt;
    if (!adapt->margin_per_cent)
        return SLUICE_OK;
    if (adapt->speeds.n && adapt->speeds.n != sluice_pipeline_n_devices(pipe))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--new-speeds: %d speeds for %d devices: give "
                               "one for each",
                               adapt->speeds.n,
                               sluice_pipeline_n_devices(pipe));
    if (pipeline->custom && !config->plan)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--adapt needs a schedule by its generator's "
                               "name, or --plan: %.150s cannot be made again "
                               "for other devices",
                               config->order.schedule);
    *adapting = (struct adapting){
        .config = adapt,
        .batch = config->batch,
        .first_step = sluice_pipeline_n_steps(pipe),
    };
    const sluice_adapt_config wanted = {
        .model = model,
        .pipeline = pipeline,
        .schedules = schedules_of(config),
        .margin = adapt->margin_per_cent / 100,
    };
    return sluice_adapter_create(&wanted, pipe, &adapting->adapter, why);
}

/* Whether the step that was made is to be looked at: a picture may want the
 * trace of the last one. */
static bool is_of_use(const struct adapting *adapting,
                      const sluice_progress *progress)
{
    return adapting->adapter && !progress->epoch_end &&
           progress->rows_done % adapting->batch == 0 &&
           progress->rows_done < progress->n_rows;
}

void adapting_progress(struct adapting *adapting, sluice_pipeline *pipe,
                       const sluice_progress *progress, struct telling *telling)
{
    const struct adapt_config *config = adapting->config;
    sluice_adaptation news;
    if (!is_of_use(adapting, progress))
        return;
    if (config->speeds.n && !adapting->is_slowed &&
        progress->step >= adapting->first_step + config->at)
        adapting->is_slowed = !sluice_adapter_set_speeds(
            adapting->adapter, pipe, config->speeds.of, config->speeds.n, NULL);
    if (sluice_adapter_step(adapting->adapter, pipe, &news, NULL) ||
        news.what == SLUICE_ADAPT_NOTHING || !telling->out)
        return;
    telling_erase(telling);
    fprintf(telling->out, "adapt     step %" PRIu64 ": %s\n", progress->step,
            news.text);
}

void adapting_end(struct adapting *adapting)
{
    sluice_adapter_destroy(adapting->adapter);
}
