/* Polling; any thread. */
#include "chan/mpi/poll.h"

#include <sched.h>
#include <time.h>

#include "base/clock.h"

enum {
    PAUSE_NS = 20 * 1000,
    LOOKS_PER_CLOCK = 16,
};

void sl_poll(struct sl_patience patience, bool (*ready)(void *state),
             void *state, void (*look)(void *context), void *context)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int64_t end = 0;
    for (int i = 1; !ready(state); i++) {
        if (i % LOOKS_PER_CLOCK == 0) {
            look(context);
            int64_t now = sl_now_ns();
            if (end == 0)
                end = sl_add_ns(now, patience.spin_ns);
            if (now >= end)
                nanosleep(&pause, NULL);
        }
        if (patience.yield)
            sched_yield();
    }
}
