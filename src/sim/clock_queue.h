/* The queues of the execution on a clock, see clockwork.c. */
#ifndef SL_SIM_CLOCK_QUEUE_H
#define SL_SIM_CLOCK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/schedule.h>

/*
 * Between two stages on different devices.  `times` is a ring.  A place holds
 * the time from which its item can be taken and, once it is taken, that time,
 * from which there is room for the next.
 */
struct queue {
    int64_t *times; /* [n_places] */
    int producer;   /* devices */
    int consumer;
    int64_t latency_ns;
    int appended; /* items, counted from the start: at most M */
    int taken;    /* or, in a lowered schedule, posted for: it may be more than
                     was appended */
    struct passage *passages; /* [M] by micro-batch, of a lowered schedule */
};

/* An item of a lowered schedule; NEVER before it happens. */
struct passage {
    int64_t posted_ns;  /* for its RECV */
    int64_t arrived_ns; /* from then on the receiver can use it */
};

enum { NEVER = -1 };

static inline int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline bool is_backward(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

#endif
