/*
 * Orders in rounds: in each round a device does one forward and one input
 * gradient, and a W where memory or a wait asks for it.  One thread.
 */
#ifndef SL_SEARCH_ZB_HEURISTIC_H
#define SL_SEARCH_ZB_HEURISTIC_H

#include "search/worth.h"

/* What the heuristic leaves open. */
struct sl_zb_variant {
    bool early;   /* a warm-up forward only if it ends before the first
                     gradient can arrive, rather than begins before that */
    bool holds;   /* a forward is put off if the next device is behind */
    bool patient; /* a wait shorter than a W stays a wait while the device has
                     waited less than another one */
};

enum { SL_N_ZB_VARIANTS = 1 << 3 };

/* Shapes  0 <= i < SL_N_ZB_VARIANTS */
struct sl_zb_variant sl_zb_variant(int i);

/*
 * Make a schedule for a problem with one stage per device, with the backward
 * split.  Queues are taken to be as long as it needs; the simulation tells.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the limit leaves it no room;
 *          SLUICE_NO_MEMORY.
 */
sluice_status sl_zb_heuristic(const struct sl_problem *problem,
                              struct sl_zb_variant variant,
                              sluice_schedule **out, sluice_diag *why);

#endif
