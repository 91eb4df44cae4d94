/* What the machine can do, beside what a step does.  The main thread. */
#include "bench/roofline/roofline.h"

#include <stdlib.h>

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

/* Bounds that are measured in turn with the steps of a row. */
struct turns {
    struct bound_config config;
    struct bound_loops *loops; /* NULL until the first turn */
    struct bound *bounds;      /* [repetitions + 1] */
    int n;
};

/* A take() of measure_turns.  The pipelines of loops come after that of the
 * steps, which has its choice of cores. */
static sluice_status take(void *context, sluice_diag *why)
{
    struct turns *turns = context;
    sluice_status st = SLUICE_OK;
    if (!turns->loops)
        st = bound_loops_create(&turns->config, &turns->loops, why);
    if (!st)
        st = bound_loops_measure(turns->loops, &turns->bounds[turns->n], why);
    turns->n++;
    return st;
}

static int by_step(const void *a, const void *b)
{
    const struct bound *x = a, *y = b;
    return (x->step_ns > y->step_ns) - (x->step_ns < y->step_ns);
}

/* The share of each step is that of the bounds before and behind it: a
 * change of the machine's speed that lasts longer than both cancels. */
static sluice_status read_turns(struct turns *turns, struct roofline_row *row,
                                sluice_diag *why)
{
    const double *step_ns = samples_of(&row->measured.samples, FIGURE_STEP_NS);
    int n = row->measured.samples.n;
    double *shares = malloc((size_t)n * sizeof *shares);
    if (!shares)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the shares of %d steps", n);
    for (int i = 0; i < n; i++)
        shares[i] = (turns->bounds[i].step_ns + turns->bounds[i + 1].step_ns) /
                    2 / step_ns[i];
    row->share = median_of(shares, n);
    free(shares);
    double alone = turns->bounds[0].products_alone;
    qsort(turns->bounds, (size_t)n + 1, sizeof *turns->bounds, by_step);
    row->bound = turns->bounds[n / 2];
    row->bound.products_alone = alone;
    return SLUICE_OK;
}

static sluice_status measure_row(const struct roofline_config *config,
                                 struct subject *subject, struct turns *turns,
                                 struct roofline_row *row, sluice_diag *why)
{
    turns->config = (struct bound_config){
        .model = subject->work.model,
        .order = &config->order,
        .devices = row->devices,
        .microbatches = row->microbatches,
        .batch = row->batch,
        .steps = 1,
        .each_alone = true,
    };
    turns->n = 0;
    sluice_status st =
        subject_measure(subject, row->devices, &row->measured, why);
    bound_loops_destroy(turns->loops);
    turns->loops = NULL;
    if (st)
        return st;
    st = read_turns(turns, row, why);
    if (st)
        measurement_fini(&row->measured);
    return st;
}

/* Make the workload and its reference; `*custom` is as order_custom(). */
static sluice_status make_subject(const struct roofline_config *config,
                                  const struct roofline_row *row,
                                  const struct measure_turns *turns,
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
        .turns = turns,
    };
    return subject_init(subject, &what, why);
}

/* The rows of one number of micro-batches have one reference, unless each row
 * has a schedule that is not a generator's. */
static sluice_status measure_rows(const struct roofline_config *config,
                                  struct roofline_row row, struct turns *turns,
                                  struct progress *progress,
                                  roofline_on_row *on_row, void *context,
                                  sluice_diag *why)
{
    const struct measure_turns in_turn = {take, turns};
    struct subject subject = {0};
    sluice_schedule *custom = NULL;
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < config->devices.n && !st; k++) {
        row.devices = config->devices.values[k];
        if (k == 0 || custom) {
            subject_fini(&subject);
            sluice_schedule_destroy(custom);
            st = make_subject(config, &row, &in_turn, &custom, &subject, why);
        }
        if (!st)
            st = measure_row(config, &subject, turns, &row, why);
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
    struct turns turns = {0};
    struct progress progress;
    turns.bounds =
        calloc((size_t)config->run.repetitions + 1, sizeof *turns.bounds);
    if (!turns.bounds)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the bounds of %d steps",
                               config->run.repetitions);
    progress_begin(&progress, stderr, config->devices.n * m->n);
    sluice_status st = measure_machine(&row.machine, why);
    for (int i = 0; i < m->n && !st; i++) {
        row.microbatches = m->values[i];
        st = measure_rows(config, row, &turns, &progress, on_row, context, why);
    }
    free(turns.bounds);
    progress_erase(&progress);
    return st;
}
