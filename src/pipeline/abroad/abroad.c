/* Together with other processes.  The caller. */
#include "pipeline/abroad/abroad.h"

#include "base/clock.h"
#include "base/split.h"
#include "blueprint/abroad/known_room.h"
#include "chan/collective_kind.h"
#include "chan/link_kind.h"
#include "chan/mpi/world.h"

/* Devices look for messages between layers.  The caller looks, too, for the
 * sake of layers that take longer.  It may take a device off its core, and so
 * looks seldom. */
enum {
    LOOK_NS = 10 * 1000 * 1000,
    BETWEEN_NS = 50 * 1000, /* from look to look of a device that computes */
};

static sluice_world *world_of(const sluice_pipeline_config *config)
{
    bool several = config->world && sluice_world_size(config->world) > 1;
    return several ? config->world : NULL;
}

sluice_world *sl_abroad_start(const sluice_pipeline_config *config)
{
    sluice_world *world = world_of(config);
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

/* NULL: it is whole. */
static const struct sl_cut_head *cut_head(const sluice_pipeline *pipe)
{
    const struct sl_cut_heads *cut = &pipe->blueprint.vocabulary;
    return cut->n_replicas ? cut->heads : NULL;
}

static int process_at(const sluice_pipeline *pipe, int replica, int place)
{
    const struct sl_coordinates at = {place, replica, 0};
    return sl_process_of(&pipe->blueprint.processes, &pipe->blueprint.grid, at);
}

int sl_abroad_process(const sluice_pipeline *pipe, int replica,
                      const struct sl_stage *stage)
{
    return process_at(pipe, replica, stage->device);
}

/* Whether the producer of a link knows of room by what comes back. */
static bool room_is_known(const struct sl_program *programs,
                          const struct sl_abroad_link *about)
{
    const struct sl_boundary_way way = {
        &programs[about->from->device],
        &programs[about->to->device],
        about->from->index,
        about->to->index,
        about->capacity,
    };
    return sl_room_is_known(&way);
}

sluice_status sl_abroad_link(sluice_pipeline *pipe,
                             const struct sl_abroad_link *about,
                             struct sl_link **out, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    bool crosses = about->from->device != about->to->device;
    struct sl_link_site site = {
        .world = pipe->world,
        .rank = bp->processes.rank,
        .producer = sl_abroad_process(pipe, about->replica, about->from),
        .consumer = sl_abroad_process(pipe, about->replica, about->to),
        .link = {about->slots, crosses ? about->capacity : 0,
                 pipe->crew->patience, pipe->allocator},
    };
    if (site.producer != site.consumer) {
        site.link.room_known[SL_TRAINING] = room_is_known(bp->train, about);
        site.link.room_known[SL_FORWARD] = room_is_known(bp->forward, about);
        if (site.consumer != site.rank)
            site.link.slots = about->sent;
    }
    return sl_link_make(&site, out, why);
}

bool sl_abroad_are_apart(const sluice_pipeline *pipe,
                         struct sl_abroad_places places)
{
    return process_at(pipe, places.replica, places.from) !=
           process_at(pipe, places.replica, places.to);
}

sluice_status sl_abroad_link_places(sluice_pipeline *pipe,
                                    struct sl_abroad_places places,
                                    const struct sl_ring *slots,
                                    struct sl_link **out, sluice_diag *why)
{
    const struct sl_link_site site = {
        .world = pipe->world,
        .rank = pipe->blueprint.processes.rank,
        .producer = process_at(pipe, places.replica, places.from),
        .consumer = process_at(pipe, places.replica, places.to),
        .link =
            {*slots, 1, pipe->crew->patience, pipe->allocator, {true, true}},
    };
    return sl_link_make(&site, out, why);
}

sluice_status sl_abroad_collective(sluice_pipeline *pipe,
                                   const struct sl_collective_config *config,
                                   const struct sl_abroad_members *members,
                                   struct sl_collective **out, sluice_diag *why)
{
    int processes[SLUICE_MAX_DEVICES];
    for (int m = 0; m < config->n_members; m++)
        processes[m] = pipe->blueprint.processes.of[members->devices[m]];
    const struct sl_collective_site site = {
        .world = pipe->world,
        .rank = pipe->blueprint.processes.rank,
        .collective = *config,
        .processes = processes,
        .owners = members->owners,
        .adds_arrays = members->adds_arrays,
    };
    return sl_collective_make(&site, out, why);
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

bool sl_abroad_stopped(const sluice_pipeline *pipe)
{
    return pipe->world ? pipe->broke : sl_collective_stopped(pipe->everyone);
}

/* Whether a replica has a first stage in this process; or, if an embedding is
 * cut, any rows of it. */
static bool has_input(const sluice_pipeline *pipe, int replica)
{
    const struct sl_layout *layout = &pipe->blueprint.layout;
    bool has = false;
    bool cuts_rows = cut_head(pipe) && cut_head(pipe)->rows.ops;
    for (int i = 0; cuts_rows && i < pipe->n_local && !has; i++)
        has = pipe->devices[i].at.replica == replica;
    for (int s = 0; s < layout->grid.n_stages && !has; s++)
        has = layout->stages[s].is_first &&
              sl_abroad_process(pipe, replica, &layout->stages[s]) ==
                  pipe->blueprint.processes.rank;
    return has;
}

struct sl_rows sl_abroad_input_rows(const sluice_pipeline *pipe, int64_t rows)
{
    const struct sl_grid *grid = &pipe->blueprint.grid;
    struct sl_rows mine = {0, pipe->world ? 0 : rows};
    for (int r = 0; pipe->world && r < grid->n_replicas; r++) {
        struct sl_rows of = sl_split_rows(rows, grid->n_replicas, r);
        if (!has_input(pipe, r))
            continue;
        if (mine.n == 0)
            mine.first = of.first;
        mine.n = of.first + of.n - mine.first;
    }
    return mine;
}

/* The process whose device ends the F of a micro-batch. */
static void note_judges(const sluice_pipeline *pipe,
                        const struct sl_program *programs, int *judges)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_grid *grid = &bp->grid;
    for (int d = 0; d < grid->n_devices; d++)
        for (int i = 0; i < programs[d].n_ops; i++) {
            const struct sl_op *op = &programs[d].ops[i];
            if (op->kind != SL_OP_F || !sl_is_last_part(grid, op->action.stage))
                continue;
            for (int r = 0; r < grid->n_replicas; r++)
                judges[r * grid->n_microbatches + op->action.microbatch] =
                    sl_process_of(&bp->processes, grid,
                                  (struct sl_coordinates){d, r, 0});
        }
}

void sl_abroad_find_judges(sluice_pipeline *pipe)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    note_judges(pipe, pipe->blueprint.train, pipe->judges);
    note_judges(pipe, pipe->blueprint.forward, pipe->judges + n);
}

/* Where the knowledge about the job's micro-batches is. */
static const int *judges_of(const sluice_pipeline *pipe)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    return pipe->judges + (pipe->job.training ? 0 : n);
}

/* Returns false if a process is gone. */
static bool tell(sluice_pipeline *pipe, int process, void *buffer, size_t bytes)
{
    sluice_diag why;
    if (!sl_world_broadcast(pipe->world, process, buffer, bytes, &why))
        return true;
    sl_failure_overrule(&pipe->everyone->failure, &why);
    pipe->broke = true;
    return false;
}

void sl_abroad_share_outcomes(sluice_pipeline *pipe)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    const int *judges = judges_of(pipe);
    for (int i = 0, end; pipe->world && i < n; i = end) {
        for (end = i + 1; end < n && judges[end] == judges[i];)
            end++;
        if (!tell(pipe, judges[i], &pipe->outcomes[i],
                  (size_t)(end - i) * sizeof *pipe->outcomes))
            return;
    }
}

/* Of rows of a cut vocabulary: each device has made its own columns. */
static bool share_columns(sluice_pipeline *pipe, int replica,
                          struct sl_rows rows, int64_t out)
{
    const struct sl_cut_table *table = &cut_head(pipe)->table;
    int64_t all = table->tensor.shape.dims[0];
    int n_shards = pipe->blueprint.grid.n_shards;
    float *y = pipe->job.y + rows.first * out;
    bool goes_on = true;
    for (int64_t i = 0; i < rows.n * (out / all); i++)
        for (int d = 0; goes_on && d < table->n_parts; d++)
            goes_on = tell(pipe, process_at(pipe, replica, d / n_shards),
                           y + i * all + table->parts[d].first,
                           (size_t)table->parts[d].n * sizeof *y);
    return goes_on;
}

void sl_abroad_share_outputs(sluice_pipeline *pipe, int64_t out)
{
    const struct sl_grid *grid = &pipe->blueprint.grid;
    bool goes_on = pipe->world && !sl_abroad_stopped(pipe);
    for (int i = 0; goes_on && i < sl_n_all_microbatches(grid); i++) {
        struct sl_rows rows = sl_replica_rows(
            pipe->job.rows, grid->n_replicas, i / grid->n_microbatches,
            grid->n_microbatches, i % grid->n_microbatches);
        goes_on =
            cut_head(pipe)
                ? share_columns(pipe, i / grid->n_microbatches, rows, out)
                : tell(pipe, judges_of(pipe)[i], pipe->job.y + rows.first * out,
                       (size_t)(rows.n * out) * sizeof(float));
    }
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
    return world ? sl_world_check(world, st, why) : st;
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
