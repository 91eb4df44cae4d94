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

/* Two pipelines, and a time of each repetition. */
struct run {
    struct empty_cells *cells;
    struct empty_cells *alone; /* on one device; NULL: of another process, or of
                                  "dispatch" */
    double *ours;
    double *raw;
    double *actions;
    double *rest; /* ours - actions */
};

/* The raw one, ours and the actions by themselves in turn. */
static sluice_status sample(const struct kind *kind,
                            const struct overhead_config *config,
                            const struct run *run, int n, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int i = -config->warmup; i < config->repetitions && !st; i++) {
        double raw_ns = NAN;
        double ns = 0, actions_ns = NAN;
        if (config->world)
            st = sluice_world_ping(config->world,
                                   (size_t)kind->width * sizeof(float), n,
                                   &raw_ns, why);
        else if (kind->raw)
            st = kind->raw(n, &raw_ns, why);
        if (!st)
            st = empty_cells_step(run->cells, &ns, why);
        if (!st && run->alone)
            st = empty_cells_step(run->alone, &actions_ns, why);
        if (st || i < 0)
            continue;
        run->raw[i] = raw_ns;
        run->ours[i] = ns / PER_MICROBATCH;
        run->actions[i] = actions_ns / PER_MICROBATCH;
        run->rest[i] = run->ours[i] - run->actions[i];
    }
    return st;
}

/* The cells of two devices, and both on one; of processes, process 0 has
 * that. */
static sluice_status create(const struct kind *kind,
                            const struct overhead_config *config, int n,
                            struct run *run, sluice_diag *why)
{
    struct empty_cells_config how = {
        .devices = kind->devices,
        .cells = kind->devices,
        .microbatches = n,
        .spin_ns = kind->spin_ns,
        .width = kind->width ? kind->width : EMPTY_WIDTH,
        .world = config->world,
    };
    sluice_status st = empty_cells_create(&how, &run->cells, why);
    how.devices = 1;
    how.world = NULL;
    if (!st && kind->devices > 1 &&
        (!config->world || sluice_world_rank(config->world) == 0))
        st = empty_cells_create(&how, &run->alone, why);
    return sluice_world_agree(config->world, st, why);
}

/* `samples` has room for four times the repetitions. */
static sluice_status measure_kind(const struct kind *kind,
                                  const struct overhead_config *config,
                                  double *samples, struct overhead_row *row,
                                  sluice_diag *why)
{
    int n = config->microbatches / kind->fewer;
    struct run run = {
        .ours = samples,
        .raw = samples + config->repetitions,
        .actions = samples + 2 * config->repetitions,
        .rest = samples + 3 * config->repetitions,
    };
    n = n > 0 ? n : 1;
    sluice_status st = create(kind, config, n, &run, why);
    if (!st)
        st = sample(kind, config, &run, n, why);
    empty_cells_destroy(run.alone);
    empty_cells_destroy(run.cells);
    if (st)
        return st;
    *row = (struct overhead_row){
        .what = kind->what,
        .raw_ns = kind->raw || config->world
                      ? median_of(run.raw, config->repetitions)
                      : NAN,
        .sluice_ns = median_of(run.ours, config->repetitions),
        .actions_ns =
            run.alone ? median_of(run.actions, config->repetitions) : NAN,
        .hand_off_ns =
            run.alone ? median_of(run.rest, config->repetitions) : NAN,
        .samples = samples,
    };
    return SLUICE_OK;
}

static double *make_samples(const struct overhead_config *config)
{
    return calloc((size_t)config->repetitions, 4 * sizeof(double));
}

sluice_status overhead_measure(const struct overhead_config *config,
                               overhead_on_row *on_row, void *context,
                               sluice_diag *why)
{
    double *samples = make_samples(config);
    struct overhead_row row;
    if (!samples)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for samples");
    sluice_status st = SLUICE_OK;
    const struct kind *kinds = config->world ? between : within;
    for (int k = 0; kinds[k].what && !st; k++) {
        st = measure_kind(&kinds[k], config, samples, &row, why);
        if (!st)
            on_row(context, &row);
    }
    free(samples);
    return st;
}

sluice_status overhead_of_item(const struct overhead_config *config,
                               int64_t width, struct overhead_row *row,
                               sluice_diag *why)
{
    struct kind kind = between[0];
    kind.width = width;
    double *samples = make_samples(config);
    sluice_status st = SLUICE_OK;
    if (!samples)
        st =
            sluice_diag_set(why, SLUICE_NO_MEMORY, "out of memory for samples");
    st = sluice_world_agree(config->world, st, why);
    if (!st)
        st = measure_kind(&kind, config, samples, row, why);
    row->samples = NULL;
    free(samples);
    return st;
}
