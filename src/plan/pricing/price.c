/* Proof, price and memory of a candidate.  One thread. */
#include "plan/pricing/price.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "base/memory.h"
#include "blueprint/checks/zero_order.h"
#include "plan/pricing/bytes.h"
#include "plan/pricing/plan_latency.h"
#include "plan/pricing/plan_skips.h"
#include "sched/schedule.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* Stages whose parameters are whole, as sl_zero_place() has them. */
enum { MOST_WHOLE = 3 };

/* Replicas add up the gradients of a stage behind its last backward. */
static sluice_status finish(const struct sl_plan_problem *problem,
                            const sluice_schedule *schedule,
                            sluice_schedule **out, sluice_diag *why)
{
    if (problem->division.replicas > 1)
        return sluice_schedule_shard(
            schedule, problem->division.zero == 3 ? MOST_WHOLE : 0, out, why);
    return sl_schedule_copy(schedule, problem->allocator, out, why);
}

sluice_status sl_plan_make(const struct sl_plan_problem *problem,
                           const struct sl_plan_order *order,
                           const struct sl_plan_candidate *candidate,
                           sluice_schedule **out, sluice_diag *why)
{
    sluice_remat remats[SLUICE_PLAN_MAX_STAGES];
    bool any = false;
    for (int s = 0; s < candidate->n_stages; s++) {
        remats[s] =
            candidate->again[s] ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
        any |= candidate->again[s];
    }
    if (!any)
        return finish(problem, order->schedule, out, why);
    const sluice_recompute_config config = {
        .stage_remat = remats,
        .early = candidate->early,
        .stage_costs_ns = candidate->early
                              ? sl_plan_stage_costs(problem, order, candidate)
                              : NULL,
    };
    sluice_schedule *again;
    sluice_status st =
        sluice_schedule_recompute(order->schedule, &config, &again, why);
    if (!st) {
        st = finish(problem, again, out, why);
        sluice_schedule_destroy(again);
    }
    return st;
}

/* Whether the replicas of a group are on several nodes. */
static bool is_spread(const struct sl_plan_problem *problem, int device)
{
    const sluice_plan_device *devices = problem->config->devices;
    const int *members = sl_plan_members(problem, device);
    int n = problem->division.replicas * sl_plan_team(problem);
    for (int i = 1; i < n; i++)
        if (devices[members[i]].node != devices[members[0]].node)
            return true;
    return false;
}

/*
 * What a group takes for `n_passes` of the two that adding up the gradients of
 * layers `first` to `end` has, a reduce-scatter and an all-gather: in each a
 * device reads (R - 1) / R of their bytes from others, see
 * src/pipeline/reduce.h.  By the network it sends the same besides, and waits
 * for the first byte.
 */
static int64_t exchange(const struct sl_plan_problem *problem, int device,
                        int first, int end, int n_passes)
{
    const sluice_plan_config *config = problem->config;
    double n = problem->division.replicas, share = n_passes * (n - 1) / n;
    double ns = 0, bytes = 0;
    if (problem->division.replicas == 1 || n_passes == 0)
        return 0;
    for (int i = first; i < end; i++) {
        ns += (double)sl_plan_cost(problem, i, SLUICE_REDUCE_GRAD);
        bytes += (double)config->layers[i].param_bytes;
    }
    ns *= share / sl_plan_speed(problem, device);
    if (is_spread(problem, device) && bytes > 0) {
        double rate = config->network_bytes_per_ns;
        bytes *= share / sl_plan_team(problem);
        ns += n_passes * (double)config->network_ns +
              (rate > 0 ? bytes / rate : 0);
    }
    return llround(ns);
}

const int64_t *sl_plan_stage_costs(const struct sl_plan_problem *problem,
                                   const struct sl_plan_order *order,
                                   const struct sl_plan_candidate *candidate)
{
    int64_t *costs = problem->stage_ns;
    memset(costs, 0, (size_t)candidate->n_stages * KINDS * sizeof *costs);
    for (int s = 0, i = 0; s < candidate->n_stages; s++) {
        int64_t *of = &costs[s * KINDS];
        for (int end = i + candidate->sizes[s]; i < end; i++)
            for (int kind = 0; kind <= SLUICE_UPDATE; kind++) {
                int64_t ns = sl_plan_cost(problem, i, kind);
                of[kind] += ns > 0 ? ns : 0;
            }
        int device = candidate->device[order->schedule->stage_device[s]];
        double speed = sl_plan_speed(problem, device);
        for (int kind = 0; kind <= SLUICE_UPDATE && speed != 1; kind++)
            of[kind] = llround((double)of[kind] / speed);
        int first = i - candidate->sizes[s], zero = problem->division.zero;
        of[SLUICE_REDUCE_GRAD] =
            exchange(problem, device, first, i, zero ? 1 : 2);
        of[SLUICE_UPDATE] +=
            exchange(problem, device, first, i, zero == 1 || zero == 2);
    }
    return costs;
}

/* By how much the first of a stage's actions of a kind takes longer. */
static int64_t first_of(const struct sl_plan_problem *problem,
                        const struct sl_plan_order *order,
                        const struct sl_plan_candidate *candidate, int stage,
                        int kind)
{
    int i = 0;
    int64_t ns = 0;
    for (int s = 0; s < stage; s++)
        i += candidate->sizes[s];
    for (int end = i + candidate->sizes[stage]; i < end; i++) {
        ns += problem->config->first_ns[sl_plan_row(problem, i) + (size_t)kind];
    }
    int device = candidate->device[order->schedule->stage_device[stage]];
    return llround((double)ns / sl_plan_speed(problem, device));
}

static bool is_backward(int kind)
{
    return kind == SLUICE_B || kind == SLUICE_I;
}

/* By how much the first backward of a stage takes longer. */
static int64_t first_backward(const struct sl_plan_problem *problem,
                              const struct sl_plan_order *order,
                              const struct sl_plan_candidate *candidate,
                              const struct sl_action_list *list, int stage)
{
    for (int i = 0; i < list->n; i++)
        if (list->actions[i].stage == stage &&
            is_backward(list->actions[i].kind))
            return first_of(problem, order, candidate, stage,
                            list->actions[i].kind);
    return 0;
}

/* The cost of each action of a device, in the order of its list, and what it
 * does before: weights are packed before the input is waited for, and within
 * the action where the input is that of the model.  The last stage never waits
 * for gradients: it packs for both ways before its first forward. */
static void fill_actions(const struct sl_plan_problem *problem,
                         const struct sl_plan_order *order,
                         const struct sl_plan_candidate *candidate,
                         const struct sl_action_list *list, int64_t *ns,
                         int64_t *ahead)
{
    bool seen[SLUICE_PLAN_MAX_STAGES][2] = {{false}};
    for (int i = 0; i < list->n; i++) {
        int kind = list->actions[i].kind, stage = list->actions[i].stage;
        bool back = is_backward(kind);
        bool last = stage == candidate->n_stages - 1, waits = stage > 0;
        ns[i] = problem->stage_ns[stage * KINDS + kind];
        ahead[i] = 0;
        if ((kind != SLUICE_F && !back) || seen[stage][back])
            continue;
        seen[stage][back] = true;
        if (back && last && waits)
            continue;
        *(waits || (back && !last) ? &ahead[i] : &ns[i]) +=
            first_of(problem, order, candidate, stage, kind);
        if (!back && last && waits)
            ahead[i] += first_backward(problem, order, candidate, list, stage);
    }
}

/* Costs of single actions. */
struct action_costs {
    const int64_t *lists[SLUICE_MAX_DEVICES];
    const int64_t *ahead[SLUICE_MAX_DEVICES];
    int64_t *storage; /* [2][n], n actions */
    size_t n;
};

static sluice_status fill(const struct sl_plan_problem *problem,
                          const struct sl_plan_order *order,
                          const sluice_schedule *schedule,
                          const struct sl_plan_candidate *candidate,
                          struct action_costs *costs, sluice_diag *why)
{
    costs->n = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        costs->n += (size_t)schedule->programs[d].n;
    costs->storage =
        sl_alloc(problem->allocator, 2 * costs->n, sizeof *costs->storage);
    if (!costs->storage)
        return sl_no_memory(why, "the costs of a plan's actions");
    int64_t *at = costs->storage, *ahead = at + costs->n;
    for (int d = 0; d < schedule->n_devices; d++) {
        const struct sl_action_list *list = &schedule->programs[d];
        costs->lists[d] = at;
        costs->ahead[d] = ahead;
        fill_actions(problem, order, candidate, list, at, ahead);
        at += list->n;
        ahead += list->n;
    }
    return SLUICE_OK;
}

/* With the costs of stages, or, if the first actions take longer, of each
 * action. */
static sluice_status simulate_costs(const struct sl_plan_problem *problem,
                                    const struct sl_plan_order *order,
                                    const sluice_schedule *schedule,
                                    const struct sl_plan_candidate *candidate,
                                    sluice_simulate_config *config,
                                    sluice_simulation **out, sluice_diag *why)
{
    struct action_costs costs;
    config->stage_costs_ns = sl_plan_stage_costs(problem, order, candidate);
    if (!problem->config->first_ns)
        return sluice_simulate(schedule, config, out, why);
    sluice_status st = fill(problem, order, schedule, candidate, &costs, why);
    if (st)
        return st;
    config->stage_costs_ns = NULL;
    config->action_costs_ns = costs.lists;
    config->ahead_costs_ns = costs.ahead;
    st = sluice_simulate(schedule, config, out, why);
    sl_free(problem->allocator, costs.storage, 2 * costs.n,
            sizeof *costs.storage);
    return st;
}

/* SLUICE_SCHEDULE: it does not run with these queues. */
static sluice_status simulate(const struct sl_plan_problem *problem,
                              const struct sl_plan_order *order,
                              const sluice_schedule *schedule,
                              struct sl_plan_candidate *candidate,
                              sluice_diag *why)
{
    sluice_time_share shares[SLUICE_MAX_DEVICES], all;
    int64_t latency_ns[SLUICE_PLAN_MAX_STAGES];
    struct sl_plan_skips skips;
    sluice_simulation *simulation;
    sl_plan_latencies(problem, order, candidate, latency_ns);
    sluice_status st = sl_plan_skips_init(&skips, problem, order, candidate);
    sluice_simulate_config config = {
        .stage_latency_ns = latency_ns,
        .edges = skips.edges,
        .n_edges = skips.n,
        .edge_latency_ns = skips.latency_ns,
        .queue_capacity = candidate->capacity,
        .no_events = true,
        .allocator = problem->allocator,
    };
    st = st ? sl_no_memory(why, "the skip connections of a plan")
            : simulate_costs(problem, order, schedule, candidate, &config,
                             &simulation, why);
    sl_plan_skips_fini(&skips, problem);
    if (st)
        return st;
    sluice_simulation_account(simulation, shares, &all);
    candidate->step_ns = sluice_simulation_trace(simulation)->end_ns;
    candidate->bubble = all.bubble;
    for (int d = 0; d < schedule->n_devices; d++)
        candidate->busy_ns[d] = shares[d].busy_ns;
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

/* The first place that takes more than its cap; -1: none. */
static int over_cap(const struct sl_plan_problem *problem, int n_places,
                    const struct sl_plan_candidate *candidate)
{
    for (int p = 0; p < n_places; p++) {
        size_t cap = problem->devices[candidate->device[p]].cap_bytes;
        if (cap && candidate->bytes[p] > cap)
            return p;
    }
    return -1;
}

/* Have one more stage of a place recompute; false if none is left. */
static bool recompute_more(const struct sl_plan_problem *problem,
                           const struct sl_plan_order *order, int place,
                           struct sl_plan_candidate *candidate)
{
    if (!problem->has_again || order->recomputes)
        return false;
    for (int s = candidate->n_stages - 1; s >= 0; s--)
        if (!candidate->again[s] && order->schedule->stage_device[s] == place) {
            candidate->again[s] = true;
            return true;
        }
    return false;
}

/* Whether its stage of ZeRO can have a candidate: an R that was moved may stand
 * between the backwards of a stage, and what stage 3 moves from node to
 * node, and its rooms (docs/zero.md), are not priced. */
static bool can_share(const struct sl_plan_problem *problem,
                      const sluice_schedule *schedule,
                      const struct sl_plan_candidate *candidate)
{
    int zero = problem->division.zero;
    if (zero < 2)
        return true;
    for (int p = 0; p < schedule->n_devices && zero == 3; p++)
        if (is_spread(problem, candidate->device[p]))
            return false;
    return !sl_zero_check_order(zero, schedule, NULL);
}

/* The schedule of a candidate that fits; its `fits` says whether there is one.
 * Exact bytes are counted once the others fit. */
static sluice_status fit(const struct sl_plan_problem *problem,
                         const struct sl_plan_order *order,
                         struct sl_plan_candidate *candidate,
                         sluice_schedule **out, sluice_diag *why)
{
    int n_places = order->schedule->n_devices;
    sluice_status (*counts[])(const struct sl_plan_problem *,
                              const sluice_schedule *,
                              struct sl_plan_candidate *, sluice_diag *) = {
        sl_plan_count_bytes, sl_plan_exact_bytes};
    int n_counts = problem->config->model && problem->config->pipeline ? 2 : 1;
    sluice_status st = sl_plan_make(problem, order, candidate, out, why);
    for (int i = 0; i < n_counts && problem->capped && !st;) {
        st = counts[i](problem, *out, candidate, why);
        int place = st ? -1 : over_cap(problem, n_places, candidate);
        if (place < 0) {
            i++;
            continue;
        }
        candidate->fits = recompute_more(problem, order, place, candidate);
        if (!candidate->fits)
            break;
        sluice_schedule_destroy(*out);
        *out = NULL;
        st = sl_plan_make(problem, order, candidate, out, why);
    }
    return st;
}

sluice_status sl_plan_price(const struct sl_plan_problem *problem,
                            const struct sl_plan_order *order,
                            struct sl_plan_candidate *candidate,
                            sluice_diag *why)
{
    sluice_schedule *schedule = NULL;
    candidate->step_ns = INT64_MAX;
    candidate->fits = true;
    sluice_status st = fit(problem, order, candidate, &schedule, why);
    if (!st && !can_share(problem, schedule, candidate))
        st = SLUICE_SCHEDULE;
    if (!st)
        st = simulate(problem, order, schedule, candidate, why);
    sluice_schedule_destroy(schedule);
    if (st == SLUICE_SCHEDULE) {
        candidate->step_ns = INT64_MAX;
        candidate->fits = false;
        return SLUICE_OK;
    }
    return st;
}
