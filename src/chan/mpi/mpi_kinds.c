/*
 * The rows of links and collectives between processes: what they take of the
 * world.  The caller of a pipeline.
 */
#include "chan/mpi/mpi_kinds.h"

#include "base/memory.h"
#include "chan/mpi/mpi_collective.h"
#include "chan/mpi/mpi_link.h"
#include "chan/mpi/world.h"

static bool joins_two_processes(const struct sl_link_site *site)
{
    return site->world && site->producer != site->consumer;
}

static sluice_status create_link(const struct sl_link_site *site,
                                 struct sl_link **out, sluice_diag *why)
{
    const struct sl_ring *slots = &site->link.slots;
    bool produces = site->producer == site->rank;
    struct sl_mpi_link_config config = {
        .link = site->link,
        .wire = sl_world_wire(site->world),
        .control = sl_world_control(site->world),
        .peer = produces ? site->consumer : site->producer,
        .produces = produces,
    };
    int n = sl_mpi_link_n_tags(slots->n_slots, site->link.capacity);
    *out = NULL;
    if (slots->slot_bytes > sl_wire_most_bytes())
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a micro-batch of %zu bytes is too long for a "
                               "message between processes; use more "
                               "micro-batches",
                               slots->slot_bytes);
    sluice_status st =
        sl_world_take_tags(site->world, n, &config.first_tag, why);
    if (st || (!produces && site->consumer != site->rank))
        return st;
    st = sl_mpi_link_create(&config, out);
    return st ? sl_no_memory(why, "a link between processes") : SLUICE_OK;
}

const struct sl_link_kind sl_link_mpi = {
    .name = "mpi",
    .joins = joins_two_processes,
    .create = create_link,
};

static bool joins_members(const struct sl_collective_site *site)
{
    return site->world != NULL;
}

static sluice_status create_collective(const struct sl_collective_site *site,
                                       struct sl_collective **out,
                                       sluice_diag *why)
{
    const struct sl_collective_config *about = &site->collective;
    struct sl_mpi_collective_config config = {
        .collective = *about,
        .processes = site->processes,
        .owners = site->owners,
        .adds_arrays = site->adds_arrays,
        .wire = sl_world_wire(site->world),
        .control = sl_world_control(site->world),
    };
    int n = sl_crossing_n_tags(about->n_members, about->n_terms);
    *out = NULL;
    sluice_status st =
        sl_world_take_tags(site->world, n, &config.first_tag, why);
    if (st || sl_collective_n_near(site) == 0)
        return st;
    st = sl_mpi_collective_create(&config, out);
    return sl_collective_refused(st, why);
}

const struct sl_collective_kind sl_collective_mpi = {
    .name = "mpi",
    .joins = joins_members,
    .create = create_collective,
};
