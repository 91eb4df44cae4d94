/*
 * The epochs of several processes, src/chan/mpi/control.c and coordinator.c,
 * and what a collective does about them, mpi_collective.c: N processes, each
 * with a caller and one device, make STEPS steps.
 *
 * A device fails, or votes for the commit and waits for the verdict.  With
 * CANCELS somebody fails the last process from outside, at any time.  Process 0
 * decides in the order of what reaches it.  All threads of a process take
 * letters, one thread at a time.
 *
 * FORWARD: no step but an inference, without a commit; what succeeds is noted
 * as if it were an update.
 *
 * In each step all devices update, or none does, and each process says so; none
 * fails for what has failed in another step.
 */
#ifndef N
#define N 2
#endif
#ifndef STEPS
#define STEPS 1
#endif

#define SOMEBODY (N - 1)

mtype = { UNDECIDED, VOTE, FAIL, DONE, COMMIT, STOP, END };

/* A letter: its kind, its epoch, whether it tells a failure.  To process 0 and
 * from it. */
chan up[N] = [6] of { mtype, byte, bool };
chan down[N] = [6] of { mtype, byte, bool };

typedef process {
    /* struct sl_control */
    bool locked;
    byte epoch;
    bool running;
    bool voted;
    bool failed; /* `first` is set */
    mtype verdict;
    bool ended;
    /* struct sl_failure; what stops also closes all that waits */
    bool open;
    bool latched;
    bool committed;
    /* The device */
    byte job;  /* how many it was woken for */
    byte home; /* and has left */
    bool updated
}

process at[N];
byte n_votes, n_done;
byte n_behind[STEPS + 1], n_succeeded[STEPS + 1];
bool blamed[STEPS + 2]; /* something has failed in this epoch */

#define lock(p) atomic { !at[p].locked -> at[p].locked = true }
#define unlock(p) at[p].locked = false

/* sl_failure_latch() */
inline latch(p)
{
    atomic {
        if
        :: at[p].open && !at[p].committed -> at[p].latched = true
        :: else
        fi
    }
}

/* sl_failure_commit() */
inline note_commit(p)
{
    atomic {
        if
        :: !at[p].latched -> at[p].committed = true
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

#ifdef IGNORES_VERDICT
#define is_undecided true
#else
#define is_undecided (at[0].verdict == UNDECIDED)
#endif

/* sl_coordinate_locked() */
inline coordinate(kind)
{
    if
    :: kind == VOTE ->
        n_votes++;
        if
        :: n_votes == N && is_undecided -> decide(COMMIT, false)
        :: else
        fi
    :: kind == FAIL ->
        if
#ifdef DECIDES_BEHIND_THE_END
        :: is_undecided -> decide(STOP, true)
#else
        :: is_undecided && !at[0].ended -> decide(STOP, true)
#endif
        :: else
        fi
    :: kind == DONE ->
        n_done++;
        if
        :: n_done == N -> decide(END, at[0].failed)
        :: else
        fi
    fi
}

/* tell_locked() */
inline tell(what)
{
    if
    :: me == 0 -> coordinate(what)
    :: else -> up[me]!what, at[me].epoch, (what == FAIL)
    fi
}

#ifdef KEEPS_NOTHING
#define is_early false
#else
#define is_early (epoch > at[me].epoch)
#endif
#ifdef FORGETS_EPOCHS
#define is_late false
#else
#define is_late (epoch < at[me].epoch || !at[me].running)
#endif

/* The next letter of a process.  One about an epoch to come is kept. */
inline take(letters)
{
    if
    :: nempty(letters) ->
        letters?<kind, epoch, fails>;
        if
        :: is_early
        :: else ->
            letters?kind, epoch, fails;
            if
            :: is_late
            :: !is_late && me == 0 -> coordinate(kind)
            :: !is_late && me > 0 -> obey(me, kind, fails)
            fi
        fi
    :: else
    fi;
    kind = UNDECIDED;
    epoch = 0;
    fails = false
}

/* look_locked() */
inline look_locked()
{
    if
    :: me == 0 ->
        from = 1;
        do
        :: from < N -> take(up[from]); from++
        :: else -> break
        od;
        from = 0
    :: else -> take(down[me])
    fi
}

/* Whether a look finds a letter. */
#if N == 2
#define has_mail (me == 0 -> len(up[1]) > 0 : len(down[me]) > 0)
#else
#define has_mail (me == 0 -> len(up[1]) + len(up[2]) > 0 : len(down[me]) > 0)
#endif

/* sl_control_look(); a look that finds nothing changes nothing */
inline look()
{
    atomic { !at[me].locked && has_mail -> at[me].locked = true };
    look_locked();
    unlock(me)
}

/* sl_control_fail(), by mpi_fail() */
inline fail()
{
    lock(me);
    blamed[at[me].epoch + (at[me].running -> 0 : 1)] = true;
    counts =
        !at[me].running || (!at[me].voted && at[me].verdict == UNDECIDED);
    if
    :: at[me].running -> tell(FAIL)
    :: else
    fi;
#ifndef STOPS_BEHIND_THE_LOCK
    if
#ifdef STOPS_AFTER_A_VOTE
    :: true -> latch(me)
#else
    :: counts -> latch(me)
    :: else
#endif
    fi;
    unlock(me)
#else
    unlock(me);
    if
    :: counts -> latch(me)
    :: else
    fi
#endif
    ;
    counts = false
}

proctype device(byte me)
{
    byte to, from, epoch;
    bool fails, counts;
    mtype kind = UNDECIDED;
    do
    :: at[me].home < STEPS ->
        at[me].job > at[me].home;
        if
        :: fail()
        :: skip
        fi;
        if
        :: at[me].latched
#ifdef FORWARD
        :: else
#else
        :: else ->
            lock(me);
            at[me].voted = true;
            tell(VOTE);
            unlock(me);
            do
            :: at[me].latched || at[me].verdict != UNDECIDED -> break
            :: look()
            od
#endif
        fi;
        at[me].updated = at[me].committed;
        at[me].home++
    :: else -> break
    od
}

proctype caller(byte me)
{
    byte to, from, epoch;
    bool fails;
    mtype kind = UNDECIDED;
    byte step;
    do
    :: step < STEPS ->
        step++;
        /* sl_pipeline_begin() */
        atomic {
            at[me].open = true;
            at[me].latched = false;
            at[me].committed = false
        };
        /* sl_control_begin() */
        lock(me);
        at[me].epoch++;
        at[me].running = true;
        at[me].voted = false;
        at[me].failed = false;
        at[me].verdict = UNDECIDED;
        at[me].ended = false;
        if
        :: me == 0 -> n_votes = 0; n_done = 0
        :: else
        fi;
        look_locked();
        unlock(me);
#ifndef FORGETS_WHAT_WAS_BEFORE
        if
        :: at[me].latched -> lock(me); tell(FAIL); unlock(me)
        :: else
        fi;
#endif
        at[me].job++;
        do
        :: at[me].home == step -> break
        :: look()
        od;
        /* sl_control_finish() */
        lock(me);
        tell(DONE);
        unlock(me);
        do
        :: at[me].ended -> break
        :: look()
        od;
        lock(me);
        at[me].running = false;
        unlock(me);
        at[me].open = false;
#ifdef FORWARD
        at[me].updated = !at[me].failed;
#endif
        assert(at[me].updated == !at[me].failed);
        assert(!at[me].failed || blamed[at[me].epoch]);
        atomic {
            n_behind[step]++;
            n_succeeded[step] = n_succeeded[step] + at[me].updated;
            assert(n_succeeded[step] == 0 || n_succeeded[step] == n_behind[step])
        }
    :: else -> break
    od
}

#ifdef CANCELS
proctype canceller(byte me)
{
    byte to;
    bool counts;
    fail()
}
#endif

init {
    byte i;
    atomic {
        for (i : 0 .. N - 1) {
            at[i].verdict = UNDECIDED;
            run caller(i);
            run device(i)
        }
#ifdef CANCELS
        ; run canceller(SOMEBODY)
#endif
    };
    _nr_pr == 1
}
