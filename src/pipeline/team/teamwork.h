/*
 * Teams: the devices at one place, which run its program together.  The first
 * of them leads: it alone takes from links, acquires their slots and publishes.
 * The others wait for it where an operation takes something, and all of them
 * meet within the operation as its layers ask for.
 *
 * A meeting is one of a collective without anything that is added up: a device
 * polls for the others as long as the pipeline's patience says, then parks.  A
 * failure anywhere closes it.
 *
 * Threads: the device, unless a function says else.
 */
#ifndef SL_PIPELINE_TEAM_TEAMWORK_H
#define SL_PIPELINE_TEAM_TEAMWORK_H

#include "nn/team/team.h"
#include "pipeline/pipeline.h"

/* Teams of a pipeline: its last groups.  None without teams. */
size_t sl_n_teams(const struct sl_blueprint *bp);

/* Which of them a device belongs to. */
size_t sl_team_number(const struct sl_blueprint *bp, struct sl_coordinates at);

/* Whether it leads its team, or has none. */
static inline bool sl_leads(const struct sl_device *device)
{
    return device->at.shard == 0;
}

/* The leader of its team; itself, if it has none. */
static inline struct sl_device *sl_leader_of(struct sl_device *device)
{
    return device - device->at.shard; /* a team is in one process */
}

/* The meetings below, of a device that has a team. */
sluice_status sl_team_meet_before(struct sl_device *device);
sluice_status sl_team_meet_within(struct sl_device *device);

/* Come to a meeting before the work of an operation; without a team nothing.
 * Returns SLUICE_OK, or SLUICE_CLOSED. */
static inline sluice_status sl_team_gather(struct sl_device *device)
{
    return device->team ? sl_team_meet_before(device) : SLUICE_OK;
}

/* Come to a meeting within the work of an operation.  Returns as above. */
static inline sluice_status sl_team_wait(struct sl_device *device)
{
    return device->team ? sl_team_meet_within(device) : SLUICE_OK;
}

/* The slot of `link` that an operation writes into.  A link has one producer:
 * the leader of a team has acquired the slot before the team met. */
static inline void *sl_team_room(const struct sl_device *device,
                                 struct sl_link *link, int32_t number)
{
    return device->team ? sl_link_slot(link, number)
                        : sl_link_acquire(link, number);
}

/* What the layers of the device are told of its team, for one whose undivided
 * part is that of device `owner`. */
struct sluice_team sl_team_told(struct sl_device *device, int owner);

#endif
