/*
 * A schedule whose actions take longer or less long than they should, each by a
 * share that a seed draws.  Any thread.
 */
#ifndef BENCH_JITTER_JITTERED_H
#define BENCH_JITTER_JITTERED_H

#include <stdint.h>

#include <sluice/schedule.h>
#include <sluice/simulate.h>

/* An action takes its cost times 1 - share to 1 + share.  What is drawn depends
 * on seed and action alone, not on its place in a list. */
struct jitter {
    double share; /* 0 to less than 1 */
    uint64_t seed;
};

enum { JITTER_NS = 1000 * 1000 }; /* F, I, W and R; B takes twice as long */

/*
 * Simulate it, with queues of the standard capacity.
 *
 * Returns  as sluice_simulate().
 */
sluice_status jittered_simulate(const sluice_schedule *schedule,
                                const struct jitter *jitter,
                                sluice_simulation **out, sluice_diag *why);

/*
 * The schedule as devices execute it that follow Varuna's rule for the run: if
 * the next action is an R and its gradient is not there yet, run the next F of
 * the list first, if its input is there and its queue has room.
 *
 * Of an R and an F that change places, nothing before changes; so the choices
 * are made one after the other, the earliest first, in simulations of the
 * schedule as it is so far.
 *
 * Returns  SLUICE_OK; as sluice_simulate().
 */
sluice_status jittered_opportune(const sluice_schedule *schedule,
                                 const struct jitter *jitter,
                                 sluice_schedule **out, sluice_diag *why);

#endif
