/*
 * How fast the cores make the matrix products of a model, back to back: one
 * pipeline of product layers for each core, stepped alone or at the same time
 * as the others.
 */
#ifndef BENCH_ROOFLINE_PRODUCT_TIMES_H
#define BENCH_ROOFLINE_PRODUCT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/status.h>

#include "bench/roofline/product_layer.h"

struct product_times_config {
    const sluice_model *model;
    int64_t rows;          /* of a micro-batch */
    int microbatches;      /* of the step; a few of them are made */
    const char *gemm;      /* the backend, as in sluice_pipeline_config */
    const char *precision; /* the same */
    int steps;             /* that are measured, at least 1 */
    int cores;             /* that compute at once, at least 1 */
    bool each_alone;       /* measure every core alone, too */
};

/* What a call takes for one micro-batch; the mean over the cores. */
struct product_time {
    double alone_ns[N_PRODUCT_KINDS]; /* 0 unless each_alone */
    double together_ns[N_PRODUCT_KINDS];
};

struct product_times {
    int n_layers;
    struct product_time *layers; /* [n_layers] */
    const char *gemm;            /* as sluice_pipeline_gemm() */
};

/* The pipelines, which can be measured several times.  Their devices are pinned
 * to the cores of the crew, whatever else is. */
struct product_loops;

/*
 * Create and destroy them.  `config` is copied, its model outlives them; NULL
 * can be destroyed.
 *
 * Returns  SLUICE_OK, or the first error of a pipeline.
 */
sluice_status product_loops_create(const struct product_times_config *config,
                                   struct product_loops **out,
                                   sluice_diag *why);
void product_loops_destroy(struct product_loops *loops);

/*
 * Measure.  `each_alone` of the config counts in the first call.
 *
 * Returns  SLUICE_OK with `out`, to be freed by product_times_fini(), whose
 *          name of the backend lives as long as the loops; or the first error
 *          of a step.
 */
sluice_status product_loops_measure(struct product_loops *loops,
                                    struct product_times *out,
                                    sluice_diag *why);

/* Zeros are allowed. */
void product_times_fini(struct product_times *times);

/* Floating-point operations of a model's products for one row, of a kind. */
double product_row_flops(const sluice_model *model, enum product_kind kind);

#endif
