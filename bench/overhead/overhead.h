/* What the machinery of a pipeline costs beside its work. */
#ifndef BENCH_OVERHEAD_OVERHEAD_H
#define BENCH_OVERHEAD_OVERHEAD_H

#include <stdint.h>

#include <sluice/status.h>
#include <sluice/world.h>

struct overhead_config {
    int microbatches;
    int warmup;
    int repetitions;
    sluice_world *world; /* no option: measure between two processes; NULL */
};

/* Medians over the repetitions, in ns. */
struct overhead_row {
    const char *what;  /* "hot", "parked", "dispatch" */
    double raw_ns;     /* a hand-off and nothing else; NAN: there is none */
    double sluice_ns;  /* a hand-off with one F and one B; of "dispatch": an
                          action on one device */
    double actions_ns; /* one F and one B of the same cells on one device, which
                          hands nothing off; NAN of "dispatch" */
    double hand_off_ns; /* of what a hand-off took longer each time */
    double *samples;    /* [repetitions] of sluice_ns */
};

typedef void overhead_on_row(void *context, const struct overhead_row *row);

/*
 * Measure hand-offs between devices that poll and that park, each in turn with
 * a raw one and with what is no hand-off, and actions of one device.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status overhead_measure(const struct overhead_config *config,
                               overhead_on_row *on_row, void *context,
                               sluice_diag *why);

/*
 * The same of a hand-off of `width` floats between the two processes of
 * config->world; `row` has no samples.
 */
sluice_status overhead_of_item(const struct overhead_config *config,
                               int64_t width, struct overhead_row *row,
                               sluice_diag *why);

#endif
