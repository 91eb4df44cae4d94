/*
 * Which W of a schedule a pipeline with join_weights computes in one call, told
 * to the sequential reference.
 */
#ifndef BENCH_MEASURE_JOINS_H
#define BENCH_MEASURE_JOINS_H

#include <stdbool.h>

#include <sluice/model.h>
#include <sluice/reference.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

/* Whether the reference can follow: one copy of the model, one update. */
bool joins_have_reference(const sluice_schedule *schedule);

/*
 * Make the reference of `model`, whose layers are spread evenly over the
 * stages, take weight gradients in the runs of the schedule.  Where backwards
 * run in reverse there are none.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID as sluice_reference_join();
 *          SLUICE_NO_MEMORY.
 */
sluice_status joins_follow(sluice_reference *reference,
                           const sluice_model *model,
                           const sluice_schedule *schedule, sluice_diag *why);

#endif
