/*
 * The latch for the first error.  Any thread.
 *
 * Under the mutex exactly one of two things happens in a call: an error latches
 * (`stopped`), or the members commit (`committed`).  Each looks for the other
 * before it stores, so that no member updates after a failure and no failure
 * counts after a commit.  Both flags are atomic so that members can read them
 * without the mutex.
 */
#include "chan/failure.h"

#include "base/text/utf8.h"

sluice_status sl_failure_init(struct sl_failure *failure)
{
    *failure = (struct sl_failure){.open = false};
    if (pthread_mutex_init(&failure->mu, NULL))
        return SLUICE_SYSTEM;
    return SLUICE_OK;
}

void sl_failure_fini(struct sl_failure *failure)
{
    pthread_mutex_destroy(&failure->mu);
}

void sl_failure_abandon(struct sl_failure *failure)
{
    failure->mu = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

void sl_failure_open(struct sl_failure *failure)
{
    pthread_mutex_lock(&failure->mu);
    failure->open = true;
    failure->latched = false;
    atomic_store(&failure->stopped, false);
    atomic_store(&failure->committed, false);
    pthread_mutex_unlock(&failure->mu);
}

sluice_status sl_failure_shut(struct sl_failure *failure, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    pthread_mutex_lock(&failure->mu);
    failure->open = false;
    if (failure->latched) {
        st = failure->first.status;
        if (why)
            *why = failure->first;
    }
    pthread_mutex_unlock(&failure->mu);
    return st;
}

void sl_failure_latch(struct sl_failure *failure, const sluice_diag *diag,
                      void (*stop)(void *context), void *context)
{
    pthread_mutex_lock(&failure->mu);
    if (failure->open && !failure->latched &&
        !atomic_load(&failure->committed)) {
        failure->latched = true;
        failure->first = *diag;
        /* A layer may have written it. */
        failure->first.text[SLUICE_DIAG_TEXT - 1] = '\0';
        sl_utf8_clean(failure->first.text);
        atomic_store(&failure->stopped, true);
        stop(context);
    }
    pthread_mutex_unlock(&failure->mu);
}

void sl_failure_overrule(struct sl_failure *failure, const sluice_diag *diag)
{
    pthread_mutex_lock(&failure->mu);
    failure->latched = true;
    failure->first = *diag;
    atomic_store(&failure->stopped, true);
    pthread_mutex_unlock(&failure->mu);
}

bool sl_failure_latched(struct sl_failure *failure, sluice_diag *why)
{
    pthread_mutex_lock(&failure->mu);
    bool latched = failure->latched;
    if (latched)
        *why = failure->first;
    pthread_mutex_unlock(&failure->mu);
    return latched;
}

void sl_failure_stop(struct sl_failure *failure)
{
    pthread_mutex_lock(&failure->mu);
    if (!atomic_load(&failure->committed))
        atomic_store(&failure->stopped, true);
    pthread_mutex_unlock(&failure->mu);
}

void sl_failure_commit(struct sl_failure *failure)
{
    pthread_mutex_lock(&failure->mu);
    if (!atomic_load(&failure->stopped))
        atomic_store(&failure->committed, true);
    pthread_mutex_unlock(&failure->mu);
}
