/*
 * The processes of a command, joined: it then runs in all of them, each with
 * the devices that are its own.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_WORLD_JOINED_H
#define BENCH_WORLD_JOINED_H

#include <stdbool.h>

#include <sluice/world.h>

#include "bench/cli/option.h"
#include "bench/cli/range.h"

/* Which processes run which devices. */
struct joined {
    sluice_world *world; /* NULL: this process is alone */
    struct range of;     /* the process of each device; n 0: equal runs */
};

/*
 * Join the others, if a launcher has started any.  A failure ends in
 * joined_fail().
 *
 * Returns  SLUICE_OK; as sluice_world_create(); that another process refuses
 *          what it was started with.
 */
sluice_status joined_begin(struct joined *joined, sluice_diag *why);

/*
 * This process ends with `status` and has said why.  If it has not joined the
 * others, they are told, and it waits for them: a launcher ends all processes
 * once it sees one end with a failure, and process 0 may not have spoken yet.
 * Where they cannot be told (a build without MPI) it gives process 0 a second.
 */
void joined_refuse(int status);

/*
 * How many processes share the places of a measurement, in equal runs: all, if
 * there are as many places; else process 0 runs it alone, 1, and the others
 * have none, 0.  Without a world 1.
 */
int joined_processes(const sluice_world *world, int places);

/* Whether this process speaks, and writes files: process 0. */
bool joined_is_first(const struct joined *joined);

/* Before a failure is told: if process 0 is gone, the next one speaks. */
void joined_before_failure(const struct joined *joined);

/* Leave the others, behind all that there is to say: once one has left with a
 * failure the launcher may end the rest.  All call it. */
void joined_end(struct joined *joined);

/* Print why, and leave.  Returns  the exit status. */
int joined_fail(const char *called, struct joined *joined,
                const sluice_diag *why);

/* The option --processes, which needs several. */
extern const struct option_row joined_options[];
const char *joined_needs(const void *config, const struct option_row *option);

#endif
