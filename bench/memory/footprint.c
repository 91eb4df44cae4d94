/* Memory of pipelines of equal layers.  The main thread. */
#include "bench/memory/footprint.h"

#include <sluice/pipeline.h>

#include "bench/measure/depth.h"
#include "bench/output/progress.h"
#include "bench/measure/measure_config.h"

static sluice_pipeline_config pipeline_of(const struct footprint_config *config,
                                          const struct footprint_row *row)
{
    sluice_pipeline_config pipeline =
        plain_pipeline_config(row->devices, row->microbatches, config->batch);
    pipeline.schedule.name = config->schedule;
    pipeline.gemm = config->gemm;
    pipeline.queue_capacity = config->capacity;
    pipeline.remat = (sluice_remat)row->remat;
    return pipeline;
}

/*
 * The paper counts in activations of one layer for the whole mini-batch, a = 4
 * W bytes for each of N rows (Huang et al., 2019, section 2.3).  A device keeps
 * its input for all micro-batches and recomputes the activations of its L / K
 * layers for one at a time.
 */
static void estimate(const struct footprint_config *config,
                     struct footprint_row *row)
{
    double layer =
        (double)sizeof(float) * (double)config->width * (double)config->batch;
    double depth = (double)row->layers / row->devices;
    if (row->remat == SLUICE_REMAT_NEVER) {
        row->estimate = layer * depth;
        row->classic = layer * row->layers;
    } else {
        row->estimate = layer * (1 + depth / row->microbatches);
        row->classic = layer * row->devices;
    }
}

static void add_device(struct footprint_row *row,
                       const sluice_device_info *info)
{
    const sluice_memory_plan *plan = &info->planned;
    size_t activations = plan->boundary + plan->stash + plan->workspace;
    if (plan->total > row->planned)
        row->planned = plan->total;
    if (info->actual_bytes > row->actual)
        row->actual = info->actual_bytes;
    if (activations > row->activations)
        row->activations = activations;
    row->all_activations += activations;
}

static sluice_status measure_row(const struct footprint_config *config,
                                 struct footprint_row *row, sluice_diag *why)
{
    sluice_pipeline_config how = pipeline_of(config, row);
    sluice_model *model;
    const struct depth_layer layer = {.width = config->width};
    sluice_status st = depth_model(&layer, row->layers, &model, why);
    if (st)
        return st;
    sluice_pipeline *pipe;
    st = sluice_pipeline_create(&how, model, &pipe, why);
    if (!st) {
        for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
            sluice_device_info info;
            sluice_pipeline_device(pipe, d, &info);
            add_device(row, &info);
        }
        sluice_pipeline_destroy(pipe);
    }
    sluice_model_destroy(model);
    estimate(config, row);
    return st;
}

/* The `i`th of all combinations, the last range running fastest. */
static struct footprint_row combination(const struct footprint_config *config,
                                        int i)
{
    struct footprint_row row = {.remat = 0};
    row.remat = config->remats.values[i % config->remats.n];
    i /= config->remats.n;
    row.microbatches = config->microbatches.values[i % config->microbatches.n];
    i /= config->microbatches.n;
    row.devices = config->devices.values[i % config->devices.n];
    i /= config->devices.n;
    row.layers = config->layers.values[i];
    return row;
}

static bool has_layers(const struct footprint_row *row)
{
    return row->layers >= row->devices;
}

static int count_all(const struct footprint_config *config)
{
    return config->layers.n * config->devices.n * config->microbatches.n *
           config->remats.n;
}

static int count_rows(const struct footprint_config *config, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        struct footprint_row row = combination(config, i);
        count += has_layers(&row);
    }
    return count;
}

int footprint_left_out(const struct footprint_config *config)
{
    int n = count_all(config);
    int n_rows = count_rows(config, n);
    return n_rows ? n - n_rows : 0;
}

sluice_status footprint_measure(const struct footprint_config *config,
                                footprint_on_row *on_row, void *context,
                                sluice_diag *why)
{
    int n = count_all(config);
    struct progress progress;
    sluice_status st = SLUICE_OK;
    int n_rows = count_rows(config, n);
    if (!n_rows)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a device needs a layer, but the most layers "
                               "asked for are %d, and the fewest devices %d: "
                               "raise --layers or lower --devices",
                               range_largest(&config->layers),
                               range_smallest(&config->devices));
    progress_begin(&progress, stderr, n_rows);
    for (int i = 0; i < n && !st; i++) {
        struct footprint_row row = combination(config, i);
        if (!has_layers(&row))
            continue;
        st = measure_row(config, &row, why);
        progress_erase(&progress);
        if (!st)
            on_row(context, &row);
        progress_step(&progress);
    }
    progress_erase(&progress);
    return st;
}
