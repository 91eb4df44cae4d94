/*
 * The epochs of several processes, src/chan/mpi/control.c and coordinator.c,
 * with what a collective does about them, mpi_collective.c: N processes, each
 * with a caller and one device, go through EPOCHS steps.
 *
 * A device fails, or votes for the commit and waits for the verdict; somebody
 * in process CANCELS may fail it at any time.  Process 0 decides in the order
 * of what reaches it.  Both threads of a process take letters, one at a time.
 *
 * In each epoch all devices update, or none does; and what the calls return
 * says so in each process.
 */
#ifndef N
#define N 2
#endif
#ifndef EPOCHS
#define EPOCHS 1
#endif
#ifndef CANCELS
#define CANCELS 0
#endif

mtype = { UNDECIDED, VOTE, FAIL, DONE, COMMIT, STOP, END };

/* A letter: its kind, its epoch, and whether it tells a failure. */
chan up[N] = [4 * EPOCHS] of { mtype, byte, bool };
chan down[N] = [4 * EPOCHS] of { mtype, byte, bool };

typedef process {
    /* struct sl_control */
    bool locked;
    byte epoch;
    bool running;
    bool voted;
    bool failed;         /* `first` is set */
    mtype verdict;
    bool ended;
    /* struct sl_failure of the collective */
    bool latched;
    bool stopped;        /* with it, all that waits is closed */
    bool committed;
    /* the device */
    byte job;            /* epochs it has been woken for */
    byte home;           /* and has left */
    bool updated;
    /* what the call returned */
    bool succeeded
}

process at[N];
byte n_votes, n_done;
byte n_out;              /* callers behind the epoch */
byte n_next;             /* and before the next one */

#define lock(p) atomic { !at[p].locked -> at[p].locked = true }
#define unlock(p) at[p].locked = false

/* stopped() */
inline latch(p)
{
    atomic {
        if
        :: !at[p].latched && !at[p].committed ->
            at[p].latched = true; at[p].stopped = true
        :: else
        fi
    }
}

/* committed() */
inline note_commit(p)
{
    atomic {
        if
        :: !at[p].stopped -> at[p].committed = true
        :: else
        fi
    }
}

/* sl_control_obey_locked() */
inline obey(p, kind, fails)
{
    if
    :: fails -> at[p].failed = true
    :: else
    fi;
    if
#ifdef SHOWS_BEFORE_NOTING
    :: kind == COMMIT -> at[p].verdict = COMMIT; note_commit(p)
#else
    :: kind == COMMIT -> note_commit(p); at[p].verdict = COMMIT
#endif
    :: kind == STOP -> latch(p); at[p].verdict = STOP
    :: kind == END -> at[p].ended = true
    fi
}

/* decide_locked() */
inline decide(kind, fails)
{
    to = 1;
    do
    :: to < N -> down[to]!kind, at[0].epoch, fails; to++
    :: else -> break
    od;
    to = 0;
    obey(0, kind, fails)
}

/* sl_coordinate_locked() */
inline coordinate(kind)
{
    if
    :: kind == VOTE ->
        n_votes++;
        if
#ifdef COUNTS_VOTES_ALONE
        :: n_votes == N -> decide(COMMIT, false)
#else
        :: n_votes == N && at[0].verdict == UNDECIDED -> decide(COMMIT, false)
#endif
        :: else
        fi
    :: kind == FAIL ->
        if
#ifdef STOPS_AFTER_COMMIT
        :: at[0].verdict != STOP -> decide(STOP, true)
#else
        :: at[0].verdict == UNDECIDED -> decide(STOP, true)
#endif
        :: else
        fi
    :: kind == DONE ->
        n_done++;
        if
#ifdef ENDS_EARLY
        :: n_done == N - 1 -> decide(END, at[0].failed)
#else
        :: n_done == N -> decide(END, at[0].failed)
#endif
        :: else
        fi
    fi
}

/* tell_locked() */
inline tell(kind)
{
    if
    :: me == 0 -> coordinate(kind)
    :: else -> up[me]!kind, at[me].epoch, (kind == FAIL)
    fi
}

#ifdef FORGETS_EPOCHS
#define is_old false
#define is_early false
#else
#define is_old (epoch != at[me].epoch || !at[me].running)
#define is_early(queue) \
    queue ? [UNDECIDED, 255, false] /* never: see take() */
#endif

/* look_locked(): one letter; those of an epoch to come are kept */
inline take(queue)
{
    if
    :: queue?[kind, epoch, fails] ->
        queue?<kind, epoch, fails>;
        if
        :: epoch > at[me].epoch -> skip
        :: else ->
            queue?kind, epoch, fails;
            if
            :: is_old -> skip
            :: !is_old && me == 0 -> coordinate(kind)
            :: !is_old && me > 0 -> obey(me, kind, fails)
            fi
        fi
    :: else
    fi
}
