/* A workload to be measured, with the reference for it. */
#ifndef BENCH_MEASURE_SUBJECT_H
#define BENCH_MEASURE_SUBJECT_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/measurement.h"
#include "bench/measure/run_options.h"

struct subject_config {
    const char *model; /* real layers ... */
    int64_t batch;     /* for them */
    int cells;         /* ... unless there are timed cells, one row for each
                          micro-batch; at most SLUICE_MAX_STAGES */
    int64_t cell_ns;   /* of each of them, or else: */
    const sluice_timed_config *times;     /* [cells] */
    const sluice_timed_head_config *head; /* behind the cells, cut across the
                                             devices; NULL: none */
    const sluice_schedule *custom;        /* as in measure_config */
    int microbatches;
    const char *title;                 /* as in measure_config */
    const struct measure_turns *turns; /* the same */
    const struct run_options *run;
    const struct order_options *order;
};

/* It stays where it is, for `how` points into it. */
struct subject {
    struct workload work;
    struct yardstick *yardstick;
    struct measure_config how; /* but for the number of devices; the caller may
                                  choose its team */
};

/*
 * Make the workload, and train the reference.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status subject_init(struct subject *subject,
                           const struct subject_config *config,
                           sluice_diag *why);

/* Zeros are allowed. */
void subject_fini(struct subject *subject);

/* Measure it on so many devices.  Returns as measure(). */
sluice_status subject_measure(struct subject *subject, int devices,
                              struct measurement *out, sluice_diag *why);

#endif
