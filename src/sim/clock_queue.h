/* The queues of the execution on a clock, see clockwork.c. */
#ifndef SL_SIM_CLOCK_QUEUE_H
#define SL_SIM_CLOCK_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/schedule.h>
#include <sluice/trace.h>

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

/* When an item of a lowered schedule has been received, its place is free. */
static inline void receive(struct queue *queue, const struct passage *item,
                           int number, int n_places)
{
    if (item->posted_ns != NEVER && item->arrived_ns != NEVER)
        queue->times[number % n_places] =
            later(item->posted_ns, item->arrived_ns);
}

/* Add an event to the share of its device, whose first work began at
 * *first_ns. */
static inline void count_event(const sluice_trace_event *event,
                               int64_t *first_ns, sluice_time_share *share)
{
    if (event->action.kind == SLUICE_UPDATE)
        return;
    if (event->action.kind < SLUICE_UPDATE) { /* work, not a hand-off */
        if (*first_ns == NEVER)
            *first_ns = event->start_ns;
        share->makespan_ns = event->end_ns;
        share->span_ns = event->end_ns - *first_ns;
        share->busy_ns += event->cpu_ns;
    }
    share->wait_ns += event->input_wait_ns + event->output_wait_ns;
}

static inline bool is_backward(sluice_action action)
{
    return action.kind == SLUICE_B || action.kind == SLUICE_I;
}

#endif
