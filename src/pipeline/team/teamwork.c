/* Meetings of a team.  The device. */
#include "pipeline/team/teamwork.h"

#include "pipeline/clocks.h"

size_t sl_n_teams(const struct sl_blueprint *bp)
{
    if (bp->grid.n_shards == 1)
        return 0;
    return (size_t)bp->grid.n_replicas * (size_t)bp->grid.n_devices;
}

size_t sl_team_number(const struct sl_blueprint *bp, struct sl_coordinates at)
{
    return (size_t)(sl_device_index(&bp->grid, at) / bp->grid.n_shards);
}

static sluice_status meet(struct sl_device *device)
{
    return sl_collective_add_up(device->team, device->at.shard,
                                &device->virtual_ns, NULL);
}

sluice_status sl_team_meet_before(struct sl_device *device)
{
    sl_place_does(&device->place, SLUICE_MEETING);
    return meet(device);
}

sluice_status sl_team_meet_within(struct sl_device *device)
{
    int64_t paused_ns = sl_pause_work(device);
    sl_place_waits(&device->place, true);
    sluice_status st = meet(device);
    sl_place_waits(&device->place, false);
    sl_resume_work(device, paused_ns);
    return st;
}

static sluice_status meet_others(void *device)
{
    return sl_team_meet_within(device);
}

struct sluice_team sl_team_told(struct sl_device *device, int owner)
{
    return (struct sluice_team){
        .n_shards = device->pipe->blueprint.grid.n_shards,
        .shard = device->at.shard,
        .owner = owner,
        .meet = meet_others,
        .context = device,
    };
}
