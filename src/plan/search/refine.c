/* Neighbours of a candidate, and the search for its schedule.  One thread. */
#include "plan/search/refine.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/search.h>

#include "base/memory.h"
#include "plan/pricing/bytes.h"
#include "plan/pricing/plan_latency.h"
#include "plan/pricing/price.h"
#include "sched/schedule.h"

enum {
    MOST_ROUNDS = 64,
    MOST_CAPACITY = 8, /* of queues that are not given */
    TRIES = 500,       /* of a search */
    WHOLE = 1000000,   /* a device's room for activations */
};

/* Of a device's room, for a search. */
static const double LEAST_PART = 0.55, PART_STEP = 0.1;

struct climb {
    const struct sl_plan_problem *problem;
    const struct sl_plan_order *order;
    struct sl_plan_candidate here;
    struct sl_plan_candidate best; /* of the neighbours, and `here` */
    sluice_diag *why;
};

/* Whether a neighbour recomputes follows from its bytes. */
static sluice_status consider(struct climb *climb,
                              struct sl_plan_candidate *candidate)
{
    memset(candidate->again, 0, sizeof candidate->again);
    candidate->early = false;
    sluice_status st =
        sl_plan_price(climb->problem, climb->order, candidate, climb->why);
    if (!st && candidate->fits && candidate->step_ns < climb->best.step_ns)
        climb->best = *candidate;
    return st;
}

/* `n` layers from one stage to another, past those between. */
static sluice_status move_layers(struct climb *climb, int from, int to, int n)
{
    struct sl_plan_candidate next = climb->here;
    if (next.sizes[from] <= n)
        return SLUICE_OK;
    next.sizes[from] -= n;
    next.sizes[to] += n;
    return consider(climb, &next);
}

static sluice_status move_boundaries(struct climb *climb)
{
    sluice_status st = SLUICE_OK;
    int n = climb->here.n_stages;
    /* With few stages, a layer also moves several stages on. */
    int far = n <= 8 ? n : 2;
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n && b - a < far && !st; b++)
            for (int layers = 1; layers <= 2 && !st; layers++) {
                st = move_layers(climb, a, b, layers);
                if (!st)
                    st = move_layers(climb, b, a, layers);
            }
    return st;
}

static sluice_status change_devices(struct climb *climb)
{
    int n = climb->order->schedule->n_devices;
    bool used[SLUICE_MAX_DEVICES] = {false};
    sluice_status st = SLUICE_OK;
    for (int p = 0; p < n; p++)
        used[climb->here.device[p]] = true;
    for (int p = 0; p < n && climb->problem->uneven; p++) {
        struct sl_plan_candidate next = climb->here;
        for (int q = p + 1; q < n && !st; q++) {
            next = climb->here;
            next.device[p] = climb->here.device[q];
            next.device[q] = climb->here.device[p];
            struct sl_plan_candidate with_layers = next;
            st = consider(climb, &next);
            if (st || n < climb->here.n_stages)
                continue;
            with_layers.sizes[p] = climb->here.sizes[q];
            with_layers.sizes[q] = climb->here.sizes[p];
            st = consider(climb, &with_layers);
        }
        for (int d = 0; d < climb->problem->n_devices && !st; d++)
            if (!used[d]) {
                next = climb->here;
                next.device[p] = d;
                st = consider(climb, &next);
            }
    }
    return st;
}

/* R's earlier than just before their backwards. */
static sluice_status recompute_early(struct climb *climb)
{
    struct sl_plan_candidate next = climb->best;
    bool any = false;
    for (int s = 0; s < next.n_stages; s++)
        any |= next.again[s];
    if (!any || climb->problem->config->no_early)
        return SLUICE_OK;
    next.early = true;
    sluice_status st =
        sl_plan_price(climb->problem, climb->order, &next, climb->why);
    if (!st && next.fits && next.step_ns < climb->best.step_ns)
        climb->best = next;
    return st;
}

static sluice_status widen_queues(struct climb *climb)
{
    struct sl_plan_candidate next = climb->here;
    if (climb->problem->config->queue_capacity ||
        2 * next.capacity > MOST_CAPACITY)
        return SLUICE_OK;
    next.capacity *= 2;
    return consider(climb, &next);
}

sluice_status sl_plan_refine(const struct sl_plan_problem *problem,
                             const struct sl_plan_order *order,
                             struct sl_plan_candidate *candidate,
                             sluice_diag *why)
{
    struct climb climb = {problem, order, *candidate, *candidate, why};
    sluice_status st = SLUICE_OK;
    for (int round = 0; round < MOST_ROUNDS && !st; round++) {
        climb.here = climb.best;
        st = move_boundaries(&climb);
        if (!st)
            st = change_devices(&climb);
        if (!st)
            st = widen_queues(&climb);
        if (climb.best.step_ns >= climb.here.step_ns)
            break;
    }
    if (!st)
        st = recompute_early(&climb);
    if (!st)
        *candidate = climb.best;
    return st;
}

/* What a micro-batch holds of each stage, as a part of its device's room for
 * activations: of a cap what is left beside the bytes of a candidate that fits,
 * which are no activations, and of that `part`.  False if some device has
 * none. */
static bool share_room(const struct sl_plan_problem *problem,
                       const struct sl_plan_order *order,
                       const struct sl_plan_candidate *candidate, double part,
                       int64_t *share)
{
    double room[SLUICE_MAX_DEVICES];
    double held[SLUICE_PLAN_MAX_STAGES] = {0};
    double rows = (double)sl_plan_rows(problem);
    for (int p = 0; p < order->schedule->n_devices; p++) {
        size_t cap = problem->devices[candidate->device[p]].cap_bytes;
        room[p] = cap ? (double)cap - (double)candidate->bytes[p] : INFINITY;
    }
    for (int s = 0, i = 0; s < candidate->n_stages; s++) {
        int place = order->schedule->stage_device[s];
        double inner = 0;
        held[s] = rows * (double)problem->config->layers[i].input_row_bytes;
        for (int end = i + candidate->sizes[s]; i < end; i++)
            inner += rows * (double)problem->config->layers[i].saved_row_bytes;
        room[place] += order->held[place] * held[s] +
                       (candidate->again[s] ? fmin(order->inner[place], 1)
                                            : order->inner[place]) *
                           inner;
        held[s] += candidate->again[s] ? 0 : inner;
    }
    for (int s = 0; s < candidate->n_stages; s++) {
        double left = room[order->schedule->stage_device[s]] * part;
        if (left <= 0 || held[s] > left)
            return false;
        share[s] = (int64_t)ceil(WHOLE * held[s] / left);
    }
    return true;
}

/* `*fits` says whether it does. */
static sluice_status offer_found(const struct sl_plan_problem *problem,
                                 const struct sl_plan_entry *entry,
                                 sluice_schedule *found,
                                 struct sl_plan_board *board, bool *fits,
                                 sluice_diag *why)
{
    struct sl_plan_order order;
    sluice_status st = sl_plan_order_of(&order, problem, found, why);
    if (st) {
        sluice_schedule_destroy(found);
        return st == SLUICE_NOT_FOUND ? SLUICE_OK : st;
    }
    struct sl_plan_candidate candidate = entry->candidate;
    st = sl_plan_price(problem, &order, &candidate, why);
    *fits = candidate.fits;
    if (!st && candidate.fits)
        st = sl_plan_refine(problem, &order, &candidate, why);
    if (!st)
        st = sl_plan_board_offer(board, problem, &order, &candidate, why);
    sl_plan_order_fini(&order);
    return st;
}

static sluice_status search(const struct sl_plan_problem *problem,
                            const struct sl_plan_order *order,
                            const struct sl_plan_candidate *candidate,
                            double part, sluice_schedule **out,
                            sluice_diag *why)
{
    int64_t share[SLUICE_PLAN_MAX_STAGES], latency[SLUICE_PLAN_MAX_STAGES];
    bool limited =
        problem->capped && share_room(problem, order, candidate, part, share);
    const sluice_search_config config = {
        .devices = order->schedule->n_devices,
        .microbatches = order->schedule->n_microbatches,
        .stages = candidate->n_stages,
        .stage_costs_ns = sl_plan_stage_costs(problem, order, candidate),
        .latency_ns = sl_plan_latencies(problem, order, candidate, latency),
        .queue_capacity = candidate->capacity,
        .activation_bytes = limited ? share : NULL,
        .limit = limited ? WHOLE : 0,
        .tries = TRIES,
        .allocator = problem->allocator,
    };
    return sluice_schedule_search(&config, out, NULL, why);
}

/* What was found, with W's that stand together; SLUICE_NOT_FOUND: they
 * cannot. */
static sluice_status gather(sluice_schedule **found, int n, sluice_diag *why)
{
    sluice_schedule *gathered;
    sluice_status st =
        sluice_schedule_gather_weights(*found, n, &gathered, why);
    sluice_schedule_destroy(*found);
    *found = st ? NULL : gathered;
    return !st || st == SLUICE_NO_MEMORY ? st : SLUICE_NOT_FOUND;
}

/* With `part` of the room for activations; `*fits` also if nothing is found. */
static sluice_status search_part(struct sl_plan_problem *problem,
                                 const struct sl_plan_entry *entry, double part,
                                 struct sl_plan_board *board, bool *fits,
                                 sluice_diag *why)
{
    struct sl_plan_order order;
    *fits = true;
    sluice_status st = sl_plan_entry_order(problem, entry, &order, why);
    if (st)
        return st;
    sluice_schedule *found = NULL;
    st = order.recomputes
             ? SLUICE_NOT_FOUND
             : search(problem, &order, &entry->candidate, part, &found, why);
    sl_plan_order_fini(&order);
    if (!st && entry->division.gather)
        st = gather(&found, entry->division.gather, why);
    if (st)
        return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
    return offer_found(problem, entry, found, board, fits, why);
}

sluice_status sl_plan_search(struct sl_plan_problem *problem,
                             const struct sl_plan_entry *entry,
                             struct sl_plan_board *board, sluice_diag *why)
{
    const struct sl_plan_entry from = *entry; /* the board may move it */
    sluice_status st = SLUICE_OK;
    bool fits = !problem->has_split || !problem->has_whole;
    /* Exact bytes may rise by more than an activation's: with less room, then.
     */
    for (double part = 1; part > LEAST_PART && !fits && !st; part -= PART_STEP)
        st = search_part(problem, &from, part, board, &fits, why);
    return st;
}
