/* Varuna's rule.  One thread. */
#include "plan/rules/varuna_rule.h"

#include <math.h>

#include "plan/search/cut_table.h"
#include "plan/problem/groups.h"
#include "plan/pricing/price.h"

static const double FLAT = 1.05;

/* A forward of a whole mini-batch, on one device of speed 1. */
static double forward_ns(struct sl_plan_problem *problem, int m)
{
    const struct sl_plan_division division = {.m = m, .replicas = 1};
    double ns = 0;
    sl_plan_divide(problem, &division);
    for (int i = 0; i < problem->n_layers; i++)
        ns += (double)sl_plan_cost(problem, i, SLUICE_F);
    return ns * problem->config->microbatches[m];
}

/* The largest number of micro-batches that is about as fast as any. */
static int choose(struct sl_plan_problem *problem)
{
    const sluice_plan_config *config = problem->config;
    double least = INFINITY;
    int most = 1;
    for (int m = 0; m < config->n_microbatches; m++)
        least = fmin(least, forward_ns(problem, m));
    for (int m = 0; m < config->n_microbatches; m++)
        if (config->microbatches[m] > most &&
            forward_ns(problem, m) <= FLAT * least)
            most = config->microbatches[m];
    return most;
}

static sluice_status try_places(struct sl_plan_problem *problem, int places,
                                struct sl_plan_board *board, sluice_diag *why)
{
    const sluice_schedule_config wanted = {
        .name = "varuna",
        .devices = places,
        .microbatches = sl_plan_microbatches(problem),
    };
    struct sl_plan_order order;
    struct sl_plan_candidate cut;
    sluice_status st = sl_plan_order_init(&order, problem, &wanted, why);
    if (st)
        return st == SLUICE_NOT_FOUND ? SLUICE_OK : st;
    sl_plan_equal_cut(problem, &order, &cut);
    st = sl_plan_price(problem, &order, &cut, why);
    if (!st)
        st = sl_plan_board_offer(board, problem, &order, &cut, why);
    sl_plan_order_fini(&order);
    return st;
}

/* With so many micro-batches and devices alone, not as teams. */
static sluice_status try_number(struct sl_plan_problem *problem,
                                int microbatches, struct sl_plan_board *board,
                                sluice_diag *why)
{
    struct sl_plan_division division;
    int least = problem->config->least_devices;
    sluice_status st = SLUICE_OK;
    for (int i = 0; sl_plan_next_division(problem, &i, &division);) {
        sl_plan_divide(problem, &division);
        if (problem->config->microbatches[division.m] != microbatches ||
            sl_plan_team(problem) > 1 || division.zero || division.gather ||
            division.grouping != SL_PLAN_BY_SPEED)
            continue;
        for (int k = least > division.replicas
                         ? (least - 1) / division.replicas + 1
                         : 1;
             k <= problem->n_devices && k <= problem->n_layers && !st; k++)
            st = try_places(problem, k, board, why);
    }
    return st;
}

sluice_status sl_plan_varuna_rule(struct sl_plan_problem *problem,
                                  struct sl_plan_board *board, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    int at = choose(problem);
    while (at && !board->n && !st) {
        int next = 0;
        st = try_number(problem, at, board, why);
        for (int m = 0; m < problem->config->n_microbatches; m++) {
            int n = problem->config->microbatches[m];
            if (n > at && (!next || n < next))
                next = n;
        }
        at = next;
    }
    sl_plan_board_sort(board);
    return st;
}
