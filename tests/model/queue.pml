/*
 * The bounded queue of src/chan/queue.c over two gates: a producer and a
 * consumer of ITEMS items, and somebody who may close it at any time.  Turns
 * and positions are counted in bytes, from item FIRST on: 126 makes turns wrap,
 * as 2^31 - 2 does in C, and 254 the counters too.
 *
 * A slot that is not the queue's goes along with each item, as a boundary's
 * slot does; the consumer reads it until it pops again, see blueprint/ring.h.
 */
#include "waiting.pml"

#ifndef CAPACITY
#define CAPACITY 2
#endif
#ifndef ITEMS
#define ITEMS 4
#endif
#ifndef FIRST
#define FIRST 0
#endif
#ifndef MISSING_SLOTS
#define MISSING_SLOTS 0
#endif
#define SLOTS (CAPACITY + 2 - MISSING_SLOTS)

/* Where item n lies; the mutant's places are those of n modulo 2^32 in C. */
#ifndef PLACES_BY_COUNT
#define next_place(at, n) ((at + 1) % CAPACITY)
#else
#define next_place(at, n) ((n) % CAPACITY)
#endif

#define room_for(n) ((2 * (n)) & 255)
#ifndef WRONG_TURN
#define filled_with(n) ((2 * (n) + 1) & 255)
#else
#define filled_with(n) ((2 * (n)) & 255)
#endif

typedef place {
    byte turn;
    byte item
};

gate not_empty;
gate not_full;
place places[CAPACITY];
byte slots[SLOTS];  /* the item that lies there; 0: none yet */
bool closed;
bool may_close;
byte n_pushed;      /* that have returned OK */
byte n_popped;

#ifdef IGNORES_CLOSE
#define is_closed false
#else
#define is_closed closed
#endif

proctype producer()
{
    bool ready, late;
    byte i;
    byte pushed = FIRST; /* `pushed` and `push_at` of the queue */
    byte at = 0;
    do
    :: i < ITEMS ->
        slots[i % SLOTS] = i + 1;
#ifndef NO_ROOM_CHECK
        gate_wait(not_full, places[at].turn == room_for(pushed), is_closed);
#endif
        if
        :: closed -> break
        :: else
        fi;
#ifdef FILLS_AFTER_PUBLISHING
        places[at].turn = filled_with(pushed);
        places[at].item = i + 1;
#else
        places[at].item = i + 1;
        places[at].turn = filled_with(pushed);
#endif
        pushed++;
        at = next_place(at, pushed);
        gate_wake(not_empty);
        i++;
        n_pushed++
    :: else -> break
    od
}

proctype consumer()
{
    bool ready, late;
    byte i, item;
    byte popped = FIRST;
    byte at = 0;
    do
    :: i < ITEMS ->
        gate_wait(not_empty, places[at].turn == filled_with(popped),
                  is_closed);
        if
        :: closed -> break
        :: else
        fi;
#ifdef GIVES_BACK_BEFORE_READING
        places[at].turn = room_for(popped + CAPACITY);
        item = places[at].item;
#else
        item = places[at].item;
        places[at].turn = room_for(popped + CAPACITY);
#endif
        popped++;
        at = next_place(at, popped);
#ifndef WAKES_ITSELF
        gate_wake(not_full);
#else
        gate_wake(not_empty);
#endif
        assert(item == i + 1);
        assert(slots[i % SLOTS] == i + 1);
        i++;
        n_popped++
    :: else -> break
    od
}

proctype closer()
{
#ifndef WAKES_BEFORE_CLOSING
    closed = true;
#endif
#ifndef CLOSES_IN_SILENCE
    gate_wake(not_empty);
#ifndef CLOSES_FOR_ONE
    gate_wake(not_full)
#endif
#endif
#ifdef WAKES_BEFORE_CLOSING
    closed = true
#endif
}

init {
    atomic {
        byte i;
        for (i : 0 .. CAPACITY - 1) {
            places[i].turn = room_for(FIRST + i)
        };
        run producer();
        run consumer();
        if
        :: may_close = true; run closer()
        :: skip
        fi
    };
    _nr_pr == 1;
    assert(may_close || (n_pushed == ITEMS && n_popped == ITEMS));
    assert(n_pushed - n_popped <= CAPACITY);
    assert(n_late <= n_lost)
}
