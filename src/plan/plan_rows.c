/* Plans of what was found.  One thread. */
#include "plan/plan_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "plan/plan_names.h"
#include "plan/pricing/bytes.h"
#include "plan/pricing/plan_bound.h"
#include "plan/pricing/price.h"
#include "plan/problem/groups.h"
#include "plan/rules/varuna_rule.h"
#include "plan/text/reason.h"
#include "sched/schedule.h"

/* The bytes of an entry, as they are shown. */
static sluice_status count_bytes(struct sl_plan_problem *problem,
                                 struct sl_plan_entry *entry,
                                 sluice_schedule **schedule, sluice_diag *why)
{
    struct sl_plan_order order;
    sluice_status st = sl_plan_entry_order(problem, entry, &order, why);
    if (st)
        return st;
    st = sl_plan_make(problem, &order, &entry->candidate, schedule, why);
    sl_plan_order_fini(&order);
    if (st)
        return st;
    bool exact = problem->config->model && problem->config->pipeline;
    st = exact
             ? sl_plan_exact_bytes(problem, *schedule, &entry->candidate, why)
             : sl_plan_count_bytes(problem, *schedule, &entry->candidate, why);
    if (st)
        sluice_schedule_destroy(*schedule);
    return st;
}

/* On one place all schedules do the same: the fastest stands for them. */
static bool is_told(const struct sl_plan_board *board, size_t i)
{
    const struct sl_plan_entry *entries = board->entries;
    const struct sl_plan_division *own = &entries[i].division;
    for (size_t j = 0; j < i && entries[i].n_places == 1; j++) {
        const struct sl_plan_division *other = &entries[j].division;
        if (entries[j].n_places == 1 && other->replicas == own->replicas &&
            other->team == own->team && other->zero == own->zero &&
            other->gather == own->gather)
            return true;
    }
    return false;
}

static sluice_status fill_rows(struct sl_plan_problem *problem,
                               struct sl_plan_board *board, sluice_plan *plan,
                               sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < board->n && plan->n_rows < SLUICE_PLAN_MAX_ROWS;
         i++) {
        struct sl_plan_entry *entry = &board->entries[i];
        sluice_schedule *schedule;
        if (is_told(board, i))
            continue;
        st = count_bytes(problem, entry, &schedule, why);
        if (st)
            return st;
        plan->rows[plan->n_rows++] = sl_plan_row_of(problem, entry);
        if (i == 0)
            plan->schedule = schedule;
        else
            sluice_schedule_destroy(schedule);
    }
    return st;
}

static const char of_rule[] = "varuna's rule";

static bool is_rule(const sluice_plan_row *row)
{
    return !strcmp(row->schedule, of_rule);
}

/* Put a row in its place behind the plan's own.  In a full table the slowest
 * one makes room, except Varuna's, for which there is always room. */
static void insert(sluice_plan *plan, const sluice_plan_row *row)
{
    int at = plan->n_rows;
    if (at < SLUICE_PLAN_MAX_ROWS) {
        plan->n_rows++;
    } else {
        at -= is_rule(&plan->rows[at - 1]) ? 2 : 1;
        if (!is_rule(row) && plan->rows[at].step_ns <= row->step_ns)
            return;
        for (; at < SLUICE_PLAN_MAX_ROWS - 1; at++)
            plan->rows[at] = plan->rows[at + 1];
    }
    for (; at > 1 && plan->rows[at - 1].step_ns > row->step_ns; at--)
        plan->rows[at] = plan->rows[at - 1];
    plan->rows[at] = *row;
}

/* What Varuna would do, in its place among the rows, if its schedule may be
 * chosen. */
static sluice_status add_rule(struct sl_plan_problem *problem,
                              sluice_plan *plan, sluice_diag *why)
{
    struct sl_plan_board board = {.allocator = problem->allocator};
    sluice_schedule *schedule = NULL;
    if (problem->cut ||
        !sl_plan_is_listed(problem->config->schedules, "varuna"))
        return SLUICE_OK;
    sluice_status st = sl_plan_varuna_rule(problem, &board, why);
    if (!st && board.n)
        st = count_bytes(problem, &board.entries[0], &schedule, why);
    if (!st && board.n) {
        sluice_plan_row row = sl_plan_row_of(problem, &board.entries[0]);
        snprintf(row.schedule, sizeof row.schedule, "%s", of_rule);
        insert(plan, &row);
        sluice_schedule_destroy(schedule);
    }
    sl_plan_board_fini(&board);
    return st;
}

/* The devices of each place, by the index that a pipeline gives them. */
static void set_devices(struct sl_plan_problem *problem,
                        const struct sl_plan_entry *entry, sluice_plan *plan)
{
    sl_plan_divide(problem, &entry->division);
    int t = sl_plan_team(problem);
    for (int r = 0; r < entry->division.replicas; r++)
        for (int p = 0; p < entry->n_places; p++)
            for (int s = 0; s < t; s++) {
                int group = entry->candidate.device[p];
                int device = sl_plan_members(problem, group)[r * t + s];
                double speed = problem->config->devices[device].speed;
                plan->device[plan->n_devices] = device;
                plan->speed[plan->n_devices++] = speed > 0 ? speed : 1;
            }
}

/* What the first entry says, as a plan. */
sluice_status sl_plan_build(struct sl_plan_problem *problem,
                            struct sl_plan_board *board, sluice_plan **out,
                            sluice_diag *why)
{
    const struct sl_plan_entry *entry = &board->entries[0];
    sluice_plan *plan = sl_alloc(problem->allocator, 1, sizeof *plan);
    if (!plan)
        return sl_no_memory(why, "a plan");
    plan->allocator = problem->allocator;
    plan->batch = problem->config->batch;
    plan->n_stages = entry->candidate.n_stages;
    plan->n_places = entry->n_places;
    memcpy(plan->sizes, entry->candidate.sizes, sizeof plan->sizes);
    set_devices(problem, entry, plan);
    sluice_status st = fill_rows(problem, board, plan, why);
    if (!st)
        st = add_rule(problem, plan, why);
    plan->bound_ns = sl_plan_bound(problem);
    if (!st && problem->config->model)
        st = sl_plan_keep_model_of(plan, problem->config->model, why);
    if (st) {
        sluice_plan_destroy(plan);
        return st;
    }
    sl_plan_explain(plan);
    *out = plan;
    return SLUICE_OK;
}

sluice_plan *sl_plan_join(sluice_plan *a, sluice_plan *b)
{
    if (!a || !b)
        return a ? a : b;
    bool first = a->rows[0].step_ns <= b->rows[0].step_ns;
    sluice_plan *plan = first ? a : b, *other = first ? b : a;
    for (int i = 0; i < other->n_rows; i++)
        insert(plan, &other->rows[i]);
    if (other->bound_ns < plan->bound_ns)
        plan->bound_ns = other->bound_ns;
    sl_plan_explain(plan);
    sluice_plan_destroy(other);
    return plan;
}
