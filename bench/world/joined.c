/* Several processes as one command.  The main thread. */
#include "bench/world/joined.h"

#include <stddef.h>

#include <sluice/pipeline.h>

#include "bench/world/launched.h"

sluice_status joined_begin(struct joined *joined, sluice_diag *why)
{
    return launched_with_others()
               ? sluice_world_create(NULL, NULL, &joined->world, why)
               : SLUICE_OK;
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
