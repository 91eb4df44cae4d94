/*
 * Plans against exact optima.  optima.txt has 200 random problems with unequal
 * speeds, caps and costs, optima_fresh.txt 200 that the search was never tuned
 * on; see make_optima.py, which was written from the definition alone, for what
 * a line says.
 */
#include <sluice/plan.h>

#include <stdio.h>

#include "plan/layers.h"
#include "support/runner.h"

enum { N_PROBLEMS = 200, MOST_DEVICES = 4, CAPACITY = 8, N_TRAITS = 6 };

struct problem {
    struct layered l;
    long long optimum;
    long long rules;
};

static bool read_problem(FILE *in, struct problem *p)
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
    for (int i = 0; i < n; i++) {
        long long t[N_TRAITS];
        for (int k = 0; k < N_TRAITS; k++)
            ck_assert_int_eq(fscanf(in, "%lld", &t[k]), 1);
        int64_t *costs = p->l.costs_ns[i];
        costs[SLUICE_F] = costs[SLUICE_R] = t[0];
        costs[SLUICE_B] = t[1];
        costs[SLUICE_I] = costs[SLUICE_W] = -1;
        costs[SLUICE_UPDATE] = t[2];
        p->l.layers[i] = (sluice_plan_layer){t[3], t[4], t[5], 0};
    }
    ck_assert_int_eq(fscanf(in, "%lld %lld", &p->optimum, &p->rules), 2);
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

/* Within two percent, and no rule does better. */
static void compare_all(const char *path)
{
    FILE *in = fopen(path, "r");
    struct problem p;
    int n = 0, n_exact = 0;
    ck_assert_ptr_nonnull(in);
    for (; read_problem(in, &p); n++) {
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
    ck_assert_int_ge(n_exact, N_PROBLEMS * 95 / 100);
}

START_TEST(every_plan_is_within_two_percent_of_the_optimum_and_beats_the_rules)
{
    compare_all(OPTIMA);
}
END_TEST

START_TEST(so_is_every_plan_of_problems_it_was_never_tuned_on)
{
    compare_all(OPTIMA_FRESH);
}
END_TEST

START_TEST(recomputing_earlier_is_never_slower_and_sometimes_faster)
{
    FILE *in = fopen(OPTIMA, "r");
    struct problem p;
    int n = 0, n_faster = 0;
    ck_assert_ptr_nonnull(in);
    while (read_problem(in, &p)) {
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

SLUICE_TEST_MAIN(
    "plan.optimum",
    every_plan_is_within_two_percent_of_the_optimum_and_beats_the_rules,
    so_is_every_plan_of_problems_it_was_never_tuned_on,
    recomputing_earlier_is_never_slower_and_sometimes_faster)
