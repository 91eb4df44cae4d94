/* What the machine can do, beside what a step does.  The main thread. */
#include "bench/roofline/roofline.h"

#include "bench/measure/subject.h"
#include "bench/order/schedule_source.h"
#include "bench/output/progress.h"
#include "bench/roofline/crew.h"
#include "bench/roofline/peak.h"

enum { MEMORY_BYTES = 64 << 20 }; /* more than a core's own caches */

/* Both are a crew_work. */
static double multiply(void *context, int i)
{
    (void)context;
    (void)i;
    return peak_flops();
}

static double stream(void *context, int i)
{
    (void)context;
    (void)i;
    return peak_bandwidth(MEMORY_BYTES);
}

/* A rate of the slowest core alone, and the mean over all of them at once. */
static sluice_status measure_rate(crew_work *work, double *alone,
                                  double *together, sluice_diag *why)
{
    int n = crew_cores();
    double rates[SLUICE_MAX_DEVICES];
    if (n > SLUICE_MAX_DEVICES)
        n = SLUICE_MAX_DEVICES;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && !st; i++) {
        st = crew_run(i, 1, work, NULL, rates, why);
        if (i == 0 || rates[0] < *alone)
            *alone = rates[0];
    }
    if (!st)
        st = crew_run(0, n, work, NULL, rates, why);
    *together = 0;
    for (int i = 0; i < n && !st; i++)
        *together += rates[i] / n;
    return st;
}

static sluice_status measure_machine(struct machine *machine, sluice_diag *why)
{
    sluice_status st = measure_rate(multiply, &machine->flops_alone,
                                    &machine->flops_together, why);
    return st ? st
              : measure_rate(stream, &machine->memory_alone,
                             &machine->memory_together, why);
}

/* Measure the bound again, and keep the lower one: what was possible once is
 * possible. */
static sluice_status lower_bound(const struct bound_config *config,
                                 struct bound *bound, sluice_diag *why)
{
    struct bound again;
    sluice_status st = bound_measure(config, &again, why);
    if (!st && again.step_ns < bound->step_ns) {
        again.products_alone = bound->products_alone;
        *bound = again;
    }
    return st;
}

/* The bound before and after the step, because the clock of a core changes with
 * time. */
static sluice_status measure_row(const struct roofline_config *config,
                                 struct subject *subject,
                                 struct roofline_row *row, sluice_diag *why)
{
    struct bound_config bound = {
        .model = subject->work.model,
        .order = &config->order,
        .devices = row->devices,
        .microbatches = row->microbatches,
        .batch = row->batch,
        .steps = config->run.repetitions,
        .each_alone = true,
    };
    sluice_status st = bound_measure(&bound, &row->bound, why);
    if (!st)
        st = subject_measure(subject, row->devices, &row->measured, why);
    if (st)
        return st;
    bound.each_alone = false;
    st = lower_bound(&bound, &row->bound, why);
    if (st)
        measurement_fini(&row->measured);
    return st;
}

/* Make the workload and its reference; `*custom` is as order_custom(). */
static sluice_status make_subject(const struct roofline_config *config,
                                  const struct roofline_row *row,
                                  sluice_schedule **custom,
                                  struct subject *subject, sluice_diag *why)
{
    sluice_status st = order_custom(&config->order, row->devices,
                                    row->microbatches, custom, why);
    if (st)
        return st;
    const struct subject_config what = {
        .model = config->model,
        .batch = config->batch,
        .custom = *custom,
        .microbatches = row->microbatches,
        .run = &config->run,
        .order = &config->order,
    };
    return subject_init(subject, &what, why);
}

/* The rows of one number of micro-batches have one reference, unless each row
 * has a schedule that is not a generator's. */
static sluice_status measure_rows(const struct roofline_config *config,
                                  struct roofline_row row,
                                  struct progress *progress,
                                  roofline_on_row *on_row, void *context,
                                  sluice_diag *why)
{
    struct subject subject = {0};
    sluice_schedule *custom = NULL;
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < config->devices.n && !st; k++) {
        row.devices = config->devices.values[k];
        if (k == 0 || custom) {
            subject_fini(&subject);
            sluice_schedule_destroy(custom);
            st = make_subject(config, &row, &custom, &subject, why);
        }
        if (!st)
            st = measure_row(config, &subject, &row, why);
        progress_erase(progress);
        if (!st) {
            on_row(context, &row);
            measurement_fini(&row.measured);
        }
        progress_step(progress);
    }
    subject_fini(&subject);
    sluice_schedule_destroy(custom);
    return st;
}

sluice_status roofline_measure(const struct roofline_config *config,
                               roofline_on_row *on_row, void *context,
                               sluice_diag *why)
{
    const struct range *m = &config->microbatches;
    struct roofline_row row = {.batch = config->batch};
    struct progress progress;
    progress_begin(&progress, stderr, config->devices.n * m->n);
    sluice_status st = measure_machine(&row.machine, why);
    for (int i = 0; i < m->n && !st; i++) {
        row.microbatches = m->values[i];
        st = measure_rows(config, row, &progress, on_row, context, why);
    }
    progress_erase(&progress);
    return st;
}
