/* Skip connections between the stages of a schedule, for its verifier. */
#ifndef SLUICE_SCHEDULE_EDGE_H
#define SLUICE_SCHEDULE_EDGE_H

/*
 * A skip connection: something that F of stage `from` hands to F of a later
 * stage of the same copy, and B or I of that stage back to B or I of `from`,
 * through two queues of its own.  A capacity of 0 means that the stages are one
 * or on one device, where there is no queue.
 */
typedef struct sluice_schedule_edge {
    int from;
    int to;
    int capacity; /* items of each queue */
} sluice_schedule_edge;

#endif
