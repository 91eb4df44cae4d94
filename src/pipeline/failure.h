/*
 * The first error wins.  From sl_failure_open() to sl_failure_shut() one error
 * may latch; it stops every device at its next action or wait.  Once the step
 * is committed no error can latch any more: all devices update.
 */
#ifndef SL_PIPELINE_FAILURE_H
#define SL_PIPELINE_FAILURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sluice/status.h>

struct sl_failure {
    pthread_mutex_t mu;
    bool open;             /* [mu] a job is under way */
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

/* A job begins.  The caller's thread, while no device runs. */
void sl_failure_open(struct sl_failure *failure);

/*
 * The job is over: no error can latch from here on.
 *
 * Returns  SLUICE_OK, or the latched error, copied to `why`.
 */
sluice_status sl_failure_shut(struct sl_failure *failure, sluice_diag *why);

/*
 * Latch `diag` if it is the first, and call stop(context) before anything else
 * can happen to the job: it wakes whoever waits.
 *
 * Threads  any.
 */
void sl_failure_latch(struct sl_failure *failure, const sluice_diag *diag,
                      void (*stop)(void *context), void *context);

/* Commit the step unless an error has latched.  One device calls it. */
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
