/* Several processes as one command.  The main thread. */
#include "bench/world/joined.h"

#include <stddef.h>
#include <time.h>

#include <sluice/pipeline.h>

#include "bench/cli/command.h"
#include "bench/world/launched.h"

enum { PAUSE_S = 1 };

static bool has_begun; /* this process has joined the others */

sluice_status joined_begin(struct joined *joined, sluice_diag *why)
{
    if (!launched_with_others())
        return SLUICE_OK;
    sluice_status st = sluice_world_create(NULL, NULL, &joined->world, why);
    has_begun = !st;
    return st ? st : sluice_world_agree(joined->world, SLUICE_OK, why);
}

void joined_refuse(int status)
{
    sluice_world *world;
    sluice_diag why;
    const struct timespec pause = {.tv_sec = PAUSE_S};
    if (!status || has_begun || !launched_with_others())
        return;
    sluice_diag_set(&why, SLUICE_INVALID,
                    "process %d refuses what it was started with; start it "
                    "alone to see why",
                    launched_rank());
    if (!sluice_world_create(NULL, NULL, &world, NULL)) {
        sluice_world_agree(world, why.status, &why);
        sluice_world_destroy(world);
    } else if (launched_rank() > 0) {
        nanosleep(&pause, NULL);
    }
}

int joined_processes(const sluice_world *world, int places)
{
    int n = world ? sluice_world_size(world) : 1;
    if (places >= n)
        return n;
    return sluice_world_rank(world) == 0;
}

bool joined_is_first(const struct joined *joined)
{
    return !joined->world || sluice_world_rank(joined->world) == 0;
}

void joined_before_failure(const struct joined *joined)
{
    if (joined->world && sluice_world_lost(joined->world) == 0 &&
        sluice_world_rank(joined->world) == 1)
        launched_speak();
}

int joined_fail(const char *called, struct joined *joined,
                const sluice_diag *why)
{
    int status = command_fail(called, why);
    joined_end(joined);
    return status;
}

void joined_end(struct joined *joined)
{
    sluice_world_destroy(joined->world);
    joined->world = NULL;
}

static sluice_status read_processes(const struct option_row *option,
                                    const char *text, void *value,
                                    sluice_diag *why)
{
    (void)option;
    return range_parse(text, 0, SLUICE_MAX_DEVICES, value, why);
}

static const struct option_type processes = {.read = read_processes};

const struct option_row joined_options[] = {
    {.name = "processes",
     .argument = "P,P,...",
     .help = "Under mpirun: the process of each device, such as 0,1,0,1; by "
             "default each has as many neighbours as the others",
     .type = &processes,
     .offset = offsetof(struct joined, of)},
    {0},
};

const char *joined_needs(const void *config, const struct option_row *option)
{
    (void)config;
    (void)option;
    return launched_with_others()
               ? NULL
               : "needs several processes: start it by mpirun";
}
