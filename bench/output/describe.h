/* A pipeline in words: who holds what, and where the time went. */
#ifndef BENCH_OUTPUT_DESCRIBE_H
#define BENCH_OUTPUT_DESCRIBE_H

#include <stdint.h>
#include <stdio.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/trace.h>

/* Table of the devices: core, layers, memory by use. */
void describe_devices(const sluice_pipeline *pipe, const sluice_model *model,
                      FILE *out);

/* Where the time of several steps went. */
struct time_sum {
    int n_devices;
    int n_steps;
    int64_t step_ns;     /* sums over the steps: from the call to its end */
    int64_t makespan_ns; /* without the updates, as sluice_trace_account() */
    int64_t busy_ns[SLUICE_MAX_DEVICES];
    int64_t wait_ns[SLUICE_MAX_DEVICES];
};

/* Add the last step of a pipeline that has a trace; all its processes do. */
void time_sum_add(struct time_sum *sum, sluice_pipeline *pipe);

/* The same of the devices of this process. */
void time_sum_add_here(struct time_sum *sum, const sluice_pipeline *pipe);

/* The share of all devices' time in which they do not compute, 0 to 1; NAN if
 * nothing was added. */
double time_sum_bubble(const struct time_sum *sum);

/* Table of the devices: busy, waiting, bubble; in all, beside the bubble by the
 * closed form, 0 to 1, unless that is NAN. */
void describe_time(const struct time_sum *sum, double formula, FILE *out);

#endif
