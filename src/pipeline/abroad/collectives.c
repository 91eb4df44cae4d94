/* The collectives of a pipeline.  The caller. */
#include "pipeline/abroad/collectives.h"

#include "pipeline/abroad/abroad_links.h"
#include "pipeline/across/vocabulary_board.h"
#include "pipeline/across/tied.h"
#include "pipeline/team/teamwork.h"

size_t sl_n_sums(const struct sl_blueprint *bp)
{
    return (size_t)bp->grid.depth * (size_t)bp->grid.n_shards;
}

/* Terms of the optimizer's total that a device has room for. */
size_t sl_n_total_terms(const struct sl_blueprint *bp)
{
    return bp->updates.measures ? (size_t)sl_n_terms(bp) : 0;
}

/* The step has failed: no device may wait any longer. */
static void stop(void *context)
{
    const struct sl_crew *crew = context;
    sluice_pipeline *pipe = crew->pipe;
    for (int i = 0; i < pipe->n_links; i++)
        sl_link_close(pipe->links[i]);
    for (int i = 0; i < pipe->n_boards; i++)
        sl_bulletin_close(pipe->boards[i]);
    for (size_t i = 0; i < pipe->n_groups; i++)
        if (pipe->groups[i])
            sl_collective_close(pipe->groups[i]);
}

void sl_fini_collectives(sluice_pipeline *pipe)
{
    for (size_t i = 0; i < pipe->n_groups; i++)
        sl_collective_destroy(pipe->groups[i]);
    sl_vocabulary_destroy_boards(pipe);
    sl_collective_destroy(pipe->everyone);
}

/* Where the members of a collective are; with the room for it. */
struct roll {
    int *devices; /* [all devices] by index */
    int *owners;  /* [terms] */
};

/* All devices. */
static sluice_status make_everyone(sluice_pipeline *pipe, struct roll roll,
                                   struct sl_collective_config config,
                                   sluice_diag *why)
{
    const struct sl_abroad_members members = {.devices = roll.devices};
    config.n_members = sl_n_all_devices(&pipe->blueprint.grid);
    config.n_sums = (int)sl_n_total_terms(&pipe->blueprint);
    config.stop = stop;
    for (int d = 0; d < config.n_members; d++)
        roll.devices[d] = d;
    return sl_abroad_collective(pipe, &config, &members, &pipe->everyone, why);
}

/* Those that hold a part, or a shard of it. */
static sluice_status make_group(sluice_pipeline *pipe, struct roll roll,
                                struct sl_collective_config config, int i,
                                sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    struct sl_abroad_members members = {.devices = roll.devices,
                                        .adds_arrays = true};
    config.n_members = sl_n_holders(&bp->grid);
    for (int h = 0; h < config.n_members; h++) {
        int shard = i % bp->grid.n_shards;
        int stage = sl_held_stage(&bp->grid, h, shard, i / bp->grid.n_shards);
        members.n = bp->layout.stages[stage].n_params;
        const struct sl_coordinates at = {
            .place = bp->layout.stages[stage].device,
            .replica = h / bp->grid.n_copies,
            .shard = shard,
        };
        roll.devices[h] = sl_device_index(&bp->grid, at);
    }
    return sl_abroad_collective(pipe, &config, &members, &pipe->groups[i], why);
}

/* Those that hold a use of a tied tensor, or a shard of it, in one copy of the
 * model. */
static sluice_status make_tied(sluice_pipeline *pipe, struct roll roll,
                               struct sl_collective_config config, size_t i,
                               sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_abroad_members members = {roll.devices, roll.owners, true};
    config.n_members = sl_tied_n_members(bp, i);
    config.n_terms = sl_tied_n_terms(bp, i);
    sl_tied_members(bp, i, roll.devices, roll.owners);
    return sl_abroad_collective(pipe, &config, &members,
                                &pipe->groups[sl_n_sums(bp) + i], why);
}

/* Those at a place. */
static sluice_status make_team(sluice_pipeline *pipe, struct roll roll,
                               struct sl_collective_config config, size_t i,
                               sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_abroad_members members = {.devices = roll.devices};
    config.n_members = bp->grid.n_shards;
    for (int m = 0; m < config.n_members; m++)
        roll.devices[m] = (int)i * config.n_members + m;
    return sl_abroad_collective(
        pipe, &config, &members,
        &pipe->groups[pipe->n_groups - sl_n_teams(bp) + i], why);
}

static sluice_status make_all(sluice_pipeline *pipe, struct roll roll,
                              sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_collective_config config = {
        .patience = pipe->crew->patience,
        .context = pipe->crew,
        .allocator = pipe->allocator,
    };
    sluice_status st = make_everyone(pipe, roll, config, why);
    for (size_t i = 0; i < sl_n_sums(bp) && bp->updates.reduces && !st; i++)
        st = make_group(pipe, roll, config, (int)i, why);
    for (size_t i = 0; i < sl_n_tied_groups(bp) && !st; i++)
        st = make_tied(pipe, roll, config, i, why);
    for (size_t i = 0; i < sl_n_teams(bp) && !st; i++)
        st = make_team(pipe, roll, config, i, why);
    return st;
}

static sluice_status make_boards(sluice_pipeline *pipe, sluice_diag *why)
{
    sluice_status st = sl_vocabulary_create_boards(pipe);
    return st ? sluice_diag_set(why, st, "%s for the pipeline's collectives",
                                st == SLUICE_NO_MEMORY
                                    ? "out of memory"
                                    : "the system refused a lock")
              : SLUICE_OK;
}

sluice_status sl_init_collectives(sluice_pipeline *pipe, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    size_t n = (size_t)sl_n_all_devices(&bp->grid) * (size_t)bp->grid.n_copies;
    size_t n_owners = sl_tied_most_terms(bp);
    struct roll roll = {
        .devices = sl_alloc(pipe->allocator, n, sizeof(int)),
        .owners = sl_alloc(pipe->allocator, n_owners, sizeof(int)),
    };
    sluice_status st = roll.devices && roll.owners
                           ? make_all(pipe, roll, why)
                           : sl_no_memory(why, "the pipeline's collectives");
    if (!st)
        st = make_boards(pipe, why);
    sl_free(pipe->allocator, roll.owners, n_owners, sizeof(int));
    sl_free(pipe->allocator, roll.devices, n, sizeof(int));
    if (st)
        sl_fini_collectives(pipe);
    return st;
}
