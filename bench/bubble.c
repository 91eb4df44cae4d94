/* The measured bubble beside the formula.  The main thread. */
#include "bench/bubble.h"

#include <math.h>

#include <sluice/schedule.h>

#include "bench/subject.h"

/* It fits every number of devices, unless it is a timed cell for each. */
static struct subject_config subject_of(const struct bubble_config *config,
                                        const struct bubble_row *row)
{
    return (struct subject_config){
        .model = config->model,
        .batch = row->batch,
        .cells = config->cell_ns ? row->devices : 0,
        .cell_ns = config->cell_ns,
        .microbatches = row->microbatches,
        .run = &config->run,
        .order = &config->order,
    };
}

/* Measure the rows of one number of micro-batches. */
static sluice_status measure_rows(const struct bubble_config *config,
                                  struct bubble_row *rows, int n,
                                  sluice_diag *why)
{
    struct subject subject = {0};
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++) {
        if (i == 0 || config->cell_ns) {
            const struct subject_config what = subject_of(config, &rows[i]);
            subject_fini(&subject);
            st = subject_init(&subject, &what, why);
        }
        if (!st)
            st = subject_measure(&subject, rows[i].devices, &rows[i].measured,
                                 why);
    }
    subject_fini(&subject);
    return st;
}

/* Times faster than one device: work done per time.  Timed cells are as many as
 * there are devices, so K devices do K times the work. */
static void set_speedups(const struct bubble_config *config,
                         struct bubble_row *rows, int n)
{
    double one = NAN;
    for (int i = 0; i < n; i++)
        if (rows[i].devices == 1)
            one = samples_median(&rows[i].measured.samples, FIGURE_STEP_NS);
    for (int i = 0; i < n; i++) {
        int work = config->cell_ns ? rows[i].devices : 1;
        rows[i].speedup =
            one * work /
            samples_median(&rows[i].measured.samples, FIGURE_STEP_NS);
    }
}

sluice_status bubble_measure(const struct bubble_config *config,
                             bubble_on_row *on_row, void *context,
                             sluice_diag *why)
{
    const struct range *devices = &config->devices;
    for (int m = 0; m < config->microbatches.n; m++) {
        int microbatches = config->microbatches.values[m];
        struct bubble_row rows[RANGE_MAX];
        for (int k = 0; k < devices->n; k++)
            rows[k] = (struct bubble_row){
                .devices = devices->values[k],
                .microbatches = microbatches,
                .batch = config->cell_ns ? microbatches : config->batch,
                .formula =
                    sluice_bubble_formula(devices->values[k], microbatches),
            };
        sluice_status st = measure_rows(config, rows, devices->n, why);
        if (!st)
            set_speedups(config, rows, devices->n);
        for (int k = 0; k < devices->n; k++) {
            if (!st)
                on_row(context, &rows[k]);
            measurement_fini(&rows[k].measured);
        }
        if (st)
            return st;
    }
    return SLUICE_OK;
}
