/*
 * A step of a pipeline: K devices, M micro-batches, links of capacity CAPACITY,
 * as told in src/pipeline/{step,device,execute}.c, src/chan/{link,failure}.c.
 * Meetings before that at which the devices agree are those of meeting.pml.
 *
 * Every cell may fail, and so may what precedes the update; somebody may cancel
 * at any time.  A step either updates all devices or none, and says which: the
 * first failure, if there was one, and no other.  A device may update ahead of
 * the commit (src/pipeline/update/ahead.h).
 *
 * Waiting is a guard here; that a gate does as much is what gate.pml shows.
 * The caller makes STEPS steps, one after the other, so that what one leaves
 * behind meets the next.
 *
 * LARGE has fewer states: all links close at once, and failures of different
 * cells look the same.  As nothing that a device does from there on is seen by
 * another one, they come home one after the other.
 */
#ifndef K
#define K 3
#endif
#ifndef M
#define M 2
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef STEPS
#define STEPS 1
#endif

/* All forwards, then the backwards in reverse; else 1F1B. */
#ifndef GPIPE
#define GPIPE 0
#endif
#ifndef MISSING_SLOTS
#define MISSING_SLOTS 0
#endif
#ifndef MISSING_GRADIENT_SLOTS
#define MISSING_GRADIENT_SLOTS 0
#endif
#if GPIPE
#define goes_forward (n_forward < M)
#define forward_slots(d) M
#define backward_microbatch(n) (M - 1 - (n))
#else
#ifndef HURRIES_AT_THE_END
#define in_flight(d) (K - (d))
#else
#define in_flight(d) ((d) + 1)
#endif
#define goes_forward (n_forward < M && n_forward < n_backward[d] + in_flight(d))
#define forward_slots(d) (K - (d) - MISSING_SLOTS)
#define backward_microbatch(n) (n)
#endif
#define backward_slots (CAPACITY + 2 - MISSING_GRADIENT_SLOTS)

#if K > 1
#define N_LINKS (2 * (K - 1))
#else
#define N_LINKS 1 /* that nobody uses */
#endif
#define activations(d) (d)          /* the link from d to d + 1 */
#define gradients(d) (K - 1 + (d))  /* the link from d + 1 to d */

typedef link {
    bool closed;
    byte n_published;
    byte n_taken;
    byte microbatch[CAPACITY] /* 1 more than it; 0: nothing there */
};

/* What somebody says went wrong. */
#define NOTHING 0
#define CANCELLED 255
#ifdef LARGE
#define cell_of(d) 1
#else
#define cell_of(d) ((d) + 1)
#endif

link links[N_LINKS];

/* struct sl_failure of all devices */
bool locked;
bool open;
byte latched;
bool stopped;
bool committed;

/* the meeting at which they agree, see meeting.pml */
byte n_arrived;
bool complete;

byte job_no;
byte n_running;
#ifdef LARGE
byte n_home;
#endif
byte n_backward[K];

/* What the property is about. */
byte first;      /* failure that came while the step was open */
bool updated[K];

inline lock()
{
    atomic { !locked -> locked = true }
}

inline unlock()
{
    locked = false
}

/* stop() of the pipeline: one link after the other */
inline close_all()
{
    byte l;
    do
    :: atomic { l < N_LINKS -> close(l); l++ }
    :: atomic { l == N_LINKS -> l = 0; break }
    od
}

inline close(l)
{
#ifdef FORGETS_A_LINK
    if
    :: l != 0 -> links[l].closed = true
    :: else
    fi
#else
    links[l].closed = true
#endif
}

#ifdef LAST_FAILURE_WINS
#define is_first true
#else
#define is_first (latched == NOTHING)
#endif
#ifdef LATCHES_AFTER_COMMIT
#define may_latch (open && is_first)
#else
#define may_latch (open && is_first && !committed)
#endif

inline latch(why)
{
    latched = why;
    if
    :: first == NOTHING -> first = why
    :: else
    fi
}

/* sl_failure_latch().  What only the lock's holder sees is one step. */
inline fail(why)
{
    if
    :: atomic { !locked && !may_latch -> skip }
#ifdef CLOSES_BEFORE_STOPPING
    :: atomic { !locked && may_latch -> locked = true; latch(why) };
        close_all();
        stopped = true;
        unlock()
#elif defined(LARGE)
    :: atomic {
            !locked && may_latch -> latch(why); close_all();
            stopped = true /* the last: it stops this device */
        }
#else
    :: atomic {
            !locked && may_latch -> locked = true; latch(why); stopped = true
        };
        close_all();
        unlock()
#endif
    fi
}

/* The link that an action takes from and the one that it gives to. */
#define has_source (forward -> d > 0 : d < K - 1)
#define source links[(forward -> activations(d - 1) : gradients(d))]
#define has_sink (forward -> d < K - 1 : d > 0)
#define sink links[(forward -> activations(d) : gradients(d - 1))]
#define microbatch_now                                                         \
    (forward -> n_forward : backward_microbatch(n_backward[d]))

#define has_item (source.n_published != source.n_taken)
#ifndef NO_ROOM_CHECK
#define has_room (sink.n_published - sink.n_taken < CAPACITY)
#else
#define has_room true
#endif

inline take_item()
{
    assert(source.microbatch[source.n_taken % CAPACITY] == microbatch_now + 1);
    source.microbatch[source.n_taken % CAPACITY] = 0;
    source.n_taken++
}

inline publish_item()
{
    assert(sink.microbatch[sink.n_published % CAPACITY] == 0);
    sink.microbatch[sink.n_published % CAPACITY] = microbatch_now + 1;
    sink.n_published++
}

/* Item n of a ring of n_slots is about to be written: item n - n_slots, which
 * lies there, has been read for the last time, in its backward on `reader`. */
inline write_slot(n, n_slots, reader)
{
    assert(n < n_slots || n_backward[reader] > n - n_slots)
}

inline write_slots()
{
    assert(forward || n_backward[d] < n_forward);
    if
    :: forward && d < K - 1 -> write_slot(n_forward, forward_slots(d), d + 1)
    :: !forward && d > 0 -> write_slot(n_backward[d], backward_slots, d - 1)
    :: else
    fi
}

inline count()
{
    if
    :: forward -> n_forward++
    :: else -> n_backward[d]++
    fi;
    forward = goes_forward
}

inline fail_here()
{
#ifndef FAILS_IN_SILENCE
    fail(cell_of(d))
#else
    skip
#endif
}

/*
 * An action, of which two steps can be told apart by others: its take and its
 * publish.  `stopped` and `closed`, which it reads before them, change only once
 * in a step, so that reading them there comes to the same.  To leave because of
 * `stopped` waits for what the take would wait for, since a device that has
 * passed the check before `stopped` was set must not depend on it.
 */
inline act()
{
    if
    :: stopped && (!has_source || has_item || source.closed) -> goto leave
    :: atomic { !has_source -> write_slots() }
    :: atomic {
            has_source && (has_item || source.closed) ->
            if
            :: source.closed -> goto leave
            :: else -> take_item(); write_slots()
            fi
        }
    fi;
    if
    :: fail_here(); goto leave
    :: atomic { !has_sink -> count() }
    :: atomic {
            has_sink && (has_room || sink.closed) ->
            if
            :: sink.closed -> goto leave
            :: else -> publish_item(); count()
            fi
        }
    fi
}

inline update()
{
    updated[d] = true
}

/* What was updated ahead of the commit is put back. */
inline undo()
{
#ifndef KEEPS_WHAT_IT_UPDATED
    updated[d] = false
#else
    skip
#endif
}

#ifdef COMMITS_UNCHECKED
#define may_commit true
#else
#define may_commit (!stopped)
#endif
#ifdef WAITS_FOR_ALL
#define has_agreed complete
#else
#define has_agreed (complete || stopped)
#endif

/* sl_collective_agree(): the last to arrive commits. */
inline agree()
{
    atomic {
        n_arrived++;
        if
        :: n_arrived == K -> last = true
        :: else
        fi
    };
    if
    :: atomic {
            last && !locked ->
            if
            :: may_commit -> committed = true
            :: else
            fi;
            complete = true;
            last = false
        }
    :: !last && has_agreed
    fi
}

inline come_home()
{
    atomic {
        n_forward = 0;
        n_running--;
#ifdef LARGE
        n_home++ /* the last: it stops this device */
#endif
    }
}

#ifdef LARGE
proctype device(byte d) provided (!stopped || _pid == n_home + 1)
#else
proctype device(byte d)
#endif
{
    byte last_job, n_forward;
    bool forward, last;
end:
    do
    :: atomic {
            job_no != last_job ->
            last_job = job_no;
            forward = goes_forward
        };
        do
        :: n_backward[d] == M -> break
        :: else -> act()
        od;
        if
        :: stopped -> goto leave
        :: skip
        :: fail_here(); goto leave /* what may fail of the update */
        fi;
        if
        :: update() /* ahead: others see nothing of it */
        :: skip
        fi;
        agree();
        atomic {
            if
            :: committed && !stopped -> update() /* an operation like others */
            :: else -> undo()
            fi
        };
leave:
        come_home()
    od
}

proctype canceller()
{
    fail(CANCELLED)
}

inline begin()
{
    atomic {
        for (i : 0 .. K - 1) {
            updated[i] = false;
            n_backward[i] = 0
        };
        i = 0;
        n_arrived = 0;
#ifdef LARGE
        n_home = 0;
#endif
        complete = false;
        first = NOTHING
    };
    lock();
    open = true;
    latched = NOTHING;
#ifndef STAYS_STOPPED
    stopped = false;
#endif
    committed = false;
    unlock()
}

inline clear(l)
{
#ifndef KEEPS_ITEMS
    atomic {
        links[l].n_published = 0;
        links[l].n_taken = 0;
        byte at;
        for (at : 0 .. CAPACITY - 1) {
            links[l].microbatch[at] = 0
        };
        at = 0
    }
#else
    skip
#endif
}

inline run_job()
{
    for (i : 0 .. N_LINKS - 1) {
        clear(i);
        links[i].closed = false
    };
    i = 0;
    if
    :: stopped
    :: else ->
        n_running = K;
        job_no++;
        n_running == 0
    fi
}

inline judge()
{
    assert(result == first);
    assert(committed == (result == NOTHING));
    for (i : 0 .. K - 1) {
        assert(updated[i] == (result == NOTHING))
    };
    i = 0
}

init {
    byte i, step, result;
    atomic {
        for (i : 0 .. K - 1) {
            run device(i)
        };
        i = 0;
        run canceller()
    };
    do
    :: step < STEPS ->
        begin();
        run_job();
        lock();
        open = false;
        result = latched;
        unlock();
        atomic { judge() };
        step++
    :: else -> break
    od
}
