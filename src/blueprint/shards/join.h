/*
 * What the devices of a team share, once each has its arena: the slots of the
 * rings, the workspace, and the addresses of each other's parameters.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_SHARDS_JOIN_H
#define SL_BLUEPRINT_SHARDS_JOIN_H

#include "blueprint/arena/layout_data.h"

/* Join the teams of a layout that is bound for all devices; without teams there
 * is nothing to do. */
void sl_layout_join(struct sl_layout *layout);

/*
 * Let the parameters of a stage, which its device has whole at times, lie in
 * one of its rooms from now on, and those of its team in theirs.
 *
 * Threads  the stage's device, in a step, before its team meets.
 */
void sl_layout_bring(const struct sl_layout *layout, struct sl_coordinates at,
                     int stage, int room);

#endif
