/*
 * The latch of a collective: the first error wins.  From sl_failure_open() to
 * sl_failure_shut() one error may latch; it stops every member at its next
 * action or wait.  Once the members have committed no error can latch any more,
 * and nothing stops them.
 */
#ifndef SL_CHAN_FAILURE_H
#define SL_CHAN_FAILURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sluice/status.h>

struct sl_failure {
    pthread_mutex_t mu;
    bool open;             /* [mu] a call is under way */
    bool latched;          /* [mu] `first` is set */
    sluice_diag first;     /* [mu] */
    atomic_bool stopped;   /* [atomic] stored under mu; read at each action */
    atomic_bool committed; /* [atomic] stored under mu; read at the gate */
};

/* Returns SLUICE_OK or SLUICE_SYSTEM. */
sluice_status sl_failure_init(struct sl_failure *failure);

void sl_failure_fini(struct sl_failure *failure);

/* As sl_gate_abandon(), of its lock. */
void sl_failure_abandon(struct sl_failure *failure);

/* A call begins.  Any thread, while no member runs. */
void sl_failure_open(struct sl_failure *failure);

/*
 * The call is over: no error can latch from here on.
 *
 * Returns  SLUICE_OK, or the latched error, copied to `why`.
 */
sluice_status sl_failure_shut(struct sl_failure *failure, sluice_diag *why);

/*
 * Latch `diag` if it is the first, and call stop(context) before anything else
 * can happen: it wakes every thread that waits.
 *
 * Threads  any.
 */
void sl_failure_latch(struct sl_failure *failure, const sluice_diag *diag,
                      void (*stop)(void *context), void *context);

/*
 * The members of other processes have decided what failed first, whatever
 * latched here.
 *
 * Threads  any, while no member runs.
 */
void sl_failure_overrule(struct sl_failure *failure, const sluice_diag *diag);

/* Whether an error has latched, and which.  Any thread. */
bool sl_failure_latched(struct sl_failure *failure, sluice_diag *why);

/* Stop without an error, unless the members have committed.  Any thread. */
void sl_failure_stop(struct sl_failure *failure);

/* Commit unless the members were stopped.  One of them calls it. */
void sl_failure_commit(struct sl_failure *failure);

static inline bool sl_failure_stopped(const struct sl_failure *failure)
{
    return atomic_load(&failure->stopped);
}

static inline bool sl_failure_committed(const struct sl_failure *failure)
{
    return atomic_load(&failure->committed);
}

#endif
