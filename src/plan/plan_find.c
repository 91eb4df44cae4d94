/* The search for a plan.  One thread. */
#include "plan/plan.h"

#include <string.h>

#include "base/memory.h"
#include "plan/plan_names.h"
#include "plan/plan_rows.h"
#include "plan/pricing/bytes.h"
#include "plan/search/cut_table.h"
#include "plan/problem/groups.h"
#include "plan/problem/plan_cut.h"
#include "plan/pricing/price.h"
#include "plan/search/refine.h"
#include "sched/schedule.h"

enum {
    MOST_CUTS = 12,    /* of an order, that are priced */
    MOST_REFINED = 10, /* entries, */
    MOST_THOROUGH = 6, /* of which so many with all their cuts, */
    FEW_LAYERS = 12,   /* if there are no more layers, */
    FEW_DEVICES = 4,   /* and each order of unequal devices, */
    MOST_SEARCHED = 3,
    MOST_TABLES = 3,  /* of cuts, for an order */
    ALL_DEVICES = 16, /* up to so many, every number of them is tried */
};

/* How far a search goes. */
enum effort {
    FIRST, /* to a plan that fits */
    BEST,
};

struct planning {
    enum effort effort;
    struct sl_plan_problem problem;
    struct sl_plan_board board;
    struct sl_plan_candidate cuts[MOST_CUTS + 1]; /* scratch */
};

/* Its cuts, on given devices or NULL, priced, refined if wanted, and offered.
 * `*excess` is the largest of those of which only the exact bytes are over a
 * cap. */
static sluice_status try_cuts_once(struct planning *planning,
                                   const struct sl_plan_order *order,
                                   const int *device, bool refines,
                                   struct sl_plan_excess *excess,
                                   sluice_diag *why)
{
    struct sl_plan_candidate *cuts = planning->cuts;
    int n = 0;
    *excess = (struct sl_plan_excess){0};
    sluice_status st = sl_plan_cuts(&planning->problem, order, device, cuts,
                                    MOST_CUTS, &n, why);
    if (!device)
        sl_plan_equal_cut(&planning->problem, order, &cuts[n++]);
    for (int i = 0; i < n && !st; i++) {
        st = sl_plan_price(&planning->problem, order, &cuts[i], why);
        const struct sl_plan_excess *own = &cuts[i].excess;
        if (!st && !cuts[i].fits && own->is_known &&
            (!excess->is_known || own->rest > excess->rest))
            *excess = *own;
        if (!st && refines && cuts[i].fits)
            st = sl_plan_refine(&planning->problem, order, &cuts[i], why);
        if (!st)
            st = sl_plan_board_offer(&planning->board, &planning->problem,
                                     order, &cuts[i], why);
    }
    return st;
}

/* The table of cuts counts bytes.  As long as some of its cuts do not fit by
 * the exact plan, it is made again with what that takes besides. */
static sluice_status try_cuts(struct planning *planning,
                              struct sl_plan_order *order, const int *device,
                              bool refines, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    struct sl_plan_excess excess;
    for (int i = 0; i < MOST_TABLES && !st; i++) {
        if (planning->effort == FIRST && planning->board.n)
            break;
        st = try_cuts_once(planning, order, device, refines, &excess, why);
        if (!excess.is_known)
            break;
        order->excess = excess;
    }
    return st;
}

/* Place by place, each device that is not in use yet. */
static sluice_status try_places(struct planning *planning,
                                struct sl_plan_order *order, int *device, int n,
                                sluice_diag *why)
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
    if (problem->cut)
        sl_plan_cut_places(problem, &least, &last);
    for (int k = least; k <= last && !st; k = next_devices(k, last))
        for (int i = 0; (name = sluice_schedule_generator(i)) && !st; i++)
            if (sl_plan_is_listed(config->schedules, name) ||
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
                                    struct sl_plan_order *order,
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
        if (sl_plan_is_listed(names, "auto"))
            st = sl_plan_search(&planning->problem, &board->entries[i], board,
                                why);
    sl_plan_board_sort(board);
    return st;
}

/* `least_bytes`: under this cap something fits; 0: nothing can run. */
static sluice_status refuse(size_t least_bytes, sluice_diag *why)
{
    if (least_bytes)
        return sluice_diag_set(why, SLUICE_OVER_CAP,
                               "no plan fits: the smallest that was found "
                               "takes %zu bytes on a device; raise the cap to "
                               "that, give a smaller batch, more "
                               "micro-batches, or more devices",
                               least_bytes);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "none of the schedules can run with these devices, "
                           "micro-batches, queues and costs: allow others");
}

/* What is searched for, and what did not fit so far. */
struct search {
    const sluice_plan_config *config;
    enum effort effort;
    size_t least_bytes; /* as of the board */
};

/* A cut head has its own places among those of the layers. */
static sluice_status find(struct search *search,
                          const sluice_plan_config *config,
                          const struct sl_plan_cut *cut, sluice_plan **out,
                          sluice_diag *why)
{
    struct planning *planning =
        sl_alloc(config->allocator, 1, sizeof *planning);
    if (!planning)
        return sl_no_memory(why, "the search for a plan");
    sluice_status st = sl_plan_problem_init(&planning->problem, config, why);
    planning->effort = search->effort;
    planning->problem.cut = cut;
    planning->board.allocator = config->allocator;
    planning->board.least_bytes = search->least_bytes;
    if (!st)
        st = try_all(planning, why);
    if (!st && search->effort == BEST)
        st = improve(planning, why);
    search->least_bytes = planning->board.least_bytes;
    if (!st)
        st = planning->board.n
                 ? sl_plan_build(&planning->problem, &planning->board, out, why)
                 : refuse(search->least_bytes, why);
    sl_plan_board_fini(&planning->board);
    sl_plan_problem_fini(&planning->problem);
    sl_free(config->allocator, planning, 1, sizeof *planning);
    return st;
}

/* Whether a search has failed although there may be a plan of another kind. */
static bool is_no_plan(sluice_status st)
{
    return st == SLUICE_OVER_CAP || st == SLUICE_NOT_FOUND;
}

/* The same with the vocabulary cut, besides `*out`, which may be NULL. */
static sluice_status find_cut(struct search *search, sluice_plan **out,
                              sluice_diag *why)
{
    struct sl_plan_cut cut;
    sluice_plan *other = NULL;
    sluice_diag said;
    sluice_status st = sl_plan_cut_init(&cut, search->config, &said);
    if (!st)
        st = find(search, &cut.config, &cut, &other, &said);
    sl_plan_cut_fini(&cut);
    if (st && !is_no_plan(st)) {
        sluice_plan_destroy(*out);
        return sluice_diag_set(why, st, "%s", said.text);
    }
    *out = sl_plan_join(*out, other);
    return *out ? SLUICE_OK : refuse(search->least_bytes, why);
}

static sluice_status find_any(struct search *search, sluice_plan **out,
                              sluice_diag *why)
{
    *out = NULL;
    sluice_status st = find(search, search->config, NULL, out, why);
    if (search->config->vocabulary && (!st || is_no_plan(st)))
        st = find_cut(search, out, why);
    return st;
}

/* Caps of less than `bytes` raised to that. */
static void raise_caps(const sluice_plan_config *config, size_t bytes,
                       sluice_plan_device *devices)
{
    for (int d = 0; d < config->n_devices; d++) {
        devices[d] = config->devices[d];
        if (devices[d].cap_bytes && devices[d].cap_bytes < bytes)
            devices[d].cap_bytes = bytes;
    }
}

/* What is told must fit: with higher caps other cuts are tried, and the one
 * that was the smallest may not be among them.  The bytes rise each time, at
 * most to those of an equal cut, which is tried under any cap. */
static sluice_status refuse_over_cap(const sluice_plan_config *config,
                                     size_t least_bytes, sluice_diag *why)
{
    size_t n = (size_t)config->n_devices;
    sluice_plan_device *devices =
        sl_alloc(config->allocator, n, sizeof *devices);
    sluice_plan_config raised = *config;
    sluice_status st = SLUICE_OVER_CAP;
    if (!devices)
        return sl_no_memory(why, "the devices of a plan");
    raised.devices = devices;
    while (st == SLUICE_OVER_CAP) {
        struct search search = {&raised, FIRST, 0};
        sluice_plan *plan;
        raise_caps(config, least_bytes, devices);
        st = find_any(&search, &plan, why);
        if (!st)
            sluice_plan_destroy(plan);
        else if (search.least_bytes > least_bytes)
            least_bytes = search.least_bytes;
        else
            break;
    }
    sl_free(config->allocator, devices, n, sizeof *devices);
    return st ? st : refuse(least_bytes, why);
}

sluice_status sluice_plan_find(const sluice_plan_config *config,
                               sluice_plan **out, sluice_diag *why)
{
    struct search search = {config, BEST, 0};
    sluice_plan *plan;
    sluice_status st = sl_plan_check_names(config->schedules, why);
    if (!st)
        st = find_any(&search, &plan, why);
    if (st == SLUICE_OVER_CAP)
        return refuse_over_cap(config, search.least_bytes, why);
    if (!st)
        *out = plan;
    return st;
}
