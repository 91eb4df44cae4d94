/* A step that a report shows: its trace, and where its time went. */
#ifndef BENCH_HEADLINE_REPORT_STEP_H
#define BENCH_HEADLINE_REPORT_STEP_H

#include <stdint.h>

#include <sluice/attribution.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>
#include <sluice/trace.h>

#include "bench/measure/workload.h"

struct shown_step {
    struct workload work;
    sluice_pipeline *pipe; /* owns the trace */
    sluice_trace trace;
    sluice_idle idle[SLUICE_MAX_DEVICES];
    sluice_attribution attribution; /* `predicted` by the simulator */
};

struct shown_step_config {
    const char *model; /* real layers */
    int64_t batch;
    int devices;
    int microbatches;
    int n_steps; /* the last of them is shown */
    uint64_t seed;
};

/*
 * Train a few steps and attribute the time of the last one.
 *
 * Returns  SLUICE_OK, and shown_step_fini() is to be called; or the first
 *          error.
 */
sluice_status shown_step_init(struct shown_step *step,
                              const struct shown_step_config *config,
                              sluice_diag *why);

void shown_step_fini(struct shown_step *step);

#endif
