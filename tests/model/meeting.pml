/*
 * The meetings of a collective, src/chan/collective.c: N members, each of which
 * waits at a gate of its own.  ROUNDS times they add up an array - a
 * reduce-scatter, an all-gather, a fence - and then they agree.
 *
 * Member FAILS may fail before any meeting; somebody may close at any time.
 * Meetings are counted in a byte, from FIRST on: 254 makes their number wrap.
 *
 * An array has a chunk for each member.  Its content is what round it is of,
 * and whether it is that member's own term or the sum.
 */
#include "waiting.pml"

#ifndef N
#define N 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef FIRST
#define FIRST 0
#endif

#define term_of(round) (2 * (round) + 1)
#define sum_of(round) (2 * (round) + 2)

#ifndef ONE_WORD
#define at(number) ((number) & 1)
#else
#define at(number) 0
#endif

#define next(number) (((number) + 1) & 255)

typedef member {
    gate own;
    byte words[2];  /* what it says at a meeting: number + 1 */
    byte x[N]
};

member members[N];
byte n_arrived = 0;
byte n_complete = FIRST;

/* struct sl_failure */
bool locked;
bool latched;
bool stopped;
bool committed;

byte n_agreed;
byte n_refused;
inline lock_failure()
{
    atomic { !locked -> locked = true }
}

inline unlock_failure()
{
    locked = false
}

inline wake_members(k)
{
    k = 0;
    do
    :: k < N -> gate_wake(members[k].own); k++
    :: else -> break
    od;
    k = 0
}

/* sl_failure_latch(), and stop_all() under its lock */
inline fail(k)
{
    lock_failure();
    if
#ifdef LATCHES_AFTER_COMMIT
    :: !latched ->
#else
    :: !latched && !committed ->
#endif
        latched = true;
        stopped = true;
#ifndef FAILS_WITHOUT_WAKE
        wake_members(k)
#endif
    :: else
    fi;
    unlock_failure()
}

/* sl_failure_commit() */
inline commit()
{
    lock_failure();
    if
#ifdef COMMITS_UNCHECKED
    :: true -> committed = true
#else
    :: !stopped -> committed = true
    :: else
#endif
    fi;
    unlock_failure()
}

inline arrive()
{
    atomic {
        n_arrived++;
#ifndef FORGETS_A_MEMBER
        last = (n_arrived == ((next(n_meetings) * N) & 255))
#else
        last = (n_arrived == ((next(n_meetings) * N - 1) & 255))
#endif
    }
}

#ifdef IGNORES_FAILURE
#define is_stopped false
#else
#define is_stopped stopped
#endif
#ifdef COMPARES_BY_SIZE
#define is_complete (n_complete > n_meetings)
#else
#define is_complete (n_complete != n_meetings)
#endif

inline say()
{
    members[me].words[at(n_meetings)] = next(n_meetings)
}

inline read_words()
{
    i = 0;
    do
    :: i < N -> assert(members[i].words[at(n_meetings)] == next(n_meetings));
        i++
    :: else -> break
    od;
    i = 0
}

/* meet(); it leaves at `refused` */
inline meet(commits)
{
    if
    :: skip
    :: fail(i); goto refused
    fi;
#ifndef SAYS_AFTER_ARRIVING
    say();
#endif
    arrive();
#ifdef SAYS_AFTER_ARRIVING
    say();
#endif
    if
    :: last ->
        if
        :: commits -> commit()
        :: else
        fi;
        n_complete = next(n_meetings);
#ifndef COMPLETES_IN_SILENCE
        wake_members(i)
#endif
    :: else -> gate_wait(members[me].own, is_complete, is_stopped)
    fi;
    last = false;
    if
    :: commits && !committed -> goto refused
    :: !commits && stopped -> goto refused
    :: else
    fi;
    read_words();
    n_meetings = next(n_meetings)
}

inline fill()
{
    atomic {
        for (i : 0 .. N - 1) {
            members[me].x[i] = term_of(round)
        };
        i = 0
    }
}

inline reduce_scatter()
{
#ifndef SCATTERS_AT_ONCE
    meet(false);
#endif
    do
    :: i < N -> assert(members[i].x[me] == term_of(round)); i++
    :: else -> break
    od;
    i = 0;
    members[me].x[me] = sum_of(round)
}

inline all_gather()
{
#ifndef GATHERS_AT_ONCE
    meet(false);
#endif
    do
    :: i < N ->
        assert(members[i].x[i] == sum_of(round));
        members[me].x[i] = sum_of(round);
        i++
    :: else -> break
    od;
    i = 0
}

proctype person(byte me)
{
    bool ready, late, last;
    byte i, round;
    byte n_meetings = FIRST;
    do
    :: round < ROUNDS ->
        fill();
        reduce_scatter();
        all_gather();
#ifndef NO_FENCE
        if
        :: round + 1 < ROUNDS -> meet(false)
        :: else /* the agreement is one */
        fi;
#endif
        round++
    :: else -> break
    od;
    meet(true);
    n_agreed++;
    goto home;
refused:
    n_refused++;
home:
    skip
}

/* sl_collective_close() */
proctype closer()
{
    byte i;
    lock_failure();
    if
    :: !committed -> stopped = true
    :: else
    fi;
    unlock_failure();
    wake_members(i)
}

init {
    bool closes;
    atomic {
        byte i;
        n_arrived = (FIRST * N) & 255;
        for (i : 0 .. N - 1) {
            run person(i)
        };
        if
        :: closes = true; run closer()
        :: skip
        fi
    };
    _nr_pr == 1;
    assert(n_agreed + n_refused == N);
    assert(n_agreed == (committed -> N : 0));
    assert(!(latched && committed));
    assert(committed || latched || closes)
}
