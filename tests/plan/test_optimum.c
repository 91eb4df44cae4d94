/*
 * Plans against exact optima.  optima.txt has 200 random problems with unequal
 * speeds, caps and costs, optima_fresh.txt 200 that the search was never tuned
 * on; see make_optima.py, which was written from the definition alone, for what
 * a line says.
 */
#include <sluice/plan.h>

#include <stdio.h>
#include <string.h>

#include "plan/layers.h"
#include "support/grid.h"
#include "support/runner.h"

enum {
    N_PROBLEMS = 200,
    N_DIVIDED = 80,
    MOST_DEVICES = 4,
    CAPACITY = 8,
    N_TRAITS = 6,
    N_MORE = 5, /* of layers of divided problems */
    N_VARIED = 60,
};

struct problem {
    struct layered l;
    int64_t team_costs_ns[2 * MOST_LAYERS][KINDS]; /* alone, and as a team */
    long long optimum;
    long long rules;
};

/* The costs of layer `i`, of `n`, with teams of two and with two replicas. */
static void read_divided(FILE *in, struct problem *p, int i, int n)
{
    long long t[N_MORE];
    for (int k = 0; k < N_MORE; k++)
        ck_assert_int_eq(fscanf(in, "%lld", &t[k]), 1);
    int64_t *alone = p->team_costs_ns[i], *team = p->team_costs_ns[n + i];
    memcpy(alone, p->l.costs_ns[i], sizeof p->l.costs_ns[i]);
    memcpy(team, alone, sizeof p->l.costs_ns[i]);
    team[SLUICE_F] = team[SLUICE_R] = t[0];
    team[SLUICE_B] = t[1];
    team[SLUICE_UPDATE] = t[2];
    alone[SLUICE_REDUCE_GRAD] = t[3];
    team[SLUICE_REDUCE_GRAD] = t[4];
}

static bool read_head(FILE *in, struct problem *p)
{
    int n, n_devices, m;
    long long latency;
    if (fscanf(in, "%d %d %d %lld", &n, &n_devices, &m, &latency) != 4)
        return false;
    ck_assert_int_le(n, MOST_LAYERS);
    ck_assert_int_le(n_devices, MOST_DEVICES);
    layered_init(&p->l, n, n_devices, m);
    p->l.config.latency_ns = latency;
    p->l.config.schedules = "gpipe,1f1b";
    p->l.config.queue_capacity = CAPACITY;
    p->l.config.no_early = true; /* the search places an R as it comes */
    for (int d = 0; d < n_devices; d++)
        ck_assert_int_eq(fscanf(in, "%lf %zu", &p->l.devices[d].speed,
                                &p->l.devices[d].cap_bytes),
                         2);
    return true;
}

static bool read_problem(FILE *in, struct problem *p, bool divided)
{
    if (!read_head(in, p))
        return false;
    for (int i = 0; i < p->l.n; i++) {
        long long t[N_TRAITS];
        for (int k = 0; k < N_TRAITS; k++)
            ck_assert_int_eq(fscanf(in, "%lld", &t[k]), 1);
        int64_t *costs = p->l.costs_ns[i];
        costs[SLUICE_F] = costs[SLUICE_R] = t[0];
        costs[SLUICE_B] = t[1];
        costs[SLUICE_I] = costs[SLUICE_W] = -1;
        costs[SLUICE_UPDATE] = t[2];
        p->l.layers[i] = (sluice_plan_layer){t[3], t[4], t[5], 0};
        if (divided)
            read_divided(in, p, i, p->l.n);
    }
    p->rules = -1;
    ck_assert_int_eq(fscanf(in, "%lld", &p->optimum), 1);
    if (!divided)
        ck_assert_int_eq(fscanf(in, "%lld", &p->rules), 1);
    return true;
}

/* A plan's step; -1: nothing fits. */
static long long planned(const struct problem *p)
{
    sluice_plan *plan;
    sluice_diag why = {.text = ""};
    sluice_status st = sluice_plan_find(&p->l.config, &plan, &why);
    if (st == SLUICE_OVER_CAP)
        return -1;
    ck_assert_msg(!st, "%s", why.text);
    long long ns = sluice_plan_row_at(plan, 0)->step_ns;
    ck_assert_int_le(sluice_plan_bound_ns(plan), p->optimum);
    sluice_plan_destroy(plan);
    return ns;
}

/* Within two percent, and no rule does better; of one problem in `stride`. */
static void compare_all(const char *path, int stride)
{
    FILE *in = fopen(path, "r");
    struct problem p;
    int n = 0, n_taken = 0, n_exact = 0;
    ck_assert_ptr_nonnull(in);
    for (; read_problem(in, &p, false); n++) {
        if (n % stride && !sl_test_is_long())
            continue;
        n_taken++;
        long long ns = planned(&p);
        ck_assert_msg(ns >= p.optimum, "problem %d: %lld, less than %lld",
                      n + 1, ns, p.optimum);
        ck_assert_msg(50 * ns <= 51 * p.optimum || p.optimum < 0,
                      "problem %d: %lld, the optimum is %lld", n + 1, ns,
                      p.optimum);
        ck_assert_msg(p.optimum >= 0 || ns < 0, "problem %d fits nowhere",
                      n + 1);
        ck_assert_msg(p.rules < 0 || ns <= p.rules,
                      "problem %d: %lld, a rule takes %lld", n + 1, ns,
                      p.rules);
        n_exact += ns == p.optimum;
    }
    fclose(in);
    ck_assert_int_eq(n, N_PROBLEMS);
    ck_assert_int_ge(n_exact, n_taken * 95 / 100);
}

START_TEST(every_plan_is_within_two_percent_of_the_optimum_and_beats_the_rules)
{
    compare_all(OPTIMA, 1);
}
END_TEST

START_TEST(so_is_every_plan_of_problems_it_was_never_tuned_on)
{
    compare_all(OPTIMA_FRESH, 2);
}
END_TEST

START_TEST(recomputing_earlier_is_never_slower_and_sometimes_faster)
{
    FILE *in = fopen(OPTIMA, "r");
    struct problem p;
    int n = 0, n_faster = 0;
    ck_assert_ptr_nonnull(in);
    while (read_problem(in, &p, false)) {
        if (p.optimum < 0 || p.l.devices[0].cap_bytes == 0 || n++ % 4)
            continue;
        long long plain = planned(&p);
        p.l.config.no_early = false;
        sluice_plan *plan;
        ck_assert_int_eq(sluice_plan_find(&p.l.config, &plan, NULL), SLUICE_OK);
        const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
        ck_assert_int_le(row->step_ns, plain);
        if (row->step_ns < plain) {
            ck_assert(row->early);
            n_faster++;
        }
        sluice_plan_destroy(plan);
    }
    fclose(in);
    ck_assert_int_ge(n_faster, 1);
}
END_TEST

/* The plan of problem number `number`, within two percent of the optimum; NULL
 * if nothing fits, as it should be.  Counts those that are exact. */
static sluice_plan *near_optimum(const struct problem *p, int number,
                                 int *n_exact)
{
    sluice_plan *plan;
    sluice_status st = sluice_plan_find(&p->l.config, &plan, NULL);
    ck_assert_int_eq(st, p->optimum < 0 ? SLUICE_OVER_CAP : SLUICE_OK);
    if (st) {
        ++*n_exact;
        return NULL;
    }
    long long ns = sluice_plan_row_at(plan, 0)->step_ns;
    ck_assert_msg(ns >= p->optimum && 50 * ns <= 51 * p->optimum,
                  "problem %d: %lld, the optimum is %lld", number, ns,
                  p->optimum);
    ck_assert_int_le(sluice_plan_bound_ns(plan), p->optimum);
    *n_exact += ns == p->optimum;
    return plan;
}

/* Two replicas, teams of two, or neither. */
START_TEST(so_is_every_plan_with_replicas_and_teams)
{
    static const int numbers[] = {1, 2};
    FILE *in = fopen(OPTIMA_DIVIDED, "r");
    struct problem p;
    int n = 0, n_exact = 0, n_divided[2] = {0};
    ck_assert_ptr_nonnull(in);
    for (; read_problem(in, &p, true); n++) {
        p.l.config.replicas = p.l.config.teams = numbers;
        p.l.config.n_replicas = p.l.config.n_teams = 2;
        p.l.config.costs_ns = p.team_costs_ns[0];
        sluice_plan *plan = near_optimum(&p, n + 1, &n_exact);
        if (!plan)
            continue;
        const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
        n_divided[0] += row->replicas == 2;
        n_divided[1] += row->team == 2;
        sluice_plan_destroy(plan);
    }
    fclose(in);
    ck_assert_int_eq(n, N_DIVIDED);
    ck_assert_int_ge(n_exact, N_DIVIDED * 95 / 100);
    ck_assert_int_ge(n_divided[0], 5);
    ck_assert_int_ge(n_divided[1], 5);
}
END_TEST

/* Costs of a layer for M and M / 2 micro-batches, and its bytes. */
static void read_varied(FILE *in, struct problem *p, int i)
{
    static const int kinds[] = {SLUICE_F, SLUICE_B, SLUICE_I, SLUICE_W};
    long long t[14];
    for (int k = 0; k < 14; k++)
        ck_assert_int_eq(fscanf(in, "%lld", &t[k]), 1);
    for (int half = 0; half < 2; half++) {
        int64_t *costs = p->team_costs_ns[half * p->l.n + i];
        for (int k = 0; k < 4; k++)
            costs[kinds[k]] = t[4 * half + k];
        costs[SLUICE_R] = costs[SLUICE_F];
        costs[SLUICE_UPDATE] = t[8];
        costs[SLUICE_REDUCE_GRAD] = t[13];
    }
    p->l.layers[i] = (sluice_plan_layer){t[9], t[10], t[11], 0, t[12]};
}

static bool read_varied_problem(FILE *in, struct problem *p, int *microbatches)
{
    if (!read_head(in, p))
        return false;
    for (int i = 0; i < p->l.n; i++)
        read_varied(in, p, i);
    ck_assert_int_eq(fscanf(in, "%lld", &p->optimum), 1);
    microbatches[0] = p->l.microbatches;
    microbatches[1] = p->l.microbatches / 2;
    p->l.config.costs_ns = p->team_costs_ns[0];
    p->l.config.microbatches = microbatches;
    p->l.config.n_microbatches = 2;
    return true;
}

/* Two replicas, W's of two micro-batches as one product, each ZeRO stage. */
START_TEST(so_is_every_plan_that_gathers_weight_gradients_and_shares_states)
{
    static const int replicas[] = {1, 2}, gathers[] = {0, 2};
    static const int zeros[] = {0, 1, 2, 3};
    FILE *in = fopen(OPTIMA_VARIED, "r");
    struct problem p;
    int microbatches[2];
    int n = 0, n_taken = 0, n_exact = 0, n_gathered = 0, n_of_zero[4] = {0};
    ck_assert_ptr_nonnull(in);
    for (; read_varied_problem(in, &p, microbatches); n++) {
        if (n % 2 && !sl_test_is_long())
            continue;
        n_taken++;
        p.l.config.replicas = replicas;
        p.l.config.gathers = gathers;
        p.l.config.n_replicas = p.l.config.n_gathers = 2;
        p.l.config.zeros = zeros;
        p.l.config.n_zeros = 4;
        sluice_plan *plan = near_optimum(&p, n + 1, &n_exact);
        if (!plan)
            continue;
        const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
        n_gathered += row->gather == 2;
        n_of_zero[row->zero]++;
        sluice_plan_destroy(plan);
    }
    fclose(in);
    ck_assert_int_eq(n, N_VARIED);
    ck_assert_int_ge(n_exact, n_taken * 95 / 100);
    ck_assert_int_ge(n_gathered, 5);
    ck_assert_int_ge(n_of_zero[0], 5);
    ck_assert_int_ge(n_of_zero[1] + n_of_zero[2] + n_of_zero[3], 2);
}
END_TEST

SLUICE_TEST_MAIN(
    "plan.optimum",
    every_plan_is_within_two_percent_of_the_optimum_and_beats_the_rules,
    so_is_every_plan_of_problems_it_was_never_tuned_on,
    so_is_every_plan_with_replicas_and_teams,
    so_is_every_plan_that_gathers_weight_gradients_and_shares_states,
    recomputing_earlier_is_never_slower_and_sometimes_faster)
