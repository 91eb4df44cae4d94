/*
 * Whether a call takes a lock and gives it back, told without a second thread:
 * the lock is made recursive, the test holds it, and counts how often it can
 * give it back after the call.
 */
#ifndef SL_TEST_LOCK_WATCH_H
#define SL_TEST_LOCK_WATCH_H

#include <check.h>
#include <pthread.h>
#include <stdbool.h>

/* A thread sanitizer reports what tests do to locks on purpose: take the place
 * of one, give back one that is free, leave one behind. */
static inline bool lock_watch_works(void)
{
#ifdef __SANITIZE_THREAD__
    return false;
#else
    return true;
#endif
}

/* Take the place of a lock that nobody holds, and hold it. */
static inline void lock_watch_begin(pthread_mutex_t *mu)
{
    pthread_mutexattr_t attr;
    pthread_mutex_destroy(mu);
    ck_assert(!pthread_mutexattr_init(&attr));
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    ck_assert(!pthread_mutex_init(mu, &attr));
    pthread_mutexattr_destroy(&attr);
    ck_assert(!pthread_mutex_lock(mu));
}

/* Each call since has taken the lock as often as it has given it back: it is
 * still held, and only by the test.  It can be used as before. */
static inline void lock_watch_end(pthread_mutex_t *mu)
{
    ck_assert_int_eq(pthread_mutex_unlock(mu), 0);
    ck_assert_int_ne(pthread_mutex_unlock(mu), 0);
}

#endif
