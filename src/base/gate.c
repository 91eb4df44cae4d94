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

/* A lock that seems taken cannot be destroyed, and destroying a condition waits
 * for those who seem to wait.  Neither owns memory: begin anew. */
void sl_gate_abandon(struct sl_gate *gate)
{
    gate->mu = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    gate->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
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

static struct timespec after(int64_t ns)
{
    int64_t t = sl_now_ns() + ns;
    return (struct timespec){
        .tv_sec = t / 1000000000,
        .tv_nsec = t % 1000000000,
    };
}

/* Park until ready() is true or, if `until` is given, that time has come;
 * returns ready(). */
static bool park(struct sl_gate *gate, sl_predicate *ready, const void *state,
                 const struct timespec *until)
{
    int late = 0;
    pthread_mutex_lock(&gate->mu);
    atomic_store(&gate->waiters, 1);
    bool is_ready = ready(state);
    while (!is_ready && !late) {
        late = until ? pthread_cond_timedwait(&gate->changed, &gate->mu, until)
                     : pthread_cond_wait(&gate->changed, &gate->mu);
        is_ready = ready(state);
    }
    atomic_store(&gate->waiters, 0);
    pthread_mutex_unlock(&gate->mu);
    return is_ready;
}

bool sl_gate_try(struct sl_gate *gate, struct sl_patience patience,
                 sl_predicate *ready, const void *state, int64_t most_ns)
{
    if (ready(state) || spin(patience, ready, state))
        return true;
    struct timespec until = after(most_ns);
    return park(gate, ready, state, &until);
}

void sl_gate_wait(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state)
{
    if (ready(state) || spin(patience, ready, state))
        return;
    struct timespec until;
    do
        until = after(SL_GATE_RECHECK_NS);
    while (!park(gate, ready, state, &until));
}

void sl_gate_rest(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state)
{
    if (!ready(state) && !spin(patience, ready, state))
        park(gate, ready, state, NULL);
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

void sl_gate_rouse(struct sl_gate *gate)
{
    pthread_mutex_lock(&gate->mu);
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->mu);
}
