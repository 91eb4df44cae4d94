/*
 * What a schedule decides about bits, told to the sequential reference: the
 * copies that micro-batches go through, the versions of the weights they use.
 */
#ifndef BENCH_MEASURE_FOLLOW_H
#define BENCH_MEASURE_FOLLOW_H

#include <sluice/model.h>
#include <sluice/reference.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

/*
 * Make the reference of `model`, whose layers are spread evenly over the
 * stages, do as the schedule does.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the updates do not take the
 *          micro-batches in order; SLUICE_NO_MEMORY.
 */
sluice_status follow_schedule(sluice_reference *reference,
                              const sluice_model *model,
                              const sluice_schedule *schedule,
                              sluice_diag *why);

#endif
