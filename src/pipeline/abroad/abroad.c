/* Together with other processes.  The caller. */
#include "pipeline/abroad/abroad.h"

#include "base/clock.h"
#include "chan/mpi/world.h"

/* Devices look for messages between layers.  The caller looks, too, for the
 * sake of layers that take longer.  It may take a device off its core, and so
 * looks seldom. */
enum {
    LOOK_NS = 10 * 1000 * 1000,
    BETWEEN_NS = 50 * 1000, /* from look to look of a device that computes */
};

sluice_world *sl_abroad_world(const sluice_pipeline_config *config)
{
    bool several = config->world && sluice_world_size(config->world) > 1;
    return several ? config->world : NULL;
}

sluice_world *sl_abroad_start(const sluice_pipeline_config *config)
{
    sluice_world *world = sl_abroad_world(config);
    if (world)
        sl_world_start(world);
    return world;
}

static sluice_status share(void *context, sluice_status st, void *buffer,
                           size_t bytes, sluice_diag *why)
{
    sluice_pipeline *pipe = context;
    st = sl_abroad_check(pipe, st, why);
    return st ? st : sl_world_broadcast(pipe->world, 0, buffer, bytes, why);
}

struct sl_world_view sl_abroad_view(sluice_pipeline *pipe)
{
    if (!pipe->world)
        return (struct sl_world_view){0};
    return (struct sl_world_view){
        .rank = sluice_world_rank(pipe->world),
        .n = sluice_world_size(pipe->world),
        .share = share,
        .context = pipe,
    };
}

const struct sl_cut_head *sl_abroad_cut_head(const sluice_pipeline *pipe)
{
    const struct sl_cut_heads *cut = &pipe->blueprint.vocabulary;
    return cut->n_replicas ? cut->heads : NULL;
}

int sl_abroad_process_at(const sluice_pipeline *pipe, int replica, int place)
{
    const struct sl_coordinates at = {place, replica, 0};
    return sl_process_of(&pipe->blueprint.processes, &pipe->blueprint.grid, at);
}

int sl_abroad_process(const sluice_pipeline *pipe, int replica,
                      const struct sl_stage *stage)
{
    return sl_abroad_process_at(pipe, replica, stage->device);
}

void sl_abroad_begin(sluice_pipeline *pipe)
{
    if (pipe->world)
        sl_world_begin(pipe->world, pipe->everyone);
}

int64_t sl_abroad_period(const sluice_pipeline *pipe, int64_t otherwise_ns)
{
    return pipe->world && otherwise_ns > LOOK_NS ? LOOK_NS : otherwise_ns;
}

void sl_abroad_look(sluice_pipeline *pipe)
{
    if (pipe->world)
        sl_world_look(pipe->world);
}

void sl_abroad_look_between(struct sl_device *device)
{
    int64_t now = device->pipe->world ? sl_now_ns() : 0;
    if (now - device->looked_ns < BETWEEN_NS)
        return;
    device->looked_ns = now;
    sl_world_look(device->pipe->world);
}

/* In the order in which they were created, as in all processes. */
static void settle(sluice_pipeline *pipe)
{
    sl_collective_settle(pipe->everyone);
    for (size_t i = 0; i < pipe->n_groups; i++)
        if (pipe->groups[i])
            sl_collective_settle(pipe->groups[i]);
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_settle(pipe->links[i]);
}

void sl_abroad_end(sluice_pipeline *pipe)
{
    sluice_diag why;
    if (!pipe->world)
        return;
    pipe->broke = sl_world_finish(pipe->world, &why) != SLUICE_OK;
    if (!pipe->broke)
        return;
    if (!sl_world_is_over(pipe->world))
        settle(pipe);
    sl_failure_overrule(&pipe->everyone->failure, &why);
}

sluice_status sl_abroad_refuse(sluice_pipeline *pipe, const struct sl_job *job,
                               sluice_status st, sluice_diag *why)
{
    sluice_diag told;
    if (!pipe->world || sl_pipeline_is_inherited(pipe))
        return st;
    sluice_diag_set(&told, st, "process %d could not go on",
                    sluice_world_rank(pipe->world));
    if (why)
        told = *why;
    sluice_status failed = sl_pipeline_begin(pipe, why);
    if (failed)
        return failed;
    sl_collective_fail(pipe->everyone, &told);
    sl_pipeline_run(pipe, *job); /* no device begins it */
    failed = sl_pipeline_end(pipe, why);
    return failed ? failed : st;
}

bool sl_abroad_stopped(const sluice_pipeline *pipe)
{
    return pipe->world ? pipe->broke : sl_collective_stopped(pipe->everyone);
}

sluice_status sl_abroad_share(const sluice_pipeline *pipe, int process,
                              void *buffer, size_t bytes, sluice_diag *why)
{
    return pipe->world
               ? sl_world_broadcast(pipe->world, process, buffer, bytes, why)
               : SLUICE_OK;
}

/* A device's part of the parameters that it shares with other replicas. */
static size_t bytes_in_common(const sluice_pipeline *pipe, int i)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    const struct sl_grid *grid = &layout->grid;
    const struct sl_device *device = &pipe->devices[i];
    size_t bytes =
        sl_cut_heads_common_bytes(&pipe->blueprint.vocabulary, device->part);
    for (int s = 0; s < grid->n_stages; s++) {
        int first =
            sl_held_stage(grid, 0, device->at.shard, sl_part_of(grid, s));
        if (device->stages[s].device == device->at.place)
            bytes +=
                layout->stages[first].common.size / (size_t)sl_n_holders(grid);
    }
    return bytes;
}

sluice_status sl_abroad_share_facts(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_processes *processes = &pipe->blueprint.processes;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < pipe->n_local; i++)
        pipe->facts[pipe->devices[i].index] = (struct sl_device_fact){
            .core = pipe->devices[i].core.cpu,
            .bytes = pipe->devices[i].arena.used + bytes_in_common(pipe, i),
        };
    for (int d = 0; d < processes->n_all && !st; d++)
        st = sl_abroad_share(pipe, processes->of[d], &pipe->facts[d],
                             sizeof *pipe->facts, why);
    return st;
}

const struct sl_device *sl_abroad_device(const sluice_pipeline *pipe, int index)
{
    int i = 0;
    while (i < pipe->n_local && pipe->devices[i].index != index)
        i++;
    return i < pipe->n_local ? &pipe->devices[i] : NULL;
}

sluice_status sl_abroad_check(sluice_pipeline *pipe, sluice_status st,
                              sluice_diag *why)
{
    if (!pipe->world)
        return st;
    st = sl_world_check(pipe->world, st, why);
    pipe->told = st != SLUICE_OK;
    return st;
}

sluice_status sl_abroad_check_alone(const sluice_pipeline_config *config,
                                    sluice_status st, sluice_diag *why)
{
    sluice_world *world = sl_abroad_start(config); /* as the others have */
    if (!world)
        return st;
    st = sl_world_check(world, st, why);
    sl_world_give_up(world);
    return st;
}

void sl_abroad_give_up(const sluice_pipeline *pipe)
{
    if (pipe->world)
        sl_world_give_up(pipe->world);
}

void sl_abroad_leave(sluice_pipeline *pipe)
{
    if (!pipe->world)
        return;
    if (sl_pipeline_is_inherited(pipe))
        sl_world_abandon(pipe->world);
    else
        sl_world_leave(pipe->world);
}
