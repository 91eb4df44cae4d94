/* Memory against devices.  The main thread. */
#include "bench/headline/report_memory.h"

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "bench/measure/measure_config.h"

/* A pipeline has taken all its memory once it is built. */
static sluice_status measure_row(const sluice_model *model,
                                 const sluice_pipeline_config *config,
                                 sluice_html_memory *row, sluice_diag *why)
{
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    sluice_pipeline *pipe;
    sluice_status st = sluice_pipeline_plan(model, config, plans, why);
    if (!st)
        st = sluice_pipeline_create(config, model, &pipe, why);
    if (st)
        return st;
    for (int d = 0; d < config->schedule.devices; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        if ((int64_t)plans[d].total > row->planned_bytes)
            row->planned_bytes = (int64_t)plans[d].total;
        if ((int64_t)info.actual_bytes > row->actual_bytes)
            row->actual_bytes = (int64_t)info.actual_bytes;
    }
    sluice_pipeline_destroy(pipe);
    return SLUICE_OK;
}

sluice_status memory_sweep_run(const struct memory_sweep *sweep,
                               sluice_html_memory *rows, sluice_diag *why)
{
    sluice_pipeline_config config =
        plain_pipeline_config(1, sweep->microbatches, sweep->batch);
    sluice_model *model;
    sluice_status st = sluice_model_parse(sweep->model, NULL, &model, why);
    if (st)
        return st;
    for (int i = 0; i < 2 * sweep->max_devices && !st; i++) {
        bool remat = i % 2;
        config.schedule.devices = i / 2 + 1;
        config.remat = remat ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
        rows[i] = (sluice_html_memory){.devices = config.schedule.devices,
                                       .remat = remat};
        st = measure_row(model, &config, &rows[i], why);
    }
    sluice_model_destroy(model);
    return st;
}
