/* What the machinery costs.  The main thread. */
#include "bench/overhead/overhead.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "bench/measure/samples.h"
#include "bench/overhead/empty_cells.h"
#include "bench/overhead/hand_off.h"

/* A kind of measurement.  A micro-batch takes `per_microbatch` of what is
 * counted: two hand-offs, or two actions. */
static const struct kind {
    const char *what;
    int devices;
    int64_t spin_ns;
    int fewer; /* micro-batches are divided by this: parking is slow */
    sluice_status (*raw)(int round_trips, double *ns, sluice_diag *why);
} kinds[] = {
    {"hot", 2, 200 * 1000, 1, hand_off_spinning},
    {"parked", 2, -1, 16, hand_off_parked},
    {"dispatch", 1, 0, 1, NULL},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds, PER_MICROBATCH = 2 };

/* The raw one and ours in turn. */
static sluice_status sample(const struct kind *kind,
                            const struct overhead_config *config,
                            struct empty_cells *cells, int n, double *raw,
                            double *ours, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -config->warmup; i < config->repetitions && !st; i++) {
        double raw_ns = NAN;
        double ns = 0;
        if (kind->raw)
            st = kind->raw(n, &raw_ns, why);
        if (!st)
            st = empty_cells_step(cells, &ns, why);
        if (st || i < 0)
            continue;
        raw[i] = raw_ns;
        ours[i] = ns / PER_MICROBATCH;
    }
    return st;
}

static sluice_status measure_kind(const struct kind *kind,
                                  const struct overhead_config *config,
                                  double *samples, overhead_on_row *on_row,
                                  void *context, sluice_diag *why)
{
    int n = config->microbatches / kind->fewer;
    double *raw = samples + config->repetitions;
    struct empty_cells *cells;
    n = n > 0 ? n : 1;
    sluice_status st =
        empty_cells_create(kind->devices, n, kind->spin_ns, &cells, why);
    if (st)
        return st;
    st = sample(kind, config, cells, n, raw, samples, why);
    empty_cells_destroy(cells);
    if (st)
        return st;
    const struct overhead_row row = {
        .what = kind->what,
        .raw_ns = kind->raw ? median_of(raw, config->repetitions) : NAN,
        .sluice_ns = median_of(samples, config->repetitions),
        .samples = samples,
    };
    on_row(context, &row);
    return SLUICE_OK;
}

sluice_status overhead_measure(const struct overhead_config *config,
                               overhead_on_row *on_row, void *context,
                               sluice_diag *why)
{
    double *samples = calloc((size_t)config->repetitions, 2 * sizeof *samples);
    if (!samples)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for samples");
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < N_KINDS && !st; k++)
        st = measure_kind(&kinds[k], config, samples, on_row, context, why);
    free(samples);
    return st;
}
