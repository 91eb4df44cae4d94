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

#endif
