/* GPipe's table 2.  The main thread. */
#include "bench/table2/table2.h"

#include <math.h>

#include "bench/output/progress.h"
#include "bench/order/schedule_source.h"
#include "bench/measure/subject.h"

enum {
    CELLS = 8,              /* every number of devices divides them */
    MOST_MICROBATCHES = 32, /* divided by every number of micro-batches */
};

/* By M, then K, so that a yardstick serves three rows.  Huang et al., 2019,
 * table 2; torchgpipe: Kim et al., 2020. */
static const struct table2_row table2[] = {
    {2, 1, .transformer = 1, .amoebanet = 1, .torchgpipe = NAN},
    {4, 1, .transformer = 1.07, .amoebanet = 1.13, .torchgpipe = NAN},
    {8, 1, .transformer = 1.3, .amoebanet = 1.38, .torchgpipe = NAN},
    {2, 4, .transformer = 1.7, .amoebanet = 1.07, .torchgpipe = NAN},
    {4, 4, .transformer = 3.2, .amoebanet = 1.26, .torchgpipe = NAN},
    {8, 4, .transformer = 4.8, .amoebanet = 1.72, .torchgpipe = NAN},
    {2, 32, .transformer = 1.8, .amoebanet = 1.21, .torchgpipe = 1.773},
    {4, 32, .transformer = 3.4, .amoebanet = 1.84, .torchgpipe = 2.709},
    {8, 32, .transformer = 6.3, .amoebanet = 3.48, .torchgpipe = 4.953},
};

/* What the rows of one number of micro-batches measure; with a schedule that
 * is not a generator's, the one row. */
struct subjects {
    int microbatches;
    sluice_schedule *custom; /* as order_custom() */
    struct subject cells;
    struct subject layers;
};

static void subjects_fini(struct subjects *subjects)
{
    subject_fini(&subjects->cells);
    subject_fini(&subjects->layers);
    sluice_schedule_destroy(subjects->custom);
    *subjects = (struct subjects){0};
}

static sluice_status subjects_init(struct subjects *subjects,
                                   const struct table2_config *config,
                                   const struct table2_row *row,
                                   sluice_diag *why)
{
    int microbatches = row->microbatches;
    sluice_status st = order_custom(&config->order, row->devices, microbatches,
                                    &subjects->custom, why);
    if (st)
        return st;
    struct subject_config what = {
        .model = config->model,
        .batch = config->batch,
        .cell_ns = config->cell_ns * (MOST_MICROBATCHES / microbatches),
        .custom = subjects->custom,
        .microbatches = microbatches,
        .run = &config->run,
        .order = &config->order,
    };
    subjects->microbatches = microbatches;
    st = subject_init(&subjects->layers, &what, why);
    what.cells = CELLS;
    return st ? st : subject_init(&subjects->cells, &what, why);
}

/* Throughput in that of the first row, given the time of a step. */
static double normalize(double *first_ns, double ns)
{
    if (*first_ns == 0)
        *first_ns = ns;
    return *first_ns / ns;
}

/* Times of the first row. */
struct first {
    double cells_ns;
    double cells_virtual_ns;
    double layers_ns;
};

static sluice_status measure_row(struct subjects *subjects,
                                 struct table2_row *row, struct first *first,
                                 sluice_diag *why)
{
    sluice_status st =
        subject_measure(&subjects->cells, row->devices, &row->of_cells, why);
    if (!st)
        st = subject_measure(&subjects->layers, row->devices, &row->of_layers,
                             why);
    if (st)
        return st;
    const struct samples *timed = &row->of_cells.samples;
    const struct samples *real = &row->of_layers.samples;
    double k = row->devices;
    double m = row->microbatches;
    row->ideal = k * m / (m + k - 1);
    row->cells =
        normalize(&first->cells_ns, samples_median(timed, FIGURE_STEP_NS));
    row->cells_virtual = normalize(&first->cells_virtual_ns,
                                   samples_median(timed, FIGURE_VIRTUAL_NS));
    row->layers =
        normalize(&first->layers_ns, samples_median(real, FIGURE_VIRTUAL_NS));
    return SLUICE_OK;
}

sluice_status table2_measure(const struct table2_config *config,
                             table2_on_row *on_row, void *context,
                             sluice_diag *why)
{
    struct first first = {0, 0, 0};
    struct subjects subjects = {0};
    struct progress progress;
    sluice_status st = SLUICE_OK;
    progress_begin(&progress, stderr, sizeof table2 / sizeof *table2);
    for (size_t i = 0; i < sizeof table2 / sizeof *table2 && !st; i++) {
        struct table2_row row = table2[i];
        if (subjects.custom || row.microbatches != subjects.microbatches) {
            subjects_fini(&subjects);
            st = subjects_init(&subjects, config, &row, why);
        }
        if (!st)
            st = measure_row(&subjects, &row, &first, why);
        progress_erase(&progress);
        if (!st)
            on_row(context, &row);
        progress_step(&progress);
        measurement_fini(&row.of_cells);
        measurement_fini(&row.of_layers);
    }
    progress_erase(&progress);
    subjects_fini(&subjects);
    return st;
}
