/*
 * GPipe's table 1: the deepest network that trains under a fixed cap of memory
 * for each device (Huang et al., 2019).
 */
#ifndef BENCH_MEMORY_TABLE1_H
#define BENCH_MEMORY_TABLE1_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/measure/depth.h"
#include "bench/memory/footprint.h"

struct table1_row {
    const char *name; /* "naive-1", "pipeline-8" */
    int devices;
    int microbatches;
    int remat;
    struct depth depth; /* the most layers that fit, by position */
    int layers;         /* of the whole */
    int off_linear;     /* layers, less those on the line through pipeline-2 and
                           pipeline-4 */
    double growth;      /* layers over those of pipeline-1 */
    size_t planned;     /* of the device that needs most */
    size_t least;       /* the same with one layer on each device: a smaller
                           cap holds none, and the row has 0 layers */
    bool by_position;   /* planned through three devices */
    bool trained;       /* a step was made */
    size_t actual;      /* then: handed out to the device that needs most */
    double paper;       /* Transformer layers in the paper; NAN: not given */
};

typedef void table1_on_row(void *context, const struct table1_row *row);

/*
 * Find the depth for naive-1 and pipelines of 1, 2, 4, 8, 32 and 128 devices,
 * with the width, batch, cap and first number of micro-batches of `config`.  A
 * step is made where a process may have so many devices and half of the
 * machine's memory holds them.
 *
 * Returns  SLUICE_OK with `*linear`, whether all pipelines of two devices and
 *          more that hold a layer on each are within a layer of the line; or
 *          the first error.
 */
sluice_status table1_measure(const struct footprint_config *config,
                             table1_on_row *on_row, void *context, bool *linear,
                             sluice_diag *why);

#endif
