/* The measured bubble beside the formula.  The main thread. */
#include "bench/bubble.h"

#include <math.h>

#include <sluice/schedule.h>

#include "bench/workload.h"
#include "bench/yardstick.h"

/* Hand-offs between timed cells must cost nothing beside them: no device parks
 * unless a cell is so long that parking does not show. */
static const int64_t cell_spin_ns = 1000 * 1000 * 1000;

/* A workload and its yardstick; both fit every number of devices, unless the
 * workload is a timed cell for each. */
struct subject {
    struct workload work;
    struct yardstick *yardstick;
    struct measure_config how;
};

static void subject_fini(struct subject *subject)
{
    yardstick_destroy(subject->yardstick);
    workload_fini(&subject->work);
    *subject = (struct subject){0};
}

static sluice_status subject_init(const struct bubble_config *config,
                                  const struct bubble_row *row,
                                  struct subject *subject, sluice_diag *why)
{
    *subject = (struct subject){
        .how =
            {
                .work = &subject->work,
                .order = &config->order,
                .microbatches = row->microbatches,
                .warmup = config->warmup,
                .repetitions = config->repetitions,
                .spin_ns = config->cell_ns ? cell_spin_ns : 0,
                .seed = config->seed,
            },
    };
    sluice_status st =
        config->cell_ns
            ? workload_cells(&subject->work, row->devices, config->cell_ns,
                             row->batch, config->seed, why)
            : workload_parse(&subject->work, config->model, row->batch,
                             config->seed, why);
    if (!st)
        st = yardstick_create(&subject->how, &subject->yardstick, why);
    if (st)
        subject_fini(subject);
    return st;
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
            subject_fini(&subject);
            st = subject_init(config, &rows[i], &subject, why);
        }
        subject.how.devices = rows[i].devices;
        if (!st)
            st = measure(&subject.how, subject.yardstick, &rows[i].measured,
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
            one = (double)rows[i].measured.step_ns;
    for (int i = 0; i < n; i++) {
        int work = config->cell_ns ? rows[i].devices : 1;
        rows[i].speedup = one * work / (double)rows[i].measured.step_ns;
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
        if (st)
            return st;
        set_speedups(config, rows, devices->n);
        for (int k = 0; k < devices->n; k++)
            on_row(context, &rows[k]);
    }
    return SLUICE_OK;
}
