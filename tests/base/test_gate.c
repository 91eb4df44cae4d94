/*
 * The gate, one claim at a time and on one thread: the calls by which it waits,
 * yields and reads the clock are the test's, which plays the other threads.
 */
#include "base/gate.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "support/runner.h"

enum { NEVER = 1 << 20 };

static struct sl_gate gate;

/* What the gate has done, and what the test makes of it. */
static struct {
    int n_looks;     /* at the predicate */
    int true_at;     /* the look that finds it true */
    int n_parked;    /* waits at the condition */
    int woken_at;    /* the wait that ends because the state has changed */
    bool times_out;  /* a timed wait ends by its time */
    int n_untimed;   /* waits without a time */
    int n_announced; /* waits while the waiter had announced itself */
    int n_locked;    /* calls at the condition while its lock was held */
    int n_signals, n_broadcasts;
    int n_locks, n_yields;
    struct timespec until; /* of the last timed wait */
    int64_t clock_ns;      /* if at least 0: read, and goes on by 1 */
} seen;

/* The linker sends the gate's calls here. */
int64_t __real_sl_now_ns(void);
int64_t __wrap_sl_now_ns(void);
int __real_pthread_mutex_lock(pthread_mutex_t *mu);
int __wrap_pthread_mutex_lock(pthread_mutex_t *mu);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_sched_yield(void);

int64_t __wrap_sl_now_ns(void)
{
    return seen.clock_ns < 0 ? __real_sl_now_ns() : seen.clock_ns++;
}

int __wrap_sched_yield(void)
{
    seen.n_yields++;
    return 0;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mu)
{
    seen.n_locks += mu == &gate.mu;
    return __real_pthread_mutex_lock(mu);
}

static void note_lock(void)
{
    int st = pthread_mutex_trylock(&gate.mu);
    seen.n_locked += st == EBUSY;
    if (!st)
        pthread_mutex_unlock(&gate.mu);
}

static void note_wait(void)
{
    note_lock();
    seen.n_announced += atomic_load(&gate.waiters) == 1;
    if (++seen.n_parked == seen.woken_at)
        seen.true_at = seen.n_looks + 1;
    ck_assert_int_lt(seen.n_parked, 100);
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
    ck_assert(cond == &gate.changed && mu == &gate.mu);
    seen.n_untimed++;
    note_wait();
    return 0;
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                                  const struct timespec *until)
{
    ck_assert(cond == &gate.changed && mu == &gate.mu);
    seen.until = *until;
    note_wait();
    if (seen.clock_ns < 0)
        return __real_pthread_cond_timedwait(cond, mu, until);
    return seen.times_out ? ETIMEDOUT : 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    ck_assert(cond == &gate.changed);
    note_lock();
    seen.n_signals++;
    return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
    ck_assert(cond == &gate.changed);
    note_lock();
    seen.n_broadcasts++;
    return 0;
}

static bool ready(const void *state)
{
    ck_assert_ptr_eq(state, &seen);
    return ++seen.n_looks >= seen.true_at;
}

static void begin(int true_at)
{
    memset(&gate, 0xff, sizeof gate);
    ck_assert_int_eq(sl_gate_init(&gate), SLUICE_OK);
    memset(&seen, 0, sizeof seen);
    seen.true_at = true_at;
}

/* The lock is free, nobody seems to wait, and each call at the condition had
 * the lock. */
static void end(void)
{
    ck_assert_int_eq(atomic_load(&gate.waiters), 0);
    ck_assert_int_eq(pthread_mutex_trylock(&gate.mu), 0);
    pthread_mutex_unlock(&gate.mu);
    ck_assert_int_eq(seen.n_announced, seen.n_parked);
    ck_assert_int_eq(seen.n_locked,
                     seen.n_parked + seen.n_signals + seen.n_broadcasts);
    sl_gate_fini(&gate);
}

static const struct sl_patience park = {0};
static const struct sl_patience spin = {.spin_ns = 3};
static const struct sl_patience polite = {.spin_ns = 3, .yield = true};

static int64_t waited_until(void)
{
    return seen.until.tv_sec * INT64_C(1000000000) + seen.until.tv_nsec;
}

START_TEST(a_new_gate_has_no_waiter)
{
    begin(1);
    ck_assert_int_eq(atomic_load(&gate.waiters), 0);
    end();
}
END_TEST

START_TEST(what_is_true_already_costs_one_look)
{
    for (int patience = 0; patience < 2; patience++) {
        const struct sl_patience p = patience ? polite : park;
        begin(1);
        sl_gate_wait(&gate, p, ready, &seen);
        sl_gate_rest(&gate, p, ready, &seen);
        ck_assert(sl_gate_try(&gate, p, ready, &seen, 50));
        ck_assert_int_eq(seen.n_looks, 3);
        ck_assert_int_eq(seen.n_locks + seen.n_yields + seen.n_parked, 0);
        ck_assert_int_eq(seen.clock_ns, 0);
        end();
    }
}
END_TEST

START_TEST(without_patience_it_parks_at_the_second_look)
{
    begin(2);
    sl_gate_rest(&gate, park, ready, &seen);
    ck_assert_int_eq(seen.n_looks, 2);
    ck_assert_int_eq(seen.n_locks, 1);
    ck_assert_int_eq(seen.n_parked + seen.n_yields, 0);
    end();
}
END_TEST

START_TEST(what_comes_true_while_it_spins_takes_no_lock)
{
    for (int yields = 0; yields < 2; yields++) {
        begin(3);
        seen.clock_ns = 7000;
        sl_gate_wait(&gate, yields ? polite : spin, ready, &seen);
        ck_assert_int_eq(seen.n_looks, 3);
        ck_assert_int_eq(seen.n_locks + seen.n_parked, 0);
        ck_assert_int_eq(seen.n_yields, yields);
        end();
    }
}
END_TEST

/* The clock goes on by 1 with each reading: it begins at 7000, and 7003 is the
 * third reading after that. */
START_TEST(it_spins_for_the_time_given_and_then_parks)
{
    begin(NEVER);
    seen.clock_ns = 7000;
    seen.times_out = true;
    ck_assert(!sl_gate_try(&gate, polite, ready, &seen, 50));
    ck_assert_int_eq(seen.n_yields, 3);
    ck_assert_int_eq(seen.n_looks, 1 + 3 + 2); /* one before each yield */
    ck_assert_int_eq(seen.n_parked, 1);
    ck_assert_int_eq(waited_until(), 7004 + 50);
    end();
}
END_TEST

START_TEST(a_try_ends_when_its_time_has_come)
{
    begin(NEVER);
    seen.clock_ns = INT64_C(3999999999);
    seen.times_out = true;
    ck_assert(!sl_gate_try(&gate, park, ready, &seen, 5));
    ck_assert_int_eq(seen.n_parked, 1);
    ck_assert_int_eq(seen.until.tv_sec, 4);
    ck_assert_int_eq(seen.until.tv_nsec, 4);
    end();
}
END_TEST

START_TEST(a_try_at_the_end_of_its_time_looks_once_more)
{
    begin(NEVER);
    seen.times_out = true;
    seen.woken_at = 1;
    ck_assert(sl_gate_try(&gate, park, ready, &seen, 5));
    ck_assert_int_eq(seen.n_parked, 1);
    end();
}
END_TEST

START_TEST(waking_for_nothing_parks_again)
{
    begin(NEVER);
    seen.woken_at = 3;
    ck_assert(sl_gate_try(&gate, park, ready, &seen, 5));
    ck_assert_int_eq(seen.n_parked, 3);
    ck_assert_int_eq(seen.n_locks, 1);
    end();
    begin(NEVER);
    seen.woken_at = 3;
    sl_gate_rest(&gate, park, ready, &seen);
    ck_assert_int_eq(seen.n_parked, 3);
    ck_assert_int_eq(seen.n_untimed, 3);
    end();
}
END_TEST

/* A wake-up that is lost costs no more than the time to look again. */
START_TEST(a_wait_looks_again_by_itself_and_goes_on)
{
    begin(NEVER);
    seen.clock_ns = 20;
    seen.times_out = true;
    seen.woken_at = 3;
    sl_gate_wait(&gate, park, ready, &seen);
    ck_assert_int_eq(seen.n_parked, 3);
    ck_assert_int_eq(seen.n_untimed, 0);
    ck_assert_int_eq(waited_until(), 22 + SL_GATE_RECHECK_NS);
    end();
}
END_TEST

/* By the clock of the machine: its condition and sl_now_ns() are of one
 * kind. */
START_TEST(a_try_does_not_end_before_its_time)
{
    begin(NEVER);
    seen.clock_ns = -1;
    int64_t from = __real_sl_now_ns();
    ck_assert(!sl_gate_try(&gate, park, ready, &seen, 2000000));
    ck_assert_int_ge(__real_sl_now_ns() - from, 2000000);
    end();
}
END_TEST

START_TEST(a_wake_signals_under_the_lock_and_only_if_one_waits)
{
    begin(1);
    sl_gate_wake(&gate);
    ck_assert_int_eq(seen.n_locks + seen.n_signals, 0);
    atomic_store(&gate.waiters, 1);
    sl_gate_wake(&gate);
    ck_assert_int_eq(seen.n_signals, 1);
    ck_assert_int_eq(seen.n_broadcasts, 0);
    atomic_store(&gate.waiters, 0);
    end();
}
END_TEST

START_TEST(rousing_broadcasts_under_the_lock_whoever_waits)
{
    begin(1);
    sl_gate_rouse(&gate);
    ck_assert_int_eq(seen.n_broadcasts, 1);
    ck_assert_int_eq(seen.n_signals, 0);
    end();
}
END_TEST

/* An abandoned gate was locked by a thread that is gone. */
START_TEST(an_abandoned_gate_can_be_used_and_ended)
{
    begin(1);
    ck_assert(!pthread_mutex_lock(&gate.mu));
    sl_gate_abandon(&gate);
    end();
}
END_TEST

SLUICE_TEST_MAIN("base.gate", a_new_gate_has_no_waiter,
                 what_is_true_already_costs_one_look,
                 without_patience_it_parks_at_the_second_look,
                 what_comes_true_while_it_spins_takes_no_lock,
                 it_spins_for_the_time_given_and_then_parks,
                 a_try_ends_when_its_time_has_come,
                 a_try_at_the_end_of_its_time_looks_once_more,
                 waking_for_nothing_parks_again,
                 a_wait_looks_again_by_itself_and_goes_on,
                 a_try_does_not_end_before_its_time,
                 a_wake_signals_under_the_lock_and_only_if_one_waits,
                 rousing_broadcasts_under_the_lock_whoever_waits,
                 an_abandoned_gate_can_be_used_and_ended)
