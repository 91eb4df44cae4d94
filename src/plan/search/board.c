/* The best candidates.  One thread. */
#include "plan/search/board.h"

#include <string.h>

#include "base/memory.h"
#include "plan/pricing/bytes.h"
#include "plan/pricing/price.h"
#include "plan/problem/groups.h"
#include "sched/schedule.h"

const char *sl_plan_entry_name(const struct sl_plan_entry *entry)
{
    return entry->searched ? "auto" : entry->generated.name;
}

static bool recomputes(const struct sl_plan_candidate *candidate)
{
    for (int s = 0; s < candidate->n_stages; s++)
        if (candidate->again[s])
            return true;
    return false;
}

static size_t largest(const struct sl_plan_candidate *candidate, int n_places)
{
    size_t most = 0;
    for (int p = 0; p < n_places; p++)
        if (candidate->bytes[p] > most)
            most = candidate->bytes[p];
    return most;
}

static struct sl_plan_entry *find(struct sl_plan_board *board,
                                  const struct sl_plan_division *division,
                                  const struct sl_plan_order *order,
                                  const struct sl_plan_candidate *candidate)
{
    const char *name = order->generated.name ? order->generated.name : "auto";
    for (size_t i = 0; i < board->n; i++) {
        struct sl_plan_entry *entry = &board->entries[i];
        if (entry->n_places == order->schedule->n_devices &&
            entry->division.replicas == division->replicas &&
            entry->division.team == division->team &&
            entry->division.zero == division->zero &&
            entry->division.gather == division->gather &&
            recomputes(&entry->candidate) == recomputes(candidate) &&
            !strcmp(sl_plan_entry_name(entry), name))
            return entry;
    }
    return NULL;
}

static sluice_status add(struct sl_plan_board *board,
                         struct sl_plan_entry **out, sluice_diag *why)
{
    void *entries = board->entries;
    if (sl_grow(board->allocator, &entries, &board->capacity, board->n + 1,
                sizeof *board->entries))
        return sl_no_memory(why, "the candidates of a plan");
    board->entries = entries;
    *out = &board->entries[board->n];
    **out = (struct sl_plan_entry){0};
    return SLUICE_OK;
}

/* Bytes of the exact plan may exceed those that were counted: a device of a
 * candidate needs the larger of both. */
static sluice_status count_exactly(const struct sl_plan_problem *problem,
                                   const struct sl_plan_order *order,
                                   const struct sl_plan_candidate *candidate,
                                   size_t *bytes, sluice_diag *why)
{
    struct sl_plan_candidate exact = *candidate;
    sluice_schedule *schedule;
    if (!problem->config->model || !problem->config->pipeline)
        return SLUICE_OK;
    sluice_status st = sl_plan_make(problem, order, candidate, &schedule, why);
    if (st)
        return st;
    st = sl_plan_exact_bytes(problem, schedule, &exact, why);
    sluice_schedule_destroy(schedule);
    size_t most = largest(&exact, order->schedule->n_devices);
    if (!st && most > *bytes)
        *bytes = most;
    return st;
}

/* A candidate that does not fit, but would under a higher cap. */
static sluice_status note_unfit(struct sl_plan_board *board,
                                const struct sl_plan_problem *problem,
                                const struct sl_plan_order *order,
                                const struct sl_plan_candidate *candidate,
                                sluice_diag *why)
{
    size_t t = (size_t)sl_plan_team(problem);
    size_t most = largest(candidate, order->schedule->n_devices);
    bool lowers = !board->least_bytes || most / t < board->least_bytes;
    if (candidate->step_ns == INT64_MAX || !most || !lowers)
        return SLUICE_OK;
    sluice_status st = count_exactly(problem, order, candidate, &most, why);
    if (st)
        return st;
    most = (most + t - 1) / t;
    if (!board->least_bytes || most < board->least_bytes)
        board->least_bytes = most;
    return SLUICE_OK;
}

sluice_status sl_plan_board_offer(struct sl_plan_board *board,
                                  const struct sl_plan_problem *problem,
                                  const struct sl_plan_order *order,
                                  const struct sl_plan_candidate *candidate,
                                  sluice_diag *why)
{
    int n_places = order->schedule->n_devices;
    if (!candidate->fits)
        return note_unfit(board, problem, order, candidate, why);
    struct sl_plan_entry *entry =
        find(board, &problem->division, order, candidate);
    if (entry && entry->candidate.step_ns <= candidate->step_ns)
        return SLUICE_OK;
    sluice_schedule *copy = NULL;
    sluice_status st = SLUICE_OK;
    if (!order->generated.name)
        st = sl_schedule_copy(order->schedule, board->allocator, &copy, why);
    if (!st && !entry) {
        st = add(board, &entry, why);
        board->n += !st;
    }
    if (st) {
        sluice_schedule_destroy(copy);
        return st;
    }
    sluice_schedule_destroy(entry->searched);
    *entry = (struct sl_plan_entry){
        .candidate = *candidate,
        .generated = order->generated,
        .searched = copy,
        .division = problem->division,
        .n_places = n_places,
    };
    return SLUICE_OK;
}

static bool is_before(const struct sl_plan_entry *a,
                      const struct sl_plan_entry *b)
{
    if (a->candidate.step_ns != b->candidate.step_ns)
        return a->candidate.step_ns < b->candidate.step_ns;
    if (a->candidate.n_stages != b->candidate.n_stages)
        return a->candidate.n_stages < b->candidate.n_stages;
    return largest(&a->candidate, a->n_places) <
           largest(&b->candidate, b->n_places);
}

/* By insertion: the order of equal ones stays. */
void sl_plan_board_sort(struct sl_plan_board *board)
{
    for (size_t i = 1; i < board->n; i++)
        for (size_t at = i;
             at > 0 && is_before(&board->entries[at], &board->entries[at - 1]);
             at--) {
            struct sl_plan_entry kept = board->entries[at];
            board->entries[at] = board->entries[at - 1];
            board->entries[at - 1] = kept;
        }
}

sluice_status sl_plan_entry_order(struct sl_plan_problem *problem,
                                  const struct sl_plan_entry *entry,
                                  struct sl_plan_order *order, sluice_diag *why)
{
    sl_plan_divide(problem, &entry->division);
    if (!entry->searched)
        return sl_plan_order_init(order, problem, &entry->generated, why);
    sluice_schedule *copy;
    sluice_status st =
        sl_schedule_copy(entry->searched, problem->allocator, &copy, why);
    if (st)
        return st;
    st = sl_plan_order_of(order, problem, copy, why);
    if (st)
        sluice_schedule_destroy(copy);
    return st;
}

void sl_plan_board_fini(struct sl_plan_board *board)
{
    for (size_t i = 0; i < board->n; i++)
        sluice_schedule_destroy(board->entries[i].searched);
    sl_free(board->allocator, board->entries, board->capacity,
            sizeof *board->entries);
    *board = (struct sl_plan_board){0};
}
