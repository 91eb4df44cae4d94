/*
 * A gate: where one thread waits until something another thread changes has
 * become true.  All waiting in the library goes through here.
 *
 * The protocol, once for all: the waker changes the state by a sequentially
 * consistent store and then calls sl_gate_wake(); the waiter announces itself
 * in `waiters` and then evaluates its predicate, which reads the state by
 * sequentially consistent loads.  One of the two sees the other (Dekker), so
 * no wake-up is lost.
 *
 * If the system loses one all the same (glibc bug 25847), one side looks
 * again after SL_GATE_RECHECK_NS.  While work is under way that is the waiter.
 * A thread without work would wake ten times a second for nothing, so it rests,
 * and the duty is the waker's: having woken it, the waker waits for an answer
 * by sl_gate_try() and, as long as there is none, calls sl_gate_rouse().  So a
 * lost wake-up delays, and only a waker that never waits for an answer could
 * leave the waiter parked.
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

/* No thread may be waiting. */
void sl_gate_fini(struct sl_gate *gate);

/*
 * In a child of fork(): make the copy of a gate ready for sl_gate_fini(),
 * whatever the parent's threads, which the child does not have, were doing at
 * it.
 */
void sl_gate_abandon(struct sl_gate *gate);

/*
 * Return once ready(state) is true.
 *
 * Threads  one waiter per gate at a time.
 * Blocks   until then: spins as `patience` says, then parks.
 */
void sl_gate_wait(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state);

/*
 * The same, but not for longer than `most_ns` once parked: at most
 * SL_GATE_RECHECK_NS, if a lost wake-up is to be made good in that time.
 *
 * Returns  whether ready(state) is true.
 */
bool sl_gate_try(struct sl_gate *gate, struct sl_patience patience,
                 sl_predicate *ready, const void *state, int64_t most_ns);

/*
 * The same as sl_gate_wait(), without looking again: for a wait that may be
 * long, and whose waker rouses.
 */
void sl_gate_rest(struct sl_gate *gate, struct sl_patience patience,
                  sl_predicate *ready, const void *state);

/*
 * Make the waiter look again, after the state was changed by a sequentially
 * consistent store.  Free of system calls if no thread is parked.
 *
 * Threads  any.
 */
void sl_gate_wake(struct sl_gate *gate);

/*
 * Make the waiter look again, whatever was told before: for one that does not
 * answer.  Always takes the lock.
 *
 * Threads  any.
 */
void sl_gate_rouse(struct sl_gate *gate);

#endif
