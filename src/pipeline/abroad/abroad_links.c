/* Links and collectives between processes.  The caller. */
#include "pipeline/abroad/abroad_links.h"

#include "base/chunk.h"
#include "blueprint/abroad/known_room.h"
#include "chan/collective_kind.h"
#include "chan/link_kind.h"
#include "chan/mpi/wire.h"
#include "pipeline/abroad/abroad.h"

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
    return sl_abroad_process_at(pipe, places.replica, places.from) !=
           sl_abroad_process_at(pipe, places.replica, places.to);
}

sluice_status sl_abroad_link_places(sluice_pipeline *pipe,
                                    struct sl_abroad_places places,
                                    const struct sl_ring *slots,
                                    struct sl_link **out, sluice_diag *why)
{
    const struct sl_link_site site = {
        .world = pipe->world,
        .rank = pipe->blueprint.processes.rank,
        .producer = sl_abroad_process_at(pipe, places.replica, places.from),
        .consumer = sl_abroad_process_at(pipe, places.replica, places.to),
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
    size_t bytes =
        (size_t)sl_chunk_largest(members->n, config->n_members) * sizeof(float);
    if (pipe->world && bytes > sl_wire_most_bytes())
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d replicas share the parameters of a stage, "
                               "and %zu bytes of each are too long for a "
                               "message between processes; use more stages or "
                               "replicas",
                               config->n_members, bytes);
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
