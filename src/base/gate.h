/*
 * A gate: where one thread waits until something another thread changes has
 * become true.  All waiting in the library goes through here.
 *
 * The protocol, once for all: the waker changes the state by a sequentially
 * consistent store and then calls sl_gate_wake(); the waiter announces itself
 * in `waiters` and then evaluates its predicate, which reads the state by
 * sequentially consistent loads.  One of the two sees the other (Dekker), so
 * no wake-up is lost; should the system lose one all the same, the waiter looks
 * again after SL_GATE_RECHECK_NS.
 */
#ifndef SL_BASE_GATE_H
#define SL_BASE_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

enum { SL_GATE_RECHECK_NS = 100 * 1000 * 1000 };

/* How to wait before parking. */
struct sl_patience {
    int64_t spin_ns; /* look again and again for so long; 0: park at once */
    bool yield;      /* offer the core to others between two looks */
};

struct sl_gate {
    pthread_mutex_t mu;
    pthread_cond_t changed; /* the predicate is the waiter's own */
    atomic_int waiters;     /* [atomic] 0 or 1; pairs with sl_gate_wake() */
};

/* Whether the wait is over; reads only seq_cst atomics, constants, and what the
 * waiter alone writes. */
typedef bool sl_predicate(const void *state);

/*
 * Prepare a gate.
 *
 * Returns  SLUICE_OK, or SLUICE_SYSTEM if the system has no lock to give.
 */
sluice_status sl_gate_init(struct sl_gate *gate);

/* Nobody may be waiting. */
void sl_gate_fini(struct sl_gate *gate);

/*
 * Return once ready(state) is true.
 *
 * Threads  one waiter per gate at a time.
 * Blocks   until then: spins as `patience` says, then parks.
 */
void sl_gate_wait(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state);

/*
 * Make the waiter look again, after the state was changed by a sequentially
 * consistent store.  Free of system calls if nobody is parked.
 *
 * Threads  any.
 */
void sl_gate_wake(struct sl_gate *gate);

#endif
