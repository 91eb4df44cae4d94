/*
 * The sizes of each device's workspace, and its memory plan: what
 * sl_layout_bind() takes later.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_ARENA_MEMORY_PLAN_H
#define SL_BLUEPRINT_ARENA_MEMORY_PLAN_H

#include "blueprint/arena/layout_data.h"

/* Bytes of a part that a team has once. */
size_t sl_workspace_bytes(const struct sl_workspace *ws,
                          enum sl_shared_part part);

/* Work out workspaces and plans of the devices of replica 0, whose stages and
 * products are settled, and choose who of a team holds what they share. */
void sl_layout_plan_memory(struct sl_layout *layout);

#endif
