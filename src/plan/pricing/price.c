/* Proof, price and memory of a candidate.  One thread. */
#include "plan/pricing/price.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/simulate.h>

#include "base/memory.h"
#include "blueprint/checks/zero_order.h"
#include "plan/pricing/action_costs.h"
#include "plan/pricing/bytes.h"
#include "plan/pricing/plan_latency.h"
#include "plan/pricing/plan_skips.h"
#include "plan/problem/groups.h"
#include "plan/problem/plan_cut.h"
#include "sched/schedule.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

/* Replicas add up the gradients of a stage behind its last backward. */
static sluice_status add_up(const struct sl_plan_problem *problem,
                            const sluice_schedule *schedule,
                            sluice_schedule **out, sluice_diag *why)
{
    if (problem->division.replicas > 1)
        return sluice_schedule_shard(
            schedule, problem->division.zero == 3 ? SL_PLAN_MOST_WHOLE : 0, out,
            why);
    return sl_schedule_copy(schedule, problem->allocator, out, why);
}

/* S and T of a head that is cut come before that. */
static sluice_status finish(const struct sl_plan_problem *problem,
                            const struct sl_plan_order *order,
                            const struct sl_plan_candidate *candidate,
                            const sluice_schedule *schedule,
                            sluice_schedule **out, sluice_diag *why)
{
    if (!problem->cut)
        return add_up(problem, schedule, out, why);
    const sluice_vocabulary_config config = {
        .stage_costs_ns = sl_plan_stage_costs(problem, order, candidate),
        .queue_capacity = candidate->capacity,
    };
    sluice_schedule *parts;
    sluice_status st =
        sluice_schedule_vocabulary(schedule, &config, &parts, why);
    if (st)
        return st;
    st = add_up(problem, parts, out, why);
    sluice_schedule_destroy(parts);
    return st;
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
        return finish(problem, order, candidate, order->schedule, out, why);
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
        st = finish(problem, order, candidate, again, out, why);
        sluice_schedule_destroy(again);
    }
    return st;
}

/* What `n_passes` of adding up `bytes` of gradients take besides by the
 * network: a device sends (R - 1) / R of them, and waits for the first byte. */
static double exchange_far(const struct sl_plan_problem *problem, int device,
                           double bytes, int n_passes)
{
    const sluice_plan_config *config = problem->config;
    double n = problem->division.replicas, rate = config->network_bytes_per_ns;
    if (!sl_plan_is_spread(problem, device) || bytes <= 0)
        return 0;
    bytes *= n_passes * (n - 1) / n / sl_plan_team(problem);
    return n_passes * (double)config->network_ns +
           (rate > 0 ? bytes / rate : 0);
}

/*
 * What a group takes for `n_passes` of the two that adding up the gradients of
 * layers `first` to `end` has, a reduce-scatter and an all-gather: in each a
 * device reads (R - 1) / R of their bytes from others, see
 * src/pipeline/reduce.h.
 */
static int64_t exchange(const struct sl_plan_problem *problem, int device,
                        int first, int end, int n_passes)
{
    const sluice_plan_config *config = problem->config;
    double n = problem->division.replicas, ns = 0, bytes = 0;
    if (problem->division.replicas == 1 || n_passes == 0)
        return 0;
    for (int i = first; i < end; i++) {
        ns += (double)sl_plan_cost(problem, i, SLUICE_REDUCE_GRAD);
        bytes += (double)config->layers[i].param_bytes;
    }
    ns *= n_passes * (n - 1) / n / sl_plan_speed(problem, device);
    return llround(ns + exchange_far(problem, device, bytes, n_passes));
}

/* What an UNSHARD takes: replicas on several nodes each bring the parts of the
 * parameters that the others keep. */
static int64_t bring(const struct sl_plan_problem *problem, int device,
                     int first, int end)
{
    const sluice_plan_config *config = problem->config;
    double n = problem->division.replicas, bytes = 0;
    double rate = config->network_bytes_per_ns;
    if (problem->division.zero < 3 || !sl_plan_is_spread(problem, device))
        return 0;
    for (int i = first; i < end; i++)
        bytes += (double)config->layers[i].param_bytes * (n - 1) / n;
    return config->network_ns + (rate > 0 ? llround(bytes / rate) : 0);
}

/* The part of a cut head that each of `n` places has, in its first stage.  Its
 * gradients are added up with the UPDATE, both passes, table by table. */
static void add_part(const struct sl_plan_problem *problem, int device, int n,
                     int64_t *of)
{
    const int64_t *head_ns = sl_plan_head_costs(problem);
    int n_tables = problem->cut->n_tables;
    double part = 1 / (sl_plan_speed(problem, device) * n);
    double reduce =
        2.0 * (problem->division.replicas - 1) / problem->division.replicas;
    of[SLUICE_S] += llround((double)head_ns[SLUICE_S] * part);
    of[SLUICE_T] += llround((double)head_ns[SLUICE_T] * part);
    of[SLUICE_UPDATE] += llround(
        (sl_plan_head_update(problem) +
         (double)head_ns[SLUICE_REDUCE_GRAD] * reduce) *
            part +
        n_tables *
            exchange_far(problem, device,
                         (double)problem->cut->param_bytes / n / n_tables, 2));
}

static void add_parts(const struct sl_plan_problem *problem,
                      const sluice_schedule *schedule,
                      const struct sl_plan_candidate *candidate, int64_t *costs)
{
    bool seen[SLUICE_MAX_DEVICES] = {false};
    for (int s = 0; s < candidate->n_stages; s++) {
        int place = schedule->stage_device[s];
        if (!seen[place])
            add_part(problem, candidate->device[place], schedule->n_devices,
                     &costs[s * KINDS]);
        seen[place] = true;
    }
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
        of[SLUICE_UNSHARD] = bring(problem, device, first, i);
        of[SLUICE_UPDATE] +=
            exchange(problem, device, first, i, zero == 1 || zero == 2);
    }
    if (problem->cut)
        add_parts(problem, order->schedule, candidate, costs);
    return costs;
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
    struct sl_plan_action_costs costs;
    config->stage_costs_ns = sl_plan_stage_costs(problem, order, candidate);
    if (!sl_plan_first_costs(problem))
        return sluice_simulate(schedule, config, out, why);
    if (sl_plan_action_costs_init(&costs, problem, order, schedule, candidate))
        return sl_no_memory(why, "the costs of a plan's actions");
    config->stage_costs_ns = NULL;
    config->action_costs_ns = costs.lists;
    config->ahead_costs_ns = costs.ahead;
    sluice_status st = sluice_simulate(schedule, config, out, why);
    sl_plan_action_costs_fini(&costs, problem);
    return st;
}

/* How long a waiting device polls before it sleeps. */
static int64_t spin_of(const struct sl_plan_problem *problem)
{
    int64_t ns = problem->config->spin_ns;
    return ns > 0 ? ns : SLUICE_SPIN_NS;
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
        .spin_ns = spin_of(problem),
        .wake_ns = problem->config->wake_ns,
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
    candidate->step_ns =
        sluice_simulation_trace(simulation)->end_ns + problem->config->wake_ns;
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

/* Whether the model has statistics, such as a batch_norm's. */
static bool has_statistics(const sluice_model *model)
{
    int n = model ? sluice_model_n_layers(model) : 0;
    for (int i = 0; i < n; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++)
            if (plan->params[p].statistic)
                return true;
    }
    return false;
}

/* Whether its stage of ZeRO can have a candidate: an R that was moved may stand
 * between the backwards of a stage, and stage 3 from node to node goes with
 * neither teams nor statistics (docs/zero.md). */
static bool can_share(const struct sl_plan_problem *problem,
                      const sluice_schedule *schedule,
                      const struct sl_plan_candidate *candidate)
{
    int zero = problem->division.zero;
    if (zero < 2)
        return true;
    for (int p = 0; p < schedule->n_devices && zero == 3; p++)
        if (sl_plan_is_spread(problem, candidate->device[p]) &&
            (sl_plan_team(problem) > 1 ||
             has_statistics(problem->config->model)))
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
    size_t counted[SLUICE_MAX_DEVICES] = {0};
    sluice_status st = sl_plan_make(problem, order, candidate, out, why);
    for (int i = 0; i < n_counts && problem->capped && !st;) {
        st = counts[i](problem, *out, candidate, why);
        int place = st ? -1 : over_cap(problem, n_places, candidate);
        if (i == 0)
            memcpy(counted, candidate->bytes, sizeof counted);
        if (place < 0) {
            i++;
            continue;
        }
        if (i == 1)
            candidate->excess = sl_plan_excess_of(problem, n_places, candidate,
                                                  place, counted[place]);
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
    candidate->excess = (struct sl_plan_excess){0};
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
