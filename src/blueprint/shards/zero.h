/*
 * ZeRO (Rajbhandari et al., 2020): devices that hold the same part of the model
 * share out among them what each would have for itself.  They are the part's
 * holders, in all replicas and copies (blueprint/coordinates.h), and they add
 * up its gradients in any case.
 *
 *     stage 1   a device has the optimizer's states of its chunk of the
 *               parameters of each of its stages, and updates that chunk; then
 *               it takes the others' chunks from them
 *     stage 2   also of the gradients: the stages of a device use one buffer in
 *               turn, and of each sum the device keeps its chunk.  A device
 *               with one stage has nothing to use in turn, and keeps it there
 *     stage 3   also of the parameters.  In one process there is one copy of
 *               each part, which all holders read, each counts a chunk of it as
 *               its own and updates that in place.  In several processes each
 *               has its chunk, and takes the others' chunks from them where the
 *               list has an UNSHARD (blueprint/shards/rooms.h)
 *
 * In a team each device shares with those that have the same shard of the part:
 * what it has is a chunk of its shard.
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

#include <sluice/model.h>
#include <sluice/optimizer.h>

#include "blueprint/arena/layout_data.h"
#include "blueprint/updates.h"

/*
 * Replace a schedule by one with the actions that the stage `wanted` needs:
 * REDUCE_GRAD in stages 2 and 3, UNSHARD and RESHARD in 3, unless it has such
 * actions, or cannot have them.  One of forwards alone gets those of stage 3.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY with the schedule as it was.
 */
sluice_status sl_zero_place(int wanted, sluice_schedule **schedule,
                            sluice_diag *why);

/*
 * Set `zero` of a mode whose other fields are set: the stage asked for, or 0
 * where each part has one holder.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if there is no such stage, or if it does
 *          not go with an asynchronous schedule, or an optimizer that is not
 *          `elementwise`; from stage 2 on also if it does not go with ties,
 *          copies, statistics, or the order of the backwards.
 */
sluice_status sl_zero_choose(int wanted, const struct sl_grid *grid,
                             bool one_process,
                             const sluice_optimizer_ops *optimizer,
                             const sluice_model *model,
                             const sluice_schedule *schedule,
                             struct sl_update_mode *mode, sluice_diag *why);

/* Set what each stage owns of its parameters, and whether it wants the
 * gradients whole: once tensors are placed, and again once replica 0 is copied.
 */
void sl_zero_share(struct sl_layout *layout, const struct sl_update_mode *mode);

/* Bytes of the gradient that the stages of the device at `place` use in turn,
 * stages[n_stages] being those of a replica; 0: each has its own. */
size_t sl_zero_in_turn_bytes(const struct sl_layout *layout,
                             const struct sl_stage *stages, int place);

/* The same of a room, if the devices have any. */
size_t sl_zero_room_bytes(const struct sl_layout *layout,
                          const struct sl_stage *stages, int place);

/* Bytes that a device has of a stage's gradients, besides those used in turn,
 * and of its parameters. */
size_t sl_zero_gradient_bytes(const struct sl_workspace *ws,
                              const struct sl_stage *stage);
size_t sl_zero_parameter_bytes(const struct sl_layout *layout,
                               const struct sl_stage *stage);

/* Bytes of a device's arena: all of its plan, except what lies in common. */
size_t sl_zero_arena_bytes(const struct sl_layout *layout,
                           struct sl_coordinates at);

/* Give the gradients of a stage their places; `in_turn` NULL: its own. */
void sl_zero_bind_gradients(struct sl_stage *stage, float *in_turn,
                            struct sl_arena *arena);

/*
 * Take the memory of parameters that lie in common, if they do, before stages
 * are bound; and give it back, also if taking it has failed.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_zero_take_common(struct sl_layout *layout, sluice_diag *why);
void sl_zero_give_common(struct sl_layout *layout);

#endif
