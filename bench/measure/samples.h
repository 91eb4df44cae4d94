/* What the timed steps of a measurement showed. */
#ifndef BENCH_MEASURE_SAMPLES_H
#define BENCH_MEASURE_SAMPLES_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/measure/step_parts.h"

/* Figures of one step. */
enum figure {
    FIGURE_STEP_NS,        /* from the call to its return */
    FIGURE_CPU_NS,         /* CPU time of the whole process meanwhile */
    FIGURE_VIRTUAL_NS,     /* the step on the virtual clock */
    FIGURE_BUBBLE,         /* 1 - busy, of all devices */
    FIGURE_BUBBLE_VIRTUAL, /* the same on the virtual clock */
    FIGURE_PARTS,          /* the first of N_PARTS */
    FIGURE_PARTS_VIRTUAL = FIGURE_PARTS + N_PARTS,
    N_FIGURES = FIGURE_PARTS_VIRTUAL + N_PARTS,
};

struct samples {
    int n;          /* steps */
    double *values; /* [N_FIGURES][n], in order of time */
};

sluice_status samples_init(struct samples *samples, int n, sluice_diag *why);
void samples_fini(struct samples *samples);

/* The values[n] of one figure. */
double *samples_of(const struct samples *samples, int figure);

/* Over the steps, at least one. */
double samples_median(const struct samples *samples, int figure);
double samples_min(const struct samples *samples, int figure);
double samples_max(const struct samples *samples, int figure);

/* The median of values[n], n at least 1. */
double median_of(const double *values, int n);

#endif
