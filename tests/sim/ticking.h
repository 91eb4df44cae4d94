/*
 * The oracle of the simulator: executes lists of actions one tick of the clock
 * after another, and in each looks at every device until nothing more happens.
 * Written from the text of include/sluice/simulate.h, slow and simple, sharing
 * no code with src/sim.
 */
#ifndef SL_TEST_SIM_TICKING_H
#define SL_TEST_SIM_TICKING_H

#include "sched/naive.h"

#include <sluice/trace.h>

enum ticking_state { TICKING_IDLE, TICKING_COMPUTES, TICKING_HAS_OUTPUT };

struct ticking_queue {
    int64_t visible[NAIVE_CAPACITY]; /* from then on it can be taken */
    int items[NAIVE_CAPACITY];       /* micro-batches */
    int n;
    int n_posted;                      /* receives without an item */
    bool received[NAIVE_MICROBATCHES]; /* of a lowered plan */
};

struct ticking {
    const struct plan *plan;
    int64_t costs[NAIVE_STAGES][SLUICE_N_ACTION_KINDS];
    int64_t latency;
    int capacity;
    bool no_barrier;
    bool lowered;
    int64_t now;
    int position[NAIVE_DEVICES];
    enum ticking_state state[NAIVE_DEVICES];
    int64_t free_since[NAIVE_DEVICES];
    struct ticking_queue queues[2][NAIVE_STAGES]; /* s to s+1, and back */
    struct ticking_queue skips[2][2]; /* of each edge, there and back */
    int64_t edge_latency[2];
    int n_given[NAIVE_DEVICES]; /* edges; -1: not even its neighbour */
    sluice_trace_event events[NAIVE_DEVICES][NAIVE_ACTIONS];
};

/* 0: activations, 1: gradients, -1: neither. */
static inline int ticking_traffic(sluice_action a)
{
    if (a.kind == SLUICE_F || a.kind == SLUICE_SEND_F ||
        a.kind == SLUICE_RECV_F)
        return 0;
    return a.kind == SLUICE_B || a.kind == SLUICE_I ||
                   a.kind == SLUICE_SEND_B || a.kind == SLUICE_RECV_B
               ? 1
               : -1;
}

/* The queue across the boundary after `stage`, or NULL. */
static inline struct ticking_queue *ticking_queue_at(struct ticking *run,
                                                     int traffic, int stage)
{
    const struct plan *plan = run->plan;
    if (traffic < 0 || stage < 0 || stage + 1 >= plan->stages ||
        plan->stage_device[stage] == plan->stage_device[stage + 1])
        return NULL;
    return &run->queues[traffic][stage];
}

static inline bool ticking_all_at_update(const struct ticking *run)
{
    for (int d = 0; d < run->plan->devices; d++)
        if (run->position[d] < run->plan->n[d] &&
            (run->plan->list[d][run->position[d]].kind != SLUICE_UPDATE))
            return false;
    return true;
}

static inline void ticking_remove(struct ticking_queue *queue)
{
    queue->n--;
    memmove(queue->visible, queue->visible + 1,
            (size_t)queue->n * sizeof *queue->visible);
    memmove(queue->items, queue->items + 1,
            (size_t)queue->n * sizeof *queue->items);
}

/* In a lowered plan what has come goes to the receives that are posted.
 * Whether any did. */
static inline bool ticking_receive(struct ticking *run)
{
    bool any = false;
    for (int way = 0; way < 2; way++)
        for (int s = 0; s < NAIVE_STAGES; s++) {
            struct ticking_queue *queue = &run->queues[way][s];
            while (queue->n && queue->n_posted &&
                   queue->visible[0] <= run->now) {
                queue->received[queue->items[0]] = true;
                queue->n_posted--;
                ticking_remove(queue);
                any = true;
            }
        }
    return any;
}

/* Whether all is there that comes by edges, which is taken if `takes`. */
static inline bool ticking_edges(struct ticking *run, sluice_action a,
                                 bool takes)
{
    int way;
    for (int e = 0; e < run->plan->n_edges; e++) {
        if (!naive_uses_edge(run->plan, e, a, true, &way))
            continue;
        struct ticking_queue *queue = &run->skips[e][way];
        if (queue->n == 0 || queue->visible[0] > run->now)
            return false;
        if (takes)
            ticking_remove(queue);
    }
    return true;
}

/* Give to edges, as far as there is room. */
static inline bool ticking_give_edges(struct ticking *run, int d,
                                      sluice_action a)
{
    int way;
    for (; run->n_given[d] < run->plan->n_edges; run->n_given[d]++) {
        int e = run->n_given[d];
        if (!naive_uses_edge(run->plan, e, a, false, &way))
            continue;
        struct ticking_queue *queue = &run->skips[e][way];
        if (queue->n == run->plan->edges[e].capacity)
            return false;
        queue->items[queue->n] = a.microbatch;
        queue->visible[queue->n++] = run->now + run->edge_latency[e];
    }
    return true;
}

static inline bool ticking_begin(struct ticking *run, int d, sluice_action a)
{
    int traffic = ticking_traffic(a);
    struct ticking_queue *from =
        ticking_queue_at(run, traffic, traffic ? a.stage : a.stage - 1);
    if (a.kind == SLUICE_UPDATE && !run->no_barrier &&
        !ticking_all_at_update(run))
        return false;
    bool computes = a.kind < SLUICE_SEND_F;
    if (!ticking_edges(run, a, false))
        return false;
    if (from && computes && run->lowered && !from->received[a.microbatch])
        return false;
    if (from && computes && !run->lowered) {
        if (from->n == 0 || from->visible[0] > run->now)
            return false;
        ticking_remove(from);
    }
    run->events[d][run->position[d]] = (sluice_trace_event){
        .action = a,
        .input_wait_ns = run->now - run->free_since[d],
        .start_ns = run->now,
        .end_ns = run->now + run->costs[a.stage][a.kind],
    };
    ticking_edges(run, a, true);
    run->n_given[d] = -1;
    run->state[d] = TICKING_COMPUTES;
    return true;
}

static inline bool ticking_pass_on(struct ticking *run, int d, sluice_action a)
{
    int traffic = ticking_traffic(a);
    struct ticking_queue *to =
        ticking_queue_at(run, traffic, traffic ? a.stage - 1 : a.stage);
    bool sends = a.kind == SLUICE_SEND_F || a.kind == SLUICE_SEND_B;
    if (a.kind == SLUICE_RECV_F || a.kind == SLUICE_RECV_B)
        ticking_queue_at(run, traffic, traffic ? a.stage : a.stage - 1)
            ->n_posted++;
    else if (to && sends == run->lowered) {
        if (to->n == run->capacity)
            return false;
        to->items[to->n] = a.microbatch;
        to->visible[to->n++] = run->now + run->latency;
    }
    run->n_given[d] = 0;
    return true;
}

/* Whether it gave anything. */
static inline bool ticking_give(struct ticking *run, int d, sluice_action a)
{
    sluice_trace_event *event = &run->events[d][run->position[d]];
    int n_given = run->n_given[d];
    if (n_given < 0 && !ticking_pass_on(run, d, a))
        return false;
    if (!ticking_give_edges(run, d, a))
        return run->n_given[d] > n_given;
    event->output_wait_ns = run->now - event->end_ns;
    run->free_since[d] = run->now;
    run->state[d] = TICKING_IDLE;
    run->position[d]++;
    return true;
}

/* Whether the device could do anything now. */
static inline bool ticking_step(struct ticking *run, int d)
{
    if (run->position[d] == run->plan->n[d])
        return false;
    sluice_action a = run->plan->list[d][run->position[d]];
    if (run->state[d] == TICKING_IDLE)
        return ticking_begin(run, d, a);
    if (run->state[d] == TICKING_HAS_OUTPUT)
        return ticking_give(run, d, a);
    if (run->events[d][run->position[d]].end_ns > run->now)
        return false;
    run->state[d] = TICKING_HAS_OUTPUT;
    return true;
}

static inline bool ticking_finished(const struct ticking *run)
{
    for (int d = 0; d < run->plan->devices; d++)
        if (run->position[d] < run->plan->n[d])
            return false;
    return true;
}

/* Run a plan that can run; `now` is then when the last device was done. */
static inline void ticking_run(struct ticking *run)
{
    for (;; run->now++) {
        for (bool progress = true; progress;) {
            progress = ticking_receive(run);
            for (int d = 0; d < run->plan->devices; d++)
                progress |= ticking_step(run, d);
        }
        if (ticking_finished(run))
            return;
        ck_assert_int_lt(run->now, 1000000);
    }
}

#endif
