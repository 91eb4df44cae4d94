/* Reasons.  Any thread. */
#include "plan/text/reason.h"

#include <stdio.h>
#include <string.h>

#include "sched/schedule.h"

static const double BUSY = 0.95; /* a device that hardly waits */
static const double FULL = 0.9;  /* a device with little room */
static const double WAKES = 0.5; /* of the wait, so much is waking */

/* A part of a whole; of nothing, as of costs that are all 0, it is all. */
static double ratio(int64_t part_ns, int64_t whole_ns)
{
    return whole_ns > 0 ? (double)part_ns / (double)whole_ns : 1;
}

/* The place that is busy longest. */
static int busiest(const struct sl_plan_candidate *candidate, int n_places)
{
    int most = 0;
    for (int p = 1; p < n_places; p++)
        if (candidate->busy_ns[p] > candidate->busy_ns[most])
            most = p;
    return most;
}

/* The place nearest to its cap, and how near; -1: none has a cap. */
static int fullest(const struct sl_plan_problem *problem,
                   const struct sl_plan_entry *entry, double *share)
{
    int most = -1;
    *share = 0;
    for (int p = 0; p < entry->n_places; p++) {
        int device = entry->candidate.device[p];
        size_t cap = problem->devices[device].cap_bytes;
        double full = cap ? (double)entry->candidate.bytes[p] / (double)cap : 0;
        if (full > *share) {
            *share = full;
            most = p;
        }
    }
    return most;
}

/* The first of the config's devices at a place. */
static int first_of(const struct sl_plan_problem *problem,
                    const struct sl_plan_candidate *candidate, int place)
{
    return sl_plan_members(problem, candidate->device[place])[0];
}

static void say_limit(const struct sl_plan_problem *problem,
                      const struct sl_plan_entry *entry, sluice_plan_row *row)
{
    const struct sl_plan_candidate *candidate = &entry->candidate;
    int p = busiest(candidate, entry->n_places);
    double busy = ratio(candidate->busy_ns[p], candidate->step_ns);
    double wakes = ratio(problem->config->wake_ns, candidate->step_ns);
    double full;
    int q = fullest(problem, entry, &full);
    if (busy >= BUSY)
        snprintf(row->limit, sizeof row->limit,
                 "work: device %d is busy %.0f %%",
                 first_of(problem, candidate, p), 100 * busy);
    else if (row->recomputing || full >= FULL)
        snprintf(row->limit, sizeof row->limit,
                 "memory: device %d fills %.0f %% of its cap",
                 q < 0 ? 0 : first_of(problem, candidate, q), 100 * full);
    else if (wakes > WAKES * (1 - busy))
        snprintf(row->limit, sizeof row->limit,
                 "waking: it takes %.0f %% of the step", 100 * wakes);
    else
        snprintf(row->limit, sizeof row->limit,
                 "bubble: device %d waits %.0f %%",
                 first_of(problem, candidate, p), 100 * (1 - busy));
}

sluice_plan_row sl_plan_row_of(const struct sl_plan_problem *problem,
                               const struct sl_plan_entry *entry)
{
    const struct sl_plan_candidate *candidate = &entry->candidate;
    sluice_plan_row row = {
        .devices = entry->n_places,
        .replicas = problem->division.replicas,
        .team = sl_plan_team(problem),
        .zero = problem->division.zero,
        .gather = problem->division.gather,
        .vocabulary = problem->cut != NULL,
        .microbatches = sl_plan_microbatches(problem),
        .chunks = candidate->n_stages / entry->n_places,
        .warm_up = entry->generated.warm_up,
        .queue_capacity = candidate->capacity,
        .step_ns = candidate->step_ns,
        .bubble = candidate->bubble,
        .early = candidate->early,
    };
    snprintf(row.schedule, sizeof row.schedule, "%s",
             sl_plan_entry_name(entry));
    for (int s = 0; s < candidate->n_stages; s++)
        row.recomputing += candidate->again[s];
    for (int p = 0; p < entry->n_places; p++)
        if (candidate->bytes[p] > row.bytes)
            row.bytes = candidate->bytes[p];
    row.bytes = (row.bytes + (size_t)row.team - 1) / (size_t)row.team;
    say_limit(problem, entry, &row);
    return row;
}

/* The fastest runner-up with another schedule or number of devices. */
static const sluice_plan_row *other(const sluice_plan *plan)
{
    for (int i = 1; i < plan->n_rows; i++)
        if (plan->rows[i].step_ns > plan->rows[0].step_ns)
            return &plan->rows[i];
    return NULL;
}

/* "2 devices", or "2 x 4 devices": replicas and teams are factors. */
static void say_devices(const sluice_plan_row *row, char *text, size_t size)
{
    int at = 0;
    if (row->replicas > 1)
        at += snprintf(text, size, "%d replicas of ", row->replicas);
    if (row->team > 1)
        snprintf(text + at, size - (size_t)at, "%d team%s of %d devices",
                 row->devices, row->devices == 1 ? "" : "s", row->team);
    else
        snprintf(text + at, size - (size_t)at, "%d device%s", row->devices,
                 row->devices == 1 ? "" : "s");
}

/* ", ZeRO stage 1, 2 weight gradients in one product, vocabulary cut": what was
 * allowed and chosen. */
static void say_shares(const sluice_plan_row *row, char *text, size_t size)
{
    int at = 0;
    *text = '\0';
    if (row->zero)
        at = snprintf(text, size, ", ZeRO stage %d", row->zero);
    if (row->gather > 1)
        at += snprintf(text + at, size - (size_t)at,
                       ", %d weight gradients in one product", row->gather);
    if (row->vocabulary)
        snprintf(text + at, size - (size_t)at, ", vocabulary cut");
}

void sl_plan_explain(sluice_plan *plan)
{
    const sluice_plan_row *row = &plan->rows[0];
    const sluice_plan_row *next = other(plan);
    char sizes[64], rival[128] = "", devices[64], others[64], shares[96];
    int n = 0;
    for (int s = 0; s < plan->n_stages && n < (int)sizeof sizes; s++)
        n += snprintf(sizes + n, sizeof sizes - (size_t)n, "%s%d", s ? "," : "",
                      plan->sizes[s]);
    say_devices(row, devices, sizeof devices);
    say_shares(row, shares, sizeof shares);
    if (next) {
        say_devices(next, others, sizeof others);
        snprintf(rival, sizeof rival, "; %s on %s with %d takes %.1f %% longer",
                 next->schedule, others, next->microbatches,
                 100 * (ratio(next->step_ns, row->step_ns) - 1));
    }
    snprintf(
        plan->sentence, sizeof plan->sentence,
        "%s on %s with %d micro-batch%s%s%s, layers cut %s: %.3g ms, "
        "%.1f %% above what no plan can beat (%s)%s.",
        row->schedule, devices, row->microbatches,
        row->microbatches == 1 ? "" : "es", row->replicas > 1 ? " each" : "",
        shares, sizes, (double)row->step_ns / 1e6,
        100 * (ratio(row->step_ns, plan->bound_ns) - 1), row->limit, rival);
}
