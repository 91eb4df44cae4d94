/*
 * What lies between two processes: its sender has slots of its own.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_ABROAD_PARTED_H
#define SL_BLUEPRINT_ABROAD_PARTED_H

#include "blueprint/abroad/processes.h"
#include "blueprint/arena/layout_data.h"

/* Give the boundaries between stages, and the edges, of replica 0 the slots
 * that it takes to send; all replicas get the same. */
void sl_part_boundaries(const struct sl_processes *processes,
                        struct sl_layout *layout);

#endif
