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
struct kind {
    const char *what;
    int devices;
    int64_t spin_ns;
    int fewer; /* micro-batches are divided by this: parking is slow */
    sluice_status (*raw)(int round_trips, double *ns, sluice_diag *why);
    int64_t width; /* elements that are handed on; 0: as few as can be */
};

static const struct kind within[] = {
    {"hot", 2, 200 * 1000, 1, hand_off_spinning, 0},
    {"parked", 2, -1, 16, hand_off_parked, 0},
    {"dispatch", 1, 0, 1, NULL, 0},
    {NULL, 0, 0, 0, NULL, 0},
};

/* Beside messages of MPI. */
static const struct kind between[] = {
    {"16 bytes", 2, 200 * 1000, 1, NULL, EMPTY_WIDTH},
    {"4 KiB", 2, 200 * 1000, 4, NULL, 1 << 10},
    {"256 KiB", 2, 200 * 1000, 64, NULL, 1 << 16},
    {NULL, 0, 0, 0, NULL, 0},
};

enum { PER_MICROBATCH = 2 };

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
        if (config->world)
            st = sluice_world_ping(config->world,
                                   (size_t)kind->width * sizeof(float), n,
                                   &raw_ns, why);
        else if (kind->raw)
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
    const struct empty_cells_config how = {
        .devices = kind->devices,
        .microbatches = n,
        .spin_ns = kind->spin_ns,
        .width = kind->width ? kind->width : EMPTY_WIDTH,
        .world = config->world,
    };
    sluice_status st = empty_cells_create(&how, &cells, why);
    if (st)
        return st;
    st = sample(kind, config, cells, n, raw, samples, why);
    empty_cells_destroy(cells);
    if (st)
        return st;
    const struct overhead_row row = {
        .what = kind->what,
        .raw_ns = kind->raw || config->world
                      ? median_of(raw, config->repetitions)
                      : NAN,
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
    const struct kind *kinds = config->world ? between : within;
    for (int k = 0; kinds[k].what && !st; k++)
        st = measure_kind(&kinds[k], config, samples, on_row, context, why);
    free(samples);
    return st;
}
