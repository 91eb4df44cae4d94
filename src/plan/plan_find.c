/* The search for a plan.  One thread. */
#include "plan/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "plan/pricing/plan_bound.h"
#include "plan/pricing/bytes.h"
#include "plan/search/cut_table.h"
#include "plan/problem/groups.h"
#include "plan/pricing/price.h"
#include "plan/text/reason.h"
#include "plan/search/refine.h"
#include "plan/rules/varuna_rule.h"
#include "sched/schedule.h"

enum {
    MOST_CUTS = 12,    /* of an order, that are priced */
    MOST_REFINED = 10, /* entries, */
    MOST_THOROUGH = 6, /* of which so many with all their cuts, */
    FEW_LAYERS = 12,   /* if there are no more layers, */
    FEW_DEVICES = 4,   /* and each order of unequal devices, */
    MOST_SEARCHED = 3,
    ALL_DEVICES = 16, /* up to so many, every number of them is tried */
};

struct planning {
    struct sl_plan_problem problem;
    struct sl_plan_board board;
    struct sl_plan_candidate cuts[MOST_CUTS + 1]; /* scratch */
};

/* Whether `name` is in the list of names between commas. */
static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; at;) {
        size_t length = strcspn(at, ",");
        if (length == n && !strncmp(at, name, n))
            return true;
        at = at[length] ? at + length + 1 : NULL;
    }
    return !list;
}

static sluice_status check_names(const char *list, sluice_diag *why)
{
    for (const char *at = list; at;) {
        int n = (int)strcspn(at, ","), i = 0;
        const char *name;
        while ((name = sluice_schedule_generator(i)) &&
               ((int)strlen(name) != n || strncmp(name, at, (size_t)n) != 0))
            i++;
        if (!name && (n != 4 || strncmp(at, "auto", 4) != 0))
            return sluice_diag_set(why, SLUICE_NOT_FOUND,
                                   "no schedule is called \"%.*s\": `sluice "
                                   "schedule --list' lists them; or auto",
                                   n < 64 ? n : 64, at);
        at = at[n] ? at + n + 1 : NULL;
    }
    return SLUICE_OK;
}

/* Its cuts, on given devices or NULL, priced, refined if wanted, and offered.
 */
static sluice_status try_cuts(struct planning *planning,
                              const struct sl_plan_order *order,
                              const int *device, bool refines, sluice_diag *why)
{
    struct sl_plan_candidate *cuts = planning->cuts;
    int n = 0;
    sluice_status st = sl_plan_cuts(&planning->problem, order, device, cuts,
                                    MOST_CUTS, &n, why);
    if (!device)
        sl_plan_equal_cut(&planning->problem, order, &cuts[n++]);
    for (int i = 0; i < n && !st; i++) {
        st = sl_plan_price(&planning->problem, order, &cuts[i], why);
        if (!st && refines && cuts[i].fits)
            st = sl_plan_refine(&planning->problem, order, &cuts[i], why);
        if (!st)
            st = sl_plan_board_offer(&planning->board, &planning->problem,
                                     order, &cuts[i], why);
    }
    return st;
}

/* Place by place, each device that is not in use yet. */
static sluice_status try_places(struct planning *planning,
                                const struct sl_plan_order *order, int *device,
                                int n, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (n == order->schedule->n_devices)
        return try_cuts(planning, order, device, true, why);
    for (int d = 0; d < planning->problem.n_devices && !st; d++) {
        int p = 0;
        while (p < n && device[p] != d)
            p++;
        device[n] = d;
        if (p == n)
            st = try_places(planning, order, device, n + 1, why);
    }
    return st;
}

static sluice_status try_generator(struct planning *planning, int devices,
                                   int generator, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    sluice_schedule_config wanted;
    for (int v = 0; !st && sl_plan_variant(generator, v, &wanted); v++) {
        struct sl_plan_order order;
        wanted.devices = devices;
        wanted.microbatches = sl_plan_microbatches(&planning->problem);
        st = sl_plan_order_init(&order, &planning->problem, &wanted, why);
        if (st == SLUICE_NOT_FOUND) {
            st = SLUICE_OK;
            continue;
        }
        if (!st)
            st = try_cuts(planning, &order, NULL, false, why);
        sl_plan_order_fini(&order);
    }
    return st;
}

/* All, or 1, 2, 4, ... and the last. */
static int next_devices(int devices, int last)
{
    if (last <= ALL_DEVICES || devices == last)
        return devices + 1;
    return 2 * devices < last ? 2 * devices : last;
}

/* Each number of places and each generator, of the problem's division. */
static sluice_status try_division(struct planning *planning, sluice_diag *why)
{
    const struct sl_plan_problem *problem = &planning->problem;
    const sluice_plan_config *config = problem->config;
    const char *name;
    sluice_status st = SLUICE_OK;
    int last = problem->n_devices < config->n_layers ? problem->n_devices
                                                     : config->n_layers;
    int n = problem->division.replicas * sl_plan_team(problem);
    int least =
        config->least_devices > n ? (config->least_devices - 1) / n + 1 : 1;
    for (int k = least; k <= last && !st; k = next_devices(k, last))
        for (int i = 0; (name = sluice_schedule_generator(i)) && !st; i++)
            if (is_listed(config->schedules, name) ||
                !strcmp(config->schedules, "auto"))
                st = try_generator(planning, k, i, why);
    return st;
}

static sluice_status try_all(struct planning *planning, sluice_diag *why)
{
    struct sl_plan_problem *problem = &planning->problem;
    struct sl_plan_division division;
    sluice_status st = SLUICE_OK;
    for (int i = 0; !st && sl_plan_next_division(problem, &i, &division);) {
        bool possible;
        sl_plan_divide(problem, &division);
        st = sl_plan_check_division(problem, &possible, why);
        if (!st && possible)
            st = try_division(planning, why);
    }
    return st;
}

/* All cuts are refined, with few devices on each order of them. */
static sluice_status try_thoroughly(struct planning *planning,
                                    const struct sl_plan_order *order,
                                    sluice_diag *why)
{
    const struct sl_plan_problem *problem = &planning->problem;
    int device[SLUICE_MAX_DEVICES];
    sluice_status st = try_cuts(planning, order, NULL, true, why);
    if (!st && problem->uneven && problem->n_devices <= FEW_DEVICES)
        st = try_places(planning, order, device, 0, why);
    return st;
}

static sluice_status refine_entry(struct planning *planning, size_t i,
                                  sluice_diag *why)
{
    struct sl_plan_order order;
    struct sl_plan_candidate candidate = planning->board.entries[i].candidate;
    sluice_status st = sl_plan_entry_order(
        &planning->problem, &planning->board.entries[i], &order, why);
    if (st)
        return st;
    st = sl_plan_refine(&planning->problem, &order, &candidate, why);
    if (!st)
        st = sl_plan_board_offer(&planning->board, &planning->problem, &order,
                                 &candidate, why);
    if (!st && i < MOST_THOROUGH && planning->problem.n_layers <= FEW_LAYERS)
        st = try_thoroughly(planning, &order, why);
    sl_plan_order_fini(&order);
    return st;
}

static sluice_status improve(struct planning *planning, sluice_diag *why)
{
    struct sl_plan_board *board = &planning->board;
    const char *names = planning->problem.config->schedules;
    sluice_status st = SLUICE_OK;
    sl_plan_board_sort(board);
    size_t n = board->n;
    for (size_t i = 0; i < n && i < MOST_REFINED && !st; i++)
        st = refine_entry(planning, i, why);
    sl_plan_board_sort(board);
    n = board->n;
    for (size_t i = 0; i < n && i < MOST_SEARCHED && !st; i++)
        if (is_listed(names, "auto"))
            st = sl_plan_search(&planning->problem, &board->entries[i], board,
                                why);
    sl_plan_board_sort(board);
    return st;
}

/* The bytes of an entry, as they are shown. */
static sluice_status count_bytes(struct planning *planning,
                                 struct sl_plan_entry *entry,
                                 sluice_schedule **schedule, sluice_diag *why)
{
    struct sl_plan_problem *problem = &planning->problem;
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
static bool is_told(const struct planning *planning, size_t i)
{
    const struct sl_plan_entry *entries = planning->board.entries;
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

static sluice_status fill_rows(struct planning *planning, sluice_plan *plan,
                               sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (size_t i = 0;
         i < planning->board.n && plan->n_rows < SLUICE_PLAN_MAX_ROWS; i++) {
        struct sl_plan_entry *entry = &planning->board.entries[i];
        sluice_schedule *schedule;
        if (is_told(planning, i))
            continue;
        st = count_bytes(planning, entry, &schedule, why);
        if (st)
            return st;
        plan->rows[plan->n_rows++] = sl_plan_row_of(&planning->problem, entry);
        if (i == 0)
            plan->schedule = schedule;
        else
            sluice_schedule_destroy(schedule);
    }
    return st;
}

/* What Varuna would do, in its place among the rows, if its schedule may be
 * chosen.  There is always room for it. */
static sluice_status add_rule(struct planning *planning, sluice_plan *plan,
                              sluice_diag *why)
{
    struct sl_plan_board board = {.allocator = planning->problem.allocator};
    sluice_schedule *schedule = NULL;
    if (!is_listed(planning->problem.config->schedules, "varuna"))
        return SLUICE_OK;
    sluice_status st = sl_plan_varuna_rule(&planning->problem, &board, why);
    if (!st && board.n)
        st = count_bytes(planning, &board.entries[0], &schedule, why);
    if (!st && board.n) {
        sluice_plan_row row =
            sl_plan_row_of(&planning->problem, &board.entries[0]);
        int at = plan->n_rows < SLUICE_PLAN_MAX_ROWS ? plan->n_rows++
                                                     : plan->n_rows - 1;
        for (; at > 1 && plan->rows[at - 1].step_ns > row.step_ns; at--)
            plan->rows[at] = plan->rows[at - 1];
        snprintf(row.schedule, sizeof row.schedule, "varuna's rule");
        plan->rows[at] = row;
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
static sluice_status build(struct planning *planning, sluice_plan **out,
                           sluice_diag *why)
{
    struct sl_plan_problem *problem = &planning->problem;
    const struct sl_plan_entry *entry = &planning->board.entries[0];
    sluice_plan *plan = sl_alloc(problem->allocator, 1, sizeof *plan);
    if (!plan)
        return sl_no_memory(why, "a plan");
    plan->allocator = problem->allocator;
    plan->batch = problem->config->batch;
    plan->n_stages = entry->candidate.n_stages;
    plan->n_places = entry->n_places;
    memcpy(plan->sizes, entry->candidate.sizes, sizeof plan->sizes);
    set_devices(problem, entry, plan);
    sluice_status st = fill_rows(planning, plan, why);
    if (!st)
        st = add_rule(planning, plan, why);
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

static sluice_status refuse(const struct planning *planning, sluice_diag *why)
{
    if (planning->board.least_bytes)
        return sluice_diag_set(why, SLUICE_OVER_CAP,
                               "no plan fits: the smallest that was found "
                               "takes %zu bytes on a device; raise the cap, "
                               "give a smaller batch, more micro-batches, or "
                               "more devices",
                               planning->board.least_bytes);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "none of the schedules can run with these devices, "
                           "micro-batches, queues and costs: allow others");
}

static sluice_status find(struct planning *planning, sluice_plan **out,
                          sluice_diag *why)
{
    sluice_status st = try_all(planning, why);
    if (!st)
        st = improve(planning, why);
    if (st)
        return st;
    return planning->board.n ? build(planning, out, why)
                             : refuse(planning, why);
}

sluice_status sluice_plan_find(const sluice_plan_config *config,
                               sluice_plan **out, sluice_diag *why)
{
    sluice_status st = check_names(config->schedules, why);
    struct planning *planning =
        sl_alloc(config->allocator, 1, sizeof *planning);
    if (!planning)
        return sl_no_memory(why, "the search for a plan");
    if (!st)
        st = sl_plan_problem_init(&planning->problem, config, why);
    if (!st) {
        planning->board.allocator = config->allocator;
        st = find(planning, out, why);
        sl_plan_board_fini(&planning->board);
        sl_plan_problem_fini(&planning->problem);
    }
    sl_free(config->allocator, planning, 1, sizeof *planning);
    return st;
}
