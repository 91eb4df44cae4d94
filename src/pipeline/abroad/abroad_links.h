/*
 * Links and collectives that reach devices in other processes.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_ABROAD_ABROAD_LINKS_H
#define SL_PIPELINE_ABROAD_ABROAD_LINKS_H

#include "pipeline/pipeline.h"

/*
 * Create a link from a stage to another of the same replica, if one of them is
 * in this process; else *out is NULL.  `sent` are the slots of an end in
 * another process than the consumer's.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM, SLUICE_INVALID.
 */
struct sl_abroad_link {
    int replica;
    const struct sl_stage *from;
    const struct sl_stage *to;
    struct sl_ring slots;
    struct sl_ring sent;
    int capacity;
};
sluice_status sl_abroad_link(sluice_pipeline *pipe,
                             const struct sl_abroad_link *about,
                             struct sl_link **out, sluice_diag *why);

/*
 * The same from the device at one place of a replica to that at another one of
 * a different process, which has room whenever the first hands on an item: see
 * blueprint/shards/cut_streams.h.  `slots` are those at this end.
 */
struct sl_abroad_places {
    int replica;
    int from;
    int to;
};
bool sl_abroad_are_apart(const sluice_pipeline *pipe,
                         struct sl_abroad_places places);
sluice_status sl_abroad_link_places(sluice_pipeline *pipe,
                                    struct sl_abroad_places places,
                                    const struct sl_ring *slots,
                                    struct sl_link **out, sluice_diag *why);

/* A collective whose members have the given devices, by index, if one of them
 * is in this process; else *out is NULL.  Returns as sl_abroad_link(); in a
 * world SLUICE_INVALID also if a member's chunk is too long for a message. */
struct sl_abroad_members {
    const int *devices; /* [n_members] */
    const int *owners;  /* as in struct sl_collective_site */
    bool adds_arrays;
    int64_t n; /* elements of the longest array that is shared out */
};
sluice_status sl_abroad_collective(sluice_pipeline *pipe,
                                   const struct sl_collective_config *config,
                                   const struct sl_abroad_members *members,
                                   struct sl_collective **out,
                                   sluice_diag *why);

#endif
