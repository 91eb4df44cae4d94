/*
 * Processes: which of them runs each device.  Without a world there is one,
 * number 0, which runs all.
 *
 * Threads: the thread that creates the pipeline; constant afterwards.
 */
#ifndef SL_BLUEPRINT_ABROAD_PROCESSES_H
#define SL_BLUEPRINT_ABROAD_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/memory.h>
#include <sluice/status.h>

#include "blueprint/coordinates.h"

/* The world as a blueprint sees it. */
struct sl_world_view {
    int rank; /* this process */
    int n;    /* processes */
    /* Give all processes what process 0 has, if all have come so far well: else
     * the first failure, in all of them.  Blocks until all have called it. */
    sluice_status (*share)(void *context, sluice_status st, void *buffer,
                           size_t bytes, sluice_diag *why);
    void *context;
};

struct sl_processes {
    const sluice_allocator *allocator;
    int rank;    /* this process */
    int n;       /* of them */
    int n_all;   /* devices */
    int *of;     /* [n_all] the process of each */
    int *local;  /* [n_all] indices, rising, of the n_local devices here */
    int n_local; /* at least 1 */
};

/*
 * Place the devices of a grid: as `list` says, or in runs of equal length,
 * counted in teams.
 *
 * Shapes   list[n_listed], by index of the device; NULL: runs.
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY; SLUICE_INVALID if a process would have
 *          no device, the list has another length or a number that is no
 *          process, or a team would be in several.  sl_processes_fini() in all
 *          cases.
 */
sluice_status sl_processes_init(struct sl_processes *processes,
                                const struct sl_world_view *view,
                                const struct sl_grid *grid, const int *list,
                                int n_listed, const sluice_allocator *allocator,
                                sluice_diag *why);

void sl_processes_fini(struct sl_processes *processes);

/* The process of the device at `at`. */
int sl_process_of(const struct sl_processes *processes,
                  const struct sl_grid *grid, struct sl_coordinates at);

/* Whether the devices at two places are in different processes, in any replica
 * and shard: then all of them have room for what they send. */
bool sl_process_parts(const struct sl_processes *processes,
                      const struct sl_grid *grid, int place, int other);

#endif
