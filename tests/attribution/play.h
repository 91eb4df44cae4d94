/*
 * Plays a schedule into a trace, the slow and plain way: go round the devices
 * and let each do its next half action if it can, until none can.
 */
#ifndef SL_TEST_PLAY_H
#define SL_TEST_PLAY_H

#include <stdbool.h>
#include <string.h>

#include <check.h>
#include <sluice/trace.h>

enum { PLAY_DEVICES = 8, PLAY_M = 64, PLAY_EVENTS = 4 * PLAY_M + 1 };

struct play {
    /* What to play. */
    int64_t (*cost)(const struct play *play, sluice_action action);
    int64_t forward_ns, backward_ns; /* for costs of one's own, and the default:
                                        F, R; B; half of it for I, W */
    int slow_stage;                  /* for costs */
    int64_t slow_ns;
    unsigned random;
    int capacity;        /* 0: no limit */
    int64_t hand_off_ns; /* from a push to the start that takes it, at least */
    int64_t edge_ns;     /* between step and first action, last and end */
    int64_t update_ns;

    /* What comes out. */
    sluice_trace trace;
    int n_events[PLAY_DEVICES];
    const sluice_trace_event *rows[PLAY_DEVICES];
    sluice_trace_event events[PLAY_DEVICES][PLAY_EVENTS];

    int64_t end[2][PLAY_DEVICES][PLAY_M]; /* by way, stage, micro-batch */
    int64_t pop[2][PLAY_DEVICES][PLAY_M]; /* by way, producer, number */
    int n_pushed[2][PLAY_DEVICES], n_popped[2][PLAY_DEVICES];
    int64_t now[PLAY_DEVICES];
    bool pushing[PLAY_DEVICES]; /* has computed, not yet given */
};

static inline int64_t play_slowness(const struct play *play, sluice_action a)
{
    return a.stage == play->slow_stage ? play->slow_ns : 0;
}

static inline int64_t play_cost(const struct play *play, sluice_action a)
{
    int64_t ns = play->backward_ns / 2;
    if (a.kind == SLUICE_F || a.kind == SLUICE_R)
        ns = play->forward_ns;
    if (a.kind == SLUICE_B)
        ns = play->backward_ns;
    return ns + play_slowness(play, a);
}

static inline int play_way(sluice_action a)
{
    if (a.kind == SLUICE_F)
        return 0;
    return a.kind == SLUICE_B || a.kind == SLUICE_I ? 1 : -1;
}

static inline bool play_compute(struct play *p, int n_stages, int d,
                                sluice_action a)
{
    int way = play_way(a), from = way ? a.stage + 1 : a.stage - 1;
    int64_t arrived = p->now[d], start = arrived;
    if (way >= 0 && from >= 0 && from < n_stages) {
        int64_t made = p->end[way][from][a.microbatch];
        if (!made)
            return false;
        if (made + p->hand_off_ns > start)
            start = made + p->hand_off_ns;
        p->pop[way][from][p->n_popped[way][from]++] = start;
    }
    int64_t cost = p->cost(p, a);
    p->events[d][p->n_events[d]++] = (sluice_trace_event){
        .action = a,
        .input_wait_ns = start - arrived,
        .start_ns = start,
        .end_ns = start + cost,
        .cpu_ns = cost,
    };
    p->now[d] = start + cost;
    return true;
}

static inline bool play_give(struct play *p, int n_stages, int d,
                             sluice_action a)
{
    int way = play_way(a), to = way ? a.stage - 1 : a.stage + 1;
    if (way < 0)
        return true;
    if (to < 0 || to >= n_stages) {
        p->end[way][a.stage][a.microbatch] = p->now[d];
        return true;
    }
    int n = p->n_pushed[way][a.stage];
    if (p->capacity && n >= p->capacity) {
        if (p->n_popped[way][a.stage] <= n - p->capacity)
            return false;
        int64_t room = p->pop[way][a.stage][n - p->capacity];
        if (room > p->now[d]) {
            p->events[d][p->n_events[d] - 1].output_wait_ns = room - p->now[d];
            p->now[d] = room;
        }
    }
    p->n_pushed[way][a.stage]++;
    p->end[way][a.stage][a.microbatch] = p->now[d];
    return true;
}

/* A half action of a device, if it can. */
static inline bool play_half(struct play *p, const sluice_schedule *s, int d)
{
    int n, stages = sluice_schedule_n_stages(s);
    const sluice_action *actions = sluice_schedule_actions(s, d, &n);
    int at = p->n_events[d] - p->pushing[d];
    if (at >= n || actions[at].kind == SLUICE_UPDATE)
        return false;
    if (!p->pushing[d])
        return p->pushing[d] = play_compute(p, stages, d, actions[at]);
    if (!play_give(p, stages, d, actions[at]))
        return false;
    p->pushing[d] = false;
    return true;
}

static inline void play_update(struct play *p, const sluice_schedule *s, int d,
                               int64_t commit)
{
    int n;
    const sluice_action *actions = sluice_schedule_actions(s, d, &n);
    for (int i = p->n_events[d]; i < n; i++) {
        ck_assert_int_eq(actions[i].kind, SLUICE_UPDATE);
        p->events[d][p->n_events[d]++] = (sluice_trace_event){
            .action = actions[i],
            .input_wait_ns = commit - p->now[d],
            .start_ns = commit,
            .end_ns = commit + p->update_ns,
            .cpu_ns = p->update_ns,
        };
    }
}

/* One stage per device. */
static inline void play_schedule(struct play *p, const sluice_schedule *s)
{
    const int64_t begin = 1000000;
    int64_t commit = 0;
    int k = sluice_schedule_n_devices(s);
    bool moved = true;
    if (!p->cost)
        p->cost = play_cost;
    for (int d = 0; d < k; d++) {
        p->now[d] = begin + p->edge_ns;
        p->rows[d] = p->events[d];
    }
    while (moved) {
        moved = false;
        for (int d = 0; d < k; d++)
            while (play_half(p, s, d))
                moved = true;
    }
    for (int d = 0; d < k; d++)
        if (p->now[d] > commit)
            commit = p->now[d];
    for (int d = 0; d < k; d++)
        play_update(p, s, d, commit);
    p->trace = (sluice_trace){
        .n_devices = k,
        .n_events = p->n_events,
        .events = p->rows,
        .start_ns = begin,
        .end_ns = commit + p->update_ns + p->edge_ns,
    };
}

static inline void play(struct play *p, const char *name, int k, int m,
                        sluice_backward_order order)
{
    sluice_schedule *schedule;
    sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m, .backward_order = order};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    play_schedule(p, schedule);
    sluice_schedule_destroy(schedule);
}

#endif
