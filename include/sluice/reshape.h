/*
 * Reshaping a pipeline between two steps: another number of devices, another
 * cut, schedule, number of micro-batches or replicas, with the same parameters
 * and optimizer states, without a file.
 *
 *     sluice_pipeline_config config = as_created;
 *     config.schedule.devices = 3;
 *     config.partition = (int[]){4, 2, 2};
 *     sluice_pipeline_reshape(pipe, &config, &why);
 *
 * Bits.  After a reshape a pipeline trains as one that was created with the new
 * config, and was given the same parameters, states and number of steps.  So
 * where the bits depend on a setting, as on the number of micro-batches, they
 * are those of the new setting from the next step on; and where they do not, as
 * with devices and cut, a training ends in the bits of one that was never
 * reshaped.
 *
 * Asynchronous schedules are reshaped exactly, too: all versions of the weights
 * but the newest end with the step.
 *
 * In several processes (world.h) all of them reshape at the same point between
 * two steps, to the same shape; `processes` may give devices to others than
 * before.  Tensors go from the process that has them to those that are to have
 * them, one at a time.
 */
#ifndef SLUICE_RESHAPE_H
#define SLUICE_RESHAPE_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Give the pipeline the shape that `config` describes: anything in it may
 * differ from what the pipeline was created with, except `batch`, `seed`,
 * `loss` and `optimizer` with their configs, `allocator` and `world`.  The
 * config of a loss or optimizer that is not the library's is compared byte for
 * byte, bytes between its fields included: set all of it to zero first.
 *
 * Kept are parameters, running statistics, optimizer states, the number of
 * steps, the learning rate that was set, and whether the pipeline is cancelled.
 * The position in the data is the caller's.  In several processes each may read
 * other rows than before, as sluice_pipeline_reads() then says: a step refuses,
 * in all processes, what one of them has not got.
 *
 * The new shape is checked, proved, planned and built beside the old one, with
 * threads of its own, since each device pins itself and clears its memory
 * before the old shape gives anything up.  Then tensors are copied from the old
 * arenas into the new ones, and the old threads end.  Meanwhile the memory of
 * both is taken, with that of the largest tensor that does not lie in one piece
 * in the process, and OpenBLAS must have buffers for the devices of both.
 * Devices keep the cores of the old shape, the first ones first, so that a core
 * is not lost to another pipeline.
 *
 * The handle stays.  What it has given out becomes invalid: the schedule and
 * the trace; gradients are undefined until the next step.  Iterators over
 * parameters and tensors, savers, also one that is writing, and decoders go on;
 * a decoder only if the new shape has one that could be created.
 *
 * Threads  the caller's; no call of step, evaluate or infer may be under way.
 *          Other threads may cancel, ask for activities and the number of
 *          devices meanwhile.  sluice_pipeline_cancel() does not end a reshape.
 * Blocks   in several processes, until all have called it, or one is gone.
 * Returns  SLUICE_OK; SLUICE_INVALID naming a field that may not change, in a
 *          child of fork(), or if processes give other shapes; or what
 *          sluice_pipeline_create() returns.  After an error the pipeline is as
 *          it was.  In several processes all return the same; if one dies
 *          meanwhile, SLUICE_SYSTEM naming it.
 */
SLUICE_API sluice_status
sluice_pipeline_reshape(sluice_pipeline *pipe,
                        const sluice_pipeline_config *config, sluice_diag *why);

/* How often it was reshaped. */
SLUICE_API uint64_t sluice_pipeline_n_reshapes(const sluice_pipeline *pipe);

/*
 * Change the speeds that devices are told, as `device_speeds` of the config,
 * from the next step on.  A reshape sets those of its config again.
 *
 * Shapes   speeds[n], n the number of devices; NULL: 1 for all.
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_INVALID for another n, or a speed out of range,
 *          and the speeds stay as they were.
 */
SLUICE_API sluice_status sluice_pipeline_set_speeds(sluice_pipeline *pipe,
                                                    const double *speeds, int n,
                                                    sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
