/*
 * The meetings of threads in one process.  Its members meet:
 * each says what it brings, and the last to come lets all go on.  Between one
 * meeting and the next they read each other's memory and write only what no
 * other reads.
 *
 * Threads: each rank is used by one thread at a time; any thread may wake.
 */
#ifndef SL_CHAN_MEETING_H
#define SL_CHAN_MEETING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

#include "base/gate.h"
#include "base/memory.h"
#include "chan/failure.h"

/* What a member says at a meeting. */
struct sl_word {
    const float *x;
    const float *const *terms; /* [n_terms] */
    double *sums;              /* [n_sums], const after create */
    int64_t virtual_ns;
};

/*
 * A member can be at most one meeting ahead of another, so that two words are
 * enough: what it says at a meeting is read until the next one is complete.
 */
struct sl_member {
    _Alignas(SL_ALIGN) struct sl_gate gate; /* it waits for the others */
    unsigned n_meetings;                    /* [owner: the member] since open */
    bool voted; /* [owner: the member] it has come to the last of them, and not
                   waited there */
    struct sl_word words[2]; /* [owner: the member until it has arrived, then
                             read by all; `n_arrived` and `n_complete` publish
                             it] */
};

struct sl_meeting {
    int n_members;               /* const after create */
    struct sl_patience patience; /* const after create */
    struct sl_failure *failure;  /* const after create: ends all waits */
    struct sl_member *members;   /* [n_members] */
    _Alignas(SL_ALIGN) atomic_uint n_arrived; /* [atomic] at all meetings since
                                                 open, all members together */
    atomic_uint n_complete; /* [atomic] meetings at which all have arrived; its
                               seq_cst store pairs with is_complete() */
    int64_t latest_ns[2];   /* [owner: the last to arrive, then constant while
                               it is read; `n_complete` publishes it] */
};

/* Begin anew: no meeting has taken place.  No member uses it. */
void sl_meeting_open(struct sl_meeting *meeting);

/* Wake all who wait.  Any thread. */
void sl_meeting_wake(struct sl_meeting *meeting);

/* The word of the meeting that a member comes to next. */
struct sl_word *sl_meeting_word(struct sl_meeting *meeting, int rank);

/* Come to a meeting, the word said, and go on; sl_meeting_attend() follows.
 * `commits`: if it is complete, and nothing has failed, nothing can any more.
 */
void sl_meeting_arrive(struct sl_meeting *meeting, int rank, int64_t virtual_ns,
                       bool commits);

/* Whether the wait of a member that has arrived would end at once. */
bool sl_meeting_is_over(const struct sl_meeting *meeting, int rank);

/*
 * Wait for the others at the meeting to which the member has come; then all
 * words can be read, in the place that `at` tells.  The member's virtual time
 * becomes that of the latest arrival, unless it is later.
 *
 * Blocks   until all have come; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED: it has failed or was closed, and has
 *          not committed.
 */
sluice_status sl_meeting_attend(struct sl_meeting *meeting, int rank,
                                int64_t *virtual_ns, bool commits, int *at);

/* Both: come and wait. */
sluice_status sl_meeting_meet(struct sl_meeting *meeting, int rank,
                              int64_t *virtual_ns, bool commits, int *at);

#endif
