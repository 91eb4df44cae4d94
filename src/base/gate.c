/* The gate; any thread.  The protocol stands in gate.h. */
#include "base/gate.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"

enum { LOOKS_PER_CLOCK = 32 }; /* looks between two readings of the clock */

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

sluice_status sl_gate_init(struct sl_gate *gate)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr))
        return SLUICE_SYSTEM;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    int failed = pthread_cond_init(&gate->changed, &attr);
    pthread_condattr_destroy(&attr);
    if (failed)
        return SLUICE_SYSTEM;
    if (pthread_mutex_init(&gate->mu, NULL)) {
        pthread_cond_destroy(&gate->changed);
        return SLUICE_SYSTEM;
    }
    atomic_init(&gate->waiters, 0);
    return SLUICE_OK;
}

void sl_gate_fini(struct sl_gate *gate)
{
    pthread_mutex_destroy(&gate->mu);
    pthread_cond_destroy(&gate->changed);
}

/* True if ready() came true within the patience. */
static bool spin(struct sl_patience patience, sl_predicate *ready,
                 const void *state)
{
    if (patience.spin_ns <= 0)
        return false;
    int64_t end = sl_add_ns(sl_now_ns(), patience.spin_ns);
    do {
        for (int i = 0; i < (patience.yield ? 1 : LOOKS_PER_CLOCK); i++) {
            if (ready(state))
                return true;
            relax();
        }
        if (patience.yield)
            sched_yield();
    } while (sl_now_ns() < end);
    return false;
}

static struct timespec recheck_time(void)
{
    int64_t t = sl_now_ns() + SL_GATE_RECHECK_NS;
    return (struct timespec){
        .tv_sec = t / 1000000000,
        .tv_nsec = t % 1000000000,
    };
}

void sl_gate_wait(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state)
{
    if (ready(state) || spin(patience, ready, state))
        return;
    pthread_mutex_lock(&gate->mu);
    atomic_store(&gate->waiters, 1);
    while (!ready(state)) {
        struct timespec until = recheck_time();
        pthread_cond_timedwait(&gate->changed, &gate->mu, &until);
    }
    atomic_store(&gate->waiters, 0);
    pthread_mutex_unlock(&gate->mu);
}

void sl_gate_wake(struct sl_gate *gate)
{
    if (atomic_load(&gate->waiters) == 0)
        return;
    /* The waiter holds `mu` from announcing itself until it is parked. */
    pthread_mutex_lock(&gate->mu);
    pthread_cond_signal(&gate->changed);
    pthread_mutex_unlock(&gate->mu);
}
