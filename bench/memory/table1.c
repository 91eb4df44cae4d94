/* GPipe's table 1.  The main thread. */
#include "bench/memory/table1.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <sluice/pipeline.h>

#include "bench/output/progress.h"
#include "bench/measure/measure_config.h"

/* The paper's rows and its Transformer layers. */
static const struct table1_row table1[] = {
    {.name = "naive-1", .devices = 1, .remat = SLUICE_REMAT_NEVER, .paper = 3},
    {.name = "pipeline-1",
     .devices = 1,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = 13},
    {.name = "pipeline-2",
     .devices = 2,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = NAN},
    {.name = "pipeline-4",
     .devices = 4,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = NAN},
    {.name = "pipeline-8",
     .devices = 8,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = 103},
    {.name = "pipeline-32",
     .devices = 32,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = 415},
    {.name = "pipeline-128",
     .devices = 128,
     .remat = SLUICE_REMAT_ALWAYS,
     .paper = 1663},
};

static struct depth_layer layer_of(const struct footprint_config *config)
{
    return (struct depth_layer){config->width, config->positions,
                                config->heads};
}

/* Without a pipeline there is one micro-batch. */
static sluice_pipeline_config pipeline_of(const struct footprint_config *config,
                                          const struct table1_row *row)
{
    sluice_pipeline_config pipeline =
        plain_pipeline_config(row->devices, row->microbatches, config->batch);
    pipeline.gemm = config->gemm;
    pipeline.queue_capacity = config->capacity;
    pipeline.remat = (sluice_remat)row->remat;
    return pipeline;
}

/* The number of layers of each device. */
static void list_sizes(const struct table1_row *row, int *sizes)
{
    for (int d = 0; d < row->devices; d++)
        sizes[d] = row->depth.inner;
    sizes[row->devices - 1] = row->depth.last;
    sizes[0] = row->depth.first;
}

static sluice_status make_step(sluice_pipeline *pipe,
                               const struct footprint_config *config,
                               sluice_diag *why)
{
    int64_t rows = config->batch;
    int64_t n = config->width * (config->positions ? config->positions : 1);
    float *x = calloc((size_t)rows, (size_t)n * sizeof *x);
    if (!x)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for a mini-batch");
    sluice_status st = sluice_pipeline_step(pipe, x, x, rows, NULL, why);
    free(x);
    return st;
}

static size_t actual_peak(const sluice_pipeline *pipe)
{
    size_t peak = 0;
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        if (info.actual_bytes > peak)
            peak = info.actual_bytes;
    }
    return peak;
}

/* Train one step under the cap. */
static sluice_status train(const struct footprint_config *config,
                           struct table1_row *row, sluice_diag *why)
{
    int sizes[SLUICE_MAX_DEVICES];
    sluice_pipeline_config pipeline = pipeline_of(config, row);
    list_sizes(row, sizes);
    pipeline.cut = SLUICE_CUT_LIST;
    pipeline.partition = sizes;
    pipeline.device_cap_bytes = config->cap_bytes;
    const struct depth_layer layer = layer_of(config);
    sluice_model *model;
    sluice_status st = depth_model(&layer, row->layers, &model, why);
    if (st)
        return st;
    sluice_pipeline *pipe;
    st = sluice_pipeline_create(&pipeline, model, &pipe, why);
    if (!st) {
        st = make_step(pipe, config, why);
        row->actual = actual_peak(pipe);
        sluice_pipeline_destroy(pipe);
    }
    sluice_model_destroy(model);
    row->trained = !st;
    return st;
}

static bool can_train(const struct table1_row *row)
{
    double half =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / 2;
    return row->layers > 0 && row->devices <= SLUICE_MAX_DEVICES &&
           (double)row->planned * row->devices <= half;
}

static sluice_status measure_row(const struct footprint_config *config,
                                 struct table1_row *row, sluice_diag *why)
{
    row->by_position = row->devices > SLUICE_MAX_DEVICES;
    row->microbatches =
        row->remat == SLUICE_REMAT_NEVER ? 1 : config->microbatches.values[0];
    sluice_pipeline_config pipeline = pipeline_of(config, row);
    const struct depth_layer layer = layer_of(config);
    const struct depth one = depth_one(row->devices);
    sluice_status st =
        depth_peak_by_position(&pipeline, &layer, &one, &row->least, why);
    if (st || row->least > config->cap_bytes)
        return st;
    st = depth_best(&pipeline, &layer, config->cap_bytes, &row->depth, why);
    if (st)
        return st;
    row->layers = depth_layers(&row->depth, row->devices);
    if (row->layers)
        st = depth_peak_by_position(&pipeline, &layer, &row->depth,
                                    &row->planned, why);
    return !st && can_train(row) ? train(config, row, why) : st;
}

/* The line of the growth. */
struct line {
    int one;  /* layers of pipeline-1 */
    int two;  /* of pipeline-2 */
    int each; /* for each further device */
};

static void place_on_line(struct line *line, struct table1_row *row)
{
    row->growth = NAN;
    if (row->remat == SLUICE_REMAT_NEVER || !row->layers)
        return;
    if (row->devices == 1)
        line->one = row->layers;
    if (row->devices == 2)
        line->two = row->layers;
    if (row->devices == 4)
        line->each = (row->layers - line->two) / 2;
    if (line->one)
        row->growth = (double)row->layers / line->one;
    if (row->devices >= 4)
        row->off_linear =
            row->layers - line->two - (row->devices - 2) * line->each;
}

sluice_status table1_measure(const struct footprint_config *config,
                             table1_on_row *on_row, void *context, bool *linear,
                             sluice_diag *why)
{
    struct line line = {0, 0, 0};
    struct progress progress;
    sluice_status st = SLUICE_OK;
    *linear = true;
    progress_begin(&progress, stderr, sizeof table1 / sizeof *table1);
    for (size_t i = 0; i < sizeof table1 / sizeof *table1 && !st; i++) {
        struct table1_row row = table1[i];
        st = measure_row(config, &row, why);
        progress_erase(&progress);
        if (!st) {
            place_on_line(&line, &row);
            *linear = *linear && abs(row.off_linear) <= 1;
            on_row(context, &row);
        }
        progress_step(&progress);
    }
    progress_erase(&progress);
    return st;
}
