/*
 * A head that is cut across the devices beside the best contiguous cut, on
 * timed cells: blocks that take as long each, and a head of so many of them.
 */
#ifndef BENCH_VOCABULARY_VOCABULARY_ROWS_H
#define BENCH_VOCABULARY_VOCABULARY_ROWS_H

#include <stdint.h>

#include <sluice/schedule.h>
#include <sluice/status.h>

#include "bench/cli/range.h"
#include "bench/measure/measurement.h"
#include "bench/measure/run_options.h"

struct vocabulary_bench {
    struct range devices;
    struct range microbatches;
    int blocks;
    double head;     /* blocks that take as long */
    int64_t cell_ns; /* of F, I and W of a block, each */
    struct run_options run;
};

struct vocabulary_row {
    int devices;
    int microbatches;
    const char *layout;            /* "contiguous" or "cut" */
    int sizes[SLUICE_MAX_DEVICES]; /* blocks of each device, the head
                                      among them if it is whole */
    double formula; /* the bubble: of a cut head sluice_schedule_idle(), if the
                       devices have as many blocks each; else the simulator's */
    double faster;  /* times, than the contiguous cut, on the virtual clock */
    struct measurement measured;
};

typedef void vocabulary_on_row(void *context, const struct vocabulary_row *row);

/*
 * Measure both for each number of devices and micro-batches.
 *
 * Returns  SLUICE_OK, or the first error.
 */
sluice_status vocabulary_measure(const struct vocabulary_bench *bench,
                                 vocabulary_on_row *on_row, void *context,
                                 sluice_diag *why);

#endif
