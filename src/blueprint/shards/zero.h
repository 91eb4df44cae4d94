/*
 * ZeRO (Rajbhandari et al., 2020): devices that hold the same part of the model
 * share out among them what each would have for itself.  They are the part's
 * holders, in all replicas and copies (blueprint/coordinates.h), and they add
 * up its gradients in any case.
 *
 *     stage 1   a device has the optimizer's states of its chunk of the
 *               parameters of each of its stages, and updates that chunk; then
 *               it takes the others' chunks from them
 *
 * The chunks are those of a reduce-scatter (base/chunk.h), so what a device
 * has summed is what it updates.  All of a tensor's gradient is wanted by an
 * optimizer that reads a total, by ties and by layers with statistics: such
 * stages gather the sums as without ZeRO.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_SHARDS_ZERO_H
#define SL_BLUEPRINT_SHARDS_ZERO_H

#include <sluice/optimizer.h>

#include "blueprint/arena/layout_data.h"
#include "blueprint/updates.h"

/* The highest stage that is there. */
enum { SL_ZERO_MOST = 1 };

/*
 * Set `zero` of a mode whose other fields are set: the stage asked for, or 0
 * where each part has one holder.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if there is no such stage, or if it does
 *          not go with teams, several processes, an asynchronous schedule, or
 *          an optimizer that is not `elementwise`.
 */
sluice_status sl_zero_choose(int wanted, const struct sl_grid *grid,
                             bool one_process,
                             const sluice_optimizer_ops *optimizer,
                             struct sl_update_mode *mode, sluice_diag *why);

/* Set what each stage owns of its parameters, and whether it wants the
 * gradients whole: once tensors are placed, and again once replica 0 is copied.
 */
void sl_zero_share(struct sl_layout *layout, const struct sl_update_mode *mode);

#endif
