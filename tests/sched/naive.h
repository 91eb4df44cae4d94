/*
 * The oracle of the verifier: executes lists of actions, device after device,
 * round after round, with queues that hold micro-batch numbers, and says
 * whether they ran to the end and did everything once.  Written from the text
 * of include/sluice/schedule.h, slow and simple, sharing no code with
 * src/sched.
 */
#ifndef SL_TEST_SCHED_NAIVE_H
#define SL_TEST_SCHED_NAIVE_H

#include "sched/naive_shards.h"
#include "sched/naive_vocabulary.h"

struct naive_queue {
    int items[NAIVE_CAPACITY];
    int n;
};

/* What a lowered plan sends across a boundary, and what it posts receives for:
 * the n-th item is for the n-th receive. */
struct naive_crossing {
    int sent[NAIVE_ACTIONS];
    int posted[NAIVE_ACTIONS];
    int n_sent, n_posted;
};

struct naive {
    const struct plan *plan;
    int capacity;
    bool forward_only;
    bool lowered;
    int position[NAIVE_DEVICES];
    bool taken[NAIVE_DEVICES];
    int n_taken[NAIVE_DEVICES]; /* edges looked at so far, before the action */
    int n_given[NAIVE_DEVICES]; /* and after it */
    bool from_neighbour[NAIVE_DEVICES];
    bool to_neighbour[NAIVE_DEVICES];
    struct naive_queue skips[NAIVE_EDGES][2]; /* up and down */
    int did[NAIVE_STAGES][NAIVE_MICROBATCHES][SLUICE_N_ACTION_KINDS];
    bool asynchronous;
    int updates[NAIVE_STAGES];
    bool owes[NAIVE_STAGES]; /* a gradient without UPDATE */
    struct naive_shares shares;
    int version[NAIVE_STAGES][NAIVE_MICROBATCHES]; /* of the F */
    int group[NAIVE_STAGES][NAIVE_MICROBATCHES];   /* UPDATEs before its end */
    struct naive_queue forward[NAIVE_STAGES];      /* s to s+1 */
    struct naive_queue backward[NAIVE_STAGES];     /* s+1 to s */
    struct naive_crossing up[NAIVE_STAGES];        /* the same if lowered */
    struct naive_crossing down[NAIVE_STAGES];
};

static inline enum naive_outcome naive_take(struct naive_queue *queue,
                                            int microbatch)
{
    if (queue->n == 0)
        return NAIVE_WAIT;
    if (queue->items[0] != microbatch)
        return NAIVE_WRONG;
    queue->n--;
    memmove(queue->items, queue->items + 1,
            (size_t)queue->n * sizeof *queue->items);
    return NAIVE_DONE;
}

static inline bool naive_handed_back(const struct naive *sim, int stage, int m)
{
    return sim->did[stage][m][SLUICE_B] || sim->did[stage][m][SLUICE_I];
}

static inline int naive_depth(const struct plan *plan)
{
    return plan->stages / (plan->copies ? plan->copies : 1);
}

static inline bool naive_is_first(const struct plan *plan, int s)
{
    return s % naive_depth(plan) == 0;
}

static inline bool naive_is_last(const struct plan *plan, int s)
{
    return naive_is_first(plan, s + 1);
}

static inline bool naive_is_asynchronous(const struct plan *plan)
{
    int n[NAIVE_STAGES] = {0};
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++)
            if (plan->list[d][i].kind == SLUICE_UPDATE &&
                ++n[plan->list[d][i].stage] > 1)
                return true;
    return false;
}

/* Whether the version that an action names, if any, is the right one. */
static inline bool naive_version_is_right(struct naive *sim, sluice_action a)
{
    int newest = sim->updates[a.stage] + 1;
    if (a.kind == SLUICE_UPDATE)
        return !a.version || a.version == newest + 1;
    int *used = &sim->version[a.stage][a.microbatch];
    if (a.kind != SLUICE_F)
        return !a.version || a.version == *used;
    *used = a.version ? a.version : newest;
    return a.version <= newest;
}

/* Devices that hold copies meet in the order of the parts. */
static inline bool naive_parts_are_in_order(const struct naive *sim, int device,
                                            sluice_action a)
{
    const struct plan *plan = sim->plan;
    int depth = naive_depth(plan);
    for (int i = 0; i < sim->position[device] && plan->copies > 1; i++) {
        sluice_action before = plan->list[device][i];
        if (before.kind == SLUICE_UPDATE &&
            before.stage % depth >= a.stage % depth)
            return false;
    }
    return true;
}

static inline enum naive_outcome naive_take_update(struct naive *sim, int stage)
{
    if (!sim->asynchronous)
        return NAIVE_DONE;
    if (!sim->owes[stage] || sim->plan->copies > 1)
        return NAIVE_WRONG;
    sim->owes[stage] = false;
    return NAIVE_DONE;
}

static inline bool naive_is_lowered(const struct plan *plan)
{
    for (int d = 0; d < plan->devices; d++)
        for (int i = 0; i < plan->n[d]; i++)
            if (plan->list[d][i].kind > SLUICE_UPDATE &&
                !naive_is_of_shards(plan->list[d][i]))
                return true;
    return false;
}

/* Whether another device takes what (stage, way) makes, or gives its input. */
static inline bool naive_crosses(const struct plan *plan, int lower)
{
    return lower >= 0 && lower + 1 < plan->stages &&
           !naive_is_last(plan, lower) &&
           plan->stage_device[lower] != plan->stage_device[lower + 1];
}

/* Whether what was sent so far goes to the receives that were posted for it. */
static inline bool naive_crossing_matches(const struct naive_crossing *at)
{
    for (int i = 0; i < at->n_sent && i < at->n_posted; i++)
        if (at->sent[i] != at->posted[i])
            return false;
    return true;
}

/* A hand-off: a send gives an item, or waits for room; a receive is posted. */
static inline enum naive_outcome naive_hand_off(struct naive *sim,
                                                sluice_action a)
{
    int s = a.stage, m = a.microbatch;
    bool up = a.kind == SLUICE_SEND_F || a.kind == SLUICE_RECV_B;
    if (!naive_crosses(sim->plan, up ? s : s - 1))
        return NAIVE_WRONG;
    bool forward = a.kind == SLUICE_SEND_F || a.kind == SLUICE_RECV_F;
    struct naive_crossing *at =
        &(forward ? sim->up : sim->down)[up ? s : s - 1];
    if (a.kind == SLUICE_RECV_F || a.kind == SLUICE_RECV_B) {
        at->posted[at->n_posted++] = m;
        return naive_crossing_matches(at) ? NAIVE_DONE : NAIVE_WRONG;
    }
    if (forward ? !sim->did[s][m][SLUICE_F] : !naive_handed_back(sim, s, m))
        return NAIVE_WRONG;
    if (at->n_sent - at->n_posted >= sim->capacity)
        return NAIVE_WAIT;
    at->sent[at->n_sent++] = m;
    return naive_crossing_matches(at) ? NAIVE_DONE : NAIVE_WRONG;
}

/* An F, B or I of a lowered plan: its receive has been posted, and it waits
 * until the item is there. */
static inline enum naive_outcome naive_received(const struct naive *sim,
                                                sluice_action a, int kind)
{
    int s = a.stage, m = a.microbatch;
    const struct naive_crossing *at =
        kind == SLUICE_RECV_F ? &sim->up[s - 1] : &sim->down[s];
    if (!sim->did[s][m][kind])
        return NAIVE_WRONG;
    for (int i = 0; i < at->n_sent; i++)
        if (at->sent[i] == m)
            return NAIVE_DONE;
    return NAIVE_WAIT;
}

static inline bool naive_only_updates_left(const struct naive *sim)
{
    for (int d = 0; d < sim->plan->devices; d++)
        for (int i = sim->position[d]; i < sim->plan->n[d]; i++)
            if (sim->plan->list[d][i].kind != SLUICE_UPDATE)
                return false;
    return true;
}

/* Everything that comes before an action computes. */
static inline enum naive_outcome naive_start(struct naive *sim, sluice_action a)
{
    const struct plan *plan = sim->plan;
    const int *device = plan->stage_device;
    int s = a.stage, m = a.microbatch;
    if (sim->forward_only && a.kind != SLUICE_F && a.kind != SLUICE_SEND_F &&
        a.kind != SLUICE_RECV_F && a.kind != SLUICE_UNSHARD &&
        a.kind != SLUICE_RESHARD && !naive_is_score(a))
        return NAIVE_WRONG;
    if (m >= 0 && !naive_scores_are_there(plan, &sim->did, a))
        return NAIVE_WAIT;
    if (naive_is_of_shards(a))
        return naive_shard(sim->plan, &sim->shares, sim->asynchronous, a);
    if (a.kind > SLUICE_UPDATE)
        return naive_hand_off(sim, a);
    if (a.kind == SLUICE_UPDATE && !sim->asynchronous &&
        !naive_only_updates_left(sim))
        return NAIVE_WAIT;
    if (!naive_version_is_right(sim, a))
        return NAIVE_WRONG;
    if (a.kind == SLUICE_UPDATE)
        return naive_parts_are_in_order(sim, device[s], a)
                   ? naive_take_update(sim, s)
                   : NAIVE_WRONG;
    if (naive_is_score(a))
        return NAIVE_DONE;
    const int *did = sim->did[s][m];
    if (!naive_may_compute(sim->plan, &sim->shares, a))
        return NAIVE_WRONG;
    if (a.kind == SLUICE_F) {
        if (naive_is_first(plan, s))
            return NAIVE_DONE;
        if (device[s - 1] != device[s] && sim->lowered)
            return naive_received(sim, a, SLUICE_RECV_F);
        if (device[s - 1] != device[s])
            return naive_take(&sim->forward[s - 1], m);
        return sim->did[s - 1][m][SLUICE_F] ? NAIVE_DONE : NAIVE_WRONG;
    }
    if (a.kind == SLUICE_W)
        return did[SLUICE_I] ? NAIVE_DONE : NAIVE_WRONG;
    if (!did[SLUICE_F])
        return NAIVE_WRONG;
    if (a.kind == SLUICE_R)
        return naive_handed_back(sim, s, m) ? NAIVE_WRONG : NAIVE_DONE;
    if (naive_is_last(plan, s))
        return NAIVE_DONE;
    if (device[s] != device[s + 1] && sim->lowered)
        return naive_received(sim, a, SLUICE_RECV_B);
    if (device[s] != device[s + 1])
        return naive_take(&sim->backward[s], m);
    return naive_handed_back(sim, s + 1, m) ? NAIVE_DONE : NAIVE_WRONG;
}

/* Everything that comes after it has computed. */
static inline enum naive_outcome naive_finish(struct naive *sim,
                                              sluice_action a)
{
    const int *device = sim->plan->stage_device;
    int s = a.stage;
    struct naive_queue *queue = NULL;
    if (a.kind == SLUICE_F && !naive_is_last(sim->plan, s) &&
        device[s] != device[s + 1])
        queue = &sim->forward[s];
    if ((a.kind == SLUICE_B || a.kind == SLUICE_I) &&
        !naive_is_first(sim->plan, s) && device[s] != device[s - 1])
        queue = &sim->backward[s - 1];
    if (queue && !sim->lowered) {
        if (queue->n >= sim->capacity)
            return NAIVE_WAIT;
        queue->items[queue->n++] = a.microbatch;
    }
    if (a.kind == SLUICE_B || a.kind == SLUICE_W) {
        sim->owes[s] = true;
        sim->group[s][a.microbatch] = sim->updates[s];
    }
    if (a.kind == SLUICE_UPDATE)
        sim->updates[s]++;
    else if (!naive_is_of_shards(a))
        sim->did[s][a.microbatch][a.kind]++;
    return NAIVE_DONE;
}

/* Whether an action takes from edge e, or gives to it, and to which way. */
static inline bool naive_uses_edge(const struct plan *plan, int e,
                                   sluice_action a, bool takes, int *way)
{
    const sluice_schedule_edge *edge = &plan->edges[e];
    bool back = a.kind == SLUICE_B || a.kind == SLUICE_I;
    *way = back;
    if (a.kind != SLUICE_F && !back)
        return false;
    if (plan->stage_device[edge->from] == plan->stage_device[edge->to])
        return false;
    if (takes)
        return a.stage == (back ? edge->from : edge->to);
    return a.stage == (back ? edge->to : edge->from);
}

/* The rest of the edges that an action takes from, one after the other. */
static inline enum naive_outcome naive_take_edges(struct naive *sim, int device,
                                                  sluice_action a)
{
    int way;
    for (int *e = &sim->n_taken[device]; *e < sim->plan->n_edges; ++*e) {
        if (!naive_uses_edge(sim->plan, *e, a, true, &way))
            continue;
        enum naive_outcome outcome =
            naive_take(&sim->skips[*e][way], a.microbatch);
        if (outcome != NAIVE_DONE)
            return outcome;
    }
    return NAIVE_DONE;
}

/* And those that it gives to. */
static inline enum naive_outcome naive_give_edges(struct naive *sim, int device,
                                                  sluice_action a)
{
    int way;
    for (int *e = &sim->n_given[device]; *e < sim->plan->n_edges; ++*e) {
        if (!naive_uses_edge(sim->plan, *e, a, false, &way))
            continue;
        struct naive_queue *queue = &sim->skips[*e][way];
        if (queue->n >= sim->plan->edges[*e].capacity)
            return NAIVE_WAIT;
        queue->items[queue->n++] = a.microbatch;
    }
    return NAIVE_DONE;
}

static inline enum naive_outcome naive_step(struct naive *sim, int device)
{
    sluice_action a = sim->plan->list[device][sim->position[device]];
    if (sim->plan->stage_device[a.stage] != device)
        return NAIVE_WRONG;
    enum naive_outcome outcome = NAIVE_DONE;
    if (!sim->from_neighbour[device])
        outcome = naive_start(sim, a);
    if (outcome != NAIVE_DONE)
        return outcome;
    sim->from_neighbour[device] = true;
    if (!sim->taken[device])
        outcome = naive_take_edges(sim, device, a);
    if (outcome != NAIVE_DONE)
        return outcome;
    sim->taken[device] = true;
    if (!sim->to_neighbour[device])
        outcome = naive_finish(sim, a);
    if (outcome != NAIVE_DONE)
        return outcome;
    sim->to_neighbour[device] = true;
    outcome = naive_give_edges(sim, device, a);
    if (outcome != NAIVE_DONE)
        return outcome;
    sim->from_neighbour[device] = sim->to_neighbour[device] = false;
    sim->taken[device] = false;
    sim->n_taken[device] = sim->n_given[device] = 0;
    sim->position[device]++;
    return NAIVE_DONE;
}

/* How far a device has come: any change is progress. */
static inline int naive_progress(const struct naive *sim, int device)
{
    return sim->from_neighbour[device] + sim->taken[device] +
           sim->to_neighbour[device] + sim->n_taken[device] +
           sim->n_given[device];
}

static inline bool naive_did_hand_offs(const struct naive *sim, int s,
                                       const int *did)
{
    int below = sim->lowered && naive_crosses(sim->plan, s - 1);
    int above = sim->lowered && naive_crosses(sim->plan, s);
    int back = !sim->forward_only;
    return did[SLUICE_RECV_F] == below && did[SLUICE_SEND_F] == above &&
           did[SLUICE_SEND_B] == (below && back) &&
           did[SLUICE_RECV_B] == (above && back);
}

static inline bool naive_did_cell(const struct naive *sim, int s, int m)
{
    const int *did = sim->did[s][m];
    bool whole = did[SLUICE_B] == 1 && !did[SLUICE_I] && !did[SLUICE_W];
    bool halves = !did[SLUICE_B] && did[SLUICE_I] == 1 && did[SLUICE_W] == 1;
    return did[SLUICE_F] == 1 && did[SLUICE_R] <= 1 &&
           (sim->forward_only || whole || halves) &&
           naive_did_hand_offs(sim, s, did);
}

static inline bool naive_did_nothing(const struct naive *sim, int s, int m)
{
    for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
        if (sim->did[s][m][kind])
            return false;
    return true;
}

/* A micro-batch goes through one copy, whole, and not through the others. */
static inline bool naive_did_microbatch(const struct naive *sim, int m)
{
    int depth = naive_depth(sim->plan);
    int n = 0;
    for (int s = 0; s < sim->plan->stages; s++) {
        bool first = !naive_did_nothing(sim, s - s % depth, m);
        if (first ? !naive_did_cell(sim, s, m) : !naive_did_nothing(sim, s, m))
            return false;
        n += first;
    }
    return n == depth;
}

/* Stages that are neighbours on one device take micro-batches in one order. */
static inline bool naive_is_in_order(const struct plan *plan, int s, int i)
{
    int kinds[2][2] = {{SLUICE_F, SLUICE_F}, {SLUICE_B, SLUICE_I}};
    int device = plan->stage_device[s];
    int lists[2][2 * NAIVE_MICROBATCHES], n[2] = {0, 0};
    for (int at = 0; at < plan->n[device]; at++) {
        sluice_action a = plan->list[device][at];
        if ((a.kind == kinds[i][0] || a.kind == kinds[i][1]) &&
            (a.stage == s || a.stage == s + 1) &&
            n[a.stage - s] < 2 * NAIVE_MICROBATCHES)
            lists[a.stage - s][n[a.stage - s]++] = a.microbatch;
    }
    return n[0] == n[1] &&
           !memcmp(lists[0], lists[1], (size_t)n[0] * sizeof(int));
}

static inline bool naive_neighbours_are_in_order(const struct plan *plan)
{
    for (int s = 0; s + 1 < plan->stages; s++)
        if (!naive_is_last(plan, s) &&
            plan->stage_device[s] == plan->stage_device[s + 1] &&
            (!naive_is_in_order(plan, s, 0) || !naive_is_in_order(plan, s, 1)))
            return false;
    return true;
}

static inline bool naive_did_everything(const struct naive *sim)
{
    for (int m = 0; m < sim->plan->microbatches; m++)
        if (!naive_did_microbatch(sim, m))
            return false;
    for (int s = 0; s < sim->plan->stages; s++) {
        if (sim->shares.reductions[s] != sim->shares.reductions[0])
            return false;
        if (sim->forward_only)
            continue;
        if (sim->asynchronous ? sim->owes[s] : sim->updates[s] != 1)
            return false;
        for (int m = 0; m < sim->plan->microbatches; m++)
            if (sim->asynchronous && sim->group[s][m] != sim->group[0][m])
                return false;
    }
    return true;
}

/* Whether the plan runs to its end and is complete. */
static inline bool naive_runs(const struct plan *plan, int capacity,
                              bool forward_only)
{
    struct naive sim;
    memset(&sim, 0, sizeof sim);
    sim.plan = plan;
    sim.capacity = capacity;
    sim.forward_only = forward_only;
    sim.asynchronous = naive_is_asynchronous(plan);
    sim.lowered = naive_is_lowered(plan);
    for (bool progress = true; progress;) {
        progress = false;
        for (int d = 0; d < plan->devices; d++) {
            if (sim.position[d] == plan->n[d])
                continue;
            int before = naive_progress(&sim, d);
            enum naive_outcome outcome = naive_step(&sim, d);
            if (outcome == NAIVE_WRONG)
                return false;
            progress |=
                outcome == NAIVE_DONE || naive_progress(&sim, d) != before;
        }
    }
    for (int d = 0; d < plan->devices; d++)
        if (sim.position[d] != plan->n[d])
            return false;
    return naive_scores_are_right(plan, sim.asynchronous) &&
           naive_did_everything(&sim) && naive_neighbours_are_in_order(plan);
}

#endif
