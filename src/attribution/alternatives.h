/* What a step would take if it was changed in the ways that may be advised.
 * Any thread. */
#ifndef SL_ATTRIBUTION_ALTERNATIVES_H
#define SL_ATTRIBUTION_ALTERNATIVES_H

#include "attribution/advice.h"
#include "attribution/replay.h"
#include "attribution/what_if.h"

struct sl_alternatives {
    const struct sl_index *index;
    bool cells_sleep;
    struct sl_what_if what;
    struct sl_replay replay;
};

/* Returns  SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status sl_alternatives_init(struct sl_alternatives *alternatives,
                                   const struct sl_index *index,
                                   bool cells_sleep, sluice_diag *why);

void sl_alternatives_fini(struct sl_alternatives *alternatives);

/* All of a device's hand-offs took `ns`. */
void sl_alternatives_hand_off(struct sl_alternatives *alternatives, int device,
                              int64_t ns);

/*
 * Simulate them: fills the part of `found` that says so, by the rest of it.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_alternatives_price(struct sl_alternatives *alternatives,
                                    struct sl_observations *found,
                                    sluice_diag *why);

#endif
