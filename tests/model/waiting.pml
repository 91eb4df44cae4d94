/*
 * The gate of src/base/gate.c at the level of its mutex and its condition
 * variable.  Included by the models that wait.
 *
 * Promela executes one statement after the other, whichever thread it is of:
 * that is what sequentially consistent atomics promise, and what the mutants
 * WAKE_BEFORE_STORE and LOOK_BEFORE_ANNOUNCING take back.  A statement stands
 * for one access that others can see.
 *
 * What the system may do, and how often:
 *
 *   LOSSES  wakers' signals that reach nobody
 *   EARLY   wake-ups that nobody asked for, and rechecks that come early
 *
 * With RECHECK a parked waiter looks again, in the model only once nothing else
 * can happen: a recheck that finds nothing changes nothing.  Without it, and
 * without losses, the protocol has to do alone.
 *
 * All loops consume something that is finite.  So "no invalid end state" says
 * that everybody comes home.
 */
#ifndef LOSSES
#define LOSSES 0
#endif
#ifndef EARLY
#define EARLY 0
#endif
#ifdef RECHECK
#define rechecks_here true
#else
#define rechecks_here false
#endif

typedef gate {
    bool locked;  /* `mu` */
    bool waiters;
    bool parked   /* within pthread_cond_wait(), which has released `mu` */
};

byte n_lost;
byte n_early;
byte n_late;      /* waits that only the recheck has ended */

inline lock(g)
{
    atomic { !g.locked -> g.locked = true }
}

inline unlock(g)
{
    g.locked = false
}

/* A predicate of up to two loads; each of the two is a step of its own. */
inline look(first, second)
{
    if
    :: first -> ready = true
    :: else ->
        if
        :: second -> ready = true
        :: else -> ready = false
        fi
    fi
}

inline announce(g)
{
#ifndef NEVER_ANNOUNCES
    g.waiters = true
#else
    skip
#endif
}

/* pthread_cond_timedwait(), or pthread_cond_wait() if not `rechecks`.  `gives_up`
 * is true if a recheck is told to the caller even though it found nothing. */
inline sleep(g, first, second, rechecks, gives_up)
{
    atomic { g.parked = true; g.locked = false };
    if
    :: !g.parked
    :: atomic { g.parked && n_early < EARLY -> n_early++; g.parked = false }
    :: atomic {
            rechecks && n_early < EARLY && g.parked ->
            n_early++;
            g.parked = false;
            late = true
        }
    :: atomic {
            timeout && rechecks && g.parked && (gives_up || first || second) ->
            n_late++;
            g.parked = false;
            late = true
        }
    fi;
    lock(g)
}

inline park(g, first, second, rechecks, gives_up)
{
    late = false;
#ifdef LOOK_BEFORE_ANNOUNCING
    look(first, second);
    lock(g);
    announce(g);
#else
    lock(g);
    announce(g);
    look(first, second);
#endif
    do
    :: ready || late -> break
    :: else ->
        sleep(g, first, second, rechecks, gives_up);
#ifndef TRUSTS_THE_WAKE_UP
        look(first, second)
#else
        ready = true
#endif
    od;
    g.waiters = false;
    unlock(g)
}

#ifdef GUARDS
/* A wait without a gate, which is what the gate comes to. */
inline gate_wait(g, first, second)
{
    (first || second)
}

inline gate_wake(g)
{
    skip
}
#else
/* sl_gate_wait() */
inline gate_wait(g, first, second)
{
    look(first, second);
    do
    :: ready -> break
    :: else -> park(g, first, second, rechecks_here, false)
    od
}

/* sl_gate_rest() */
inline gate_rest(g, first, second)
{
    look(first, second);
    if
    :: ready
    :: else -> park(g, first, second, false, false)
    fi
}

/* sl_gate_try(), which leaves its result in `ready` */
inline gate_try(g, first, second)
{
    look(first, second);
    if
    :: ready
    :: else -> park(g, first, second, rechecks_here, true)
    fi
}

inline signal(g)
{
    if
    :: g.parked = false
    :: atomic { g.parked && n_lost < LOSSES -> n_lost++ }
    fi
}

inline gate_wake(g)
{
    if
    :: !g.waiters
    :: else ->
#ifdef SIGNALS_WITHOUT_LOCK
        signal(g)
#else
        lock(g);
        signal(g);
        unlock(g)
#endif
    fi
}
#endif

inline gate_rouse(g)
{
    lock(g);
    signal(g);
    unlock(g)
}
