/*
 * Schedules whose steps are timed to learn what layers take: every layer is a
 * stage.  Any thread.
 */
#ifndef BENCH_MEASURE_LAYERS_TIMED_STEP_H
#define BENCH_MEASURE_LAYERS_TIMED_STEP_H

#include <stdbool.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

/* Which backwards the micro-batches of a step have. */
enum timed_backwards {
    TIMED_WHOLE,
    TIMED_SPLIT,
    TIMED_MIXED, /* half of them each */
};

struct timed_step {
    enum timed_backwards backwards;
    int n_layers;
    int n_microbatches;
    int devices;     /* that have as many layers each as the others, or one more
                        or less, and work as 1f1b has them; 1: one has all */
    bool recomputes; /* the first micro-batch to go back, unless it is the
                        only one or its backward is whole */
};

/* Returns  SLUICE_OK; as sluice_schedule_create(). */
sluice_status timed_step_schedule(const struct timed_step *step,
                                  sluice_schedule **out, sluice_diag *why);

#endif
