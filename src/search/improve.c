/* Local search: actions are moved by a few places, at random but repeatably. */
#include "search/improve.h"

#include <sluice/schedule_passes.h>

#include <string.h>

#include "base/rng.h"
#include "sched/schedule.h"

enum { FAR = 8 }; /* places at most */

struct dice {
    uint64_t seed;
    uint64_t n;
    uint32_t bits[8];
};

/* A number below `sides`. */
static int roll(struct dice *dice, int sides)
{
    if (dice->n % 8 == 0)
        sl_rng_block(dice->seed, SL_RNG_SEARCH,
                     (struct sl_rng_counter){{dice->n / 8}}, dice->bits);
    return (int)(dice->bits[dice->n++ % 8] % (uint32_t)sides);
}

/* Take an action out of a list, and put it back in elsewhere. */
static void move(struct sl_action_list *list, int from, int to)
{
    sluice_action action = list->actions[from];
    sluice_action *low = &list->actions[from < to ? from : to];
    size_t n = (size_t)(from < to ? to - from : from - to);
    if (from < to)
        memmove(low, low + 1, n * sizeof action);
    else
        memmove(low + 1, low, n * sizeof action);
    list->actions[to] = action;
}

static bool moves_something(const struct sl_action_list *list, int from, int to)
{
    return from != to && to >= 0 && to < list->n &&
           list->actions[from].kind != SLUICE_UPDATE &&
           list->actions[to].kind != SLUICE_UPDATE;
}

/* Move something, if that leaves a schedule that runs, keeps the limit and is
 * not worse than `worth`.  Returns SLUICE_OK, SLUICE_NO_MEMORY. */
static sluice_status try_move(const struct sl_problem *problem,
                              sluice_schedule *schedule, struct dice *dice,
                              struct sl_worth *worth, sluice_diag *why)
{
    struct sl_action_list *list =
        &schedule->programs[roll(dice, schedule->n_devices)];
    int64_t limit = problem->config->limit;
    struct sl_worth made;
    if (list->n == 0)
        return SLUICE_OK;
    int from = roll(dice, list->n);
    int to = from + roll(dice, 2 * FAR + 1) - FAR;
    if (!moves_something(list, from, to))
        return SLUICE_OK;
    move(list, from, to);
    sluice_status st = sl_judge(problem, schedule, &made, why);
    bool better =
        !st &&
        sl_objective_ns(problem, made) <= sl_objective_ns(problem, *worth) &&
        (!limit || sl_peak_held(problem, schedule) <= limit);
    if (better)
        *worth = made;
    else
        move(list, to, from);
    return st == SLUICE_NO_MEMORY ? st : SLUICE_OK;
}

sluice_status sl_improve(const struct sl_problem *problem, int tries,
                         sluice_schedule **schedule, struct sl_worth *worth,
                         int *n_kept, sluice_diag *why)
{
    struct dice dice = {.seed = problem->config->seed};
    sluice_schedule *trial = NULL;
    struct sl_worth now = *worth;
    sluice_status st =
        sluice_schedule_remat(*schedule, SLUICE_REMAT_NEVER, &trial, why);
    for (int i = 0; i < tries && !st; i++) {
        st = try_move(problem, trial, &dice, &now, why);
        if (st ||
            sl_objective_ns(problem, now) == sl_objective_ns(problem, *worth))
            continue;
        sluice_schedule *copy;
        st = sluice_schedule_remat(trial, SLUICE_REMAT_NEVER, &copy, why);
        if (st)
            break;
        sluice_schedule_destroy(*schedule);
        *schedule = copy;
        *worth = now;
        ++*n_kept;
    }
    sluice_schedule_destroy(trial);
    return st;
}
