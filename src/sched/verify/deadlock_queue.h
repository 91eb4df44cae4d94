/* The queues of the execution without time, see verify_deadlock.c. */
#ifndef SL_SCHED_VERIFY_DEADLOCK_QUEUE_H
#define SL_SCHED_VERIFY_DEADLOCK_QUEUE_H

#include <stdbool.h>

/* Between stages s and s+1: activations is queue s, gradients n_stages + s.
 * Behind them those of edge e: activations is 2 e, gradients 2 e + 1. */
struct queue {
    int producer; /* its stages */
    int consumer;
    int capacity;
    bool of_edge;
    bool forward; /* activations */
    int appended;
    int taken; /* or, in a lowered schedule, posted for: it may be more than
                  was appended */
};

static inline struct queue make_queue(int producer, int consumer, int capacity,
                                      bool of_edge)
{
    return (struct queue){.producer = producer,
                          .consumer = consumer,
                          .capacity = capacity,
                          .of_edge = of_edge,
                          .forward = producer < consumer};
}

#endif
