/*
 * A gate: two wakers, each of which changes the state and wakes; the waiter
 * waits for one of the two and then for both.
 */
#include "waiting.pml"

gate g;
bool state[2];

proctype waker(byte i)
{
#ifdef WAKE_BEFORE_STORE
    gate_wake(g);
    state[i] = true
#else
    state[i] = true;
    gate_wake(g)
#endif
}

proctype waiter()
{
    bool ready, late;
    gate_wait(g, state[0], state[1]);
    assert(state[0] || state[1]);
    gate_wait(g, state[0] && state[1], false);
    assert(state[0] && state[1]);
    assert(n_late <= n_lost + n_early)
}

init {
    atomic {
        run waiter();
        run waker(0);
        run waker(1)
    }
}
