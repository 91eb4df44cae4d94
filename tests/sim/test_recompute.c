/* What recomputing costs: naively, as part of the backward, and early, while
 * the device would wait. */
#include "sim/priced.h"

#include <string.h>

#include <sluice/schedule_passes.h>

#include "support/grid.h"
#include "support/runner.h"

static const char *const names[] = {"gpipe", "1f1b", "eager-1f1b"};

static sluice_schedule *recompute(sluice_schedule *schedule, bool early,
                                  const int64_t *costs)
{
    const sluice_recompute_config config = {
        .remat = SLUICE_REMAT_ALWAYS, .early = early, .costs_ns = costs};
    sluice_schedule *out = NULL;
    ck_assert_int_eq(sluice_schedule_recompute(schedule, &config, &out, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
    return out;
}

static sluice_time_share priced(sluice_schedule *schedule, struct price costs,
                                bool naive)
{
    sluice_time_share all;
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){
                               .costs_ns = costs.ns,
                               .queue_capacity = 64,
                               .naive_recompute = naive,
                           });
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    return all;
}

/* 4 (M + K - 1) tF naively, 4 M tF + 3 (K - 1) tF early. */
START_TEST(waiting_for_the_gradient_is_what_naive_recomputing_costs)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    for (int i = 0; i < 3; i++)
        for (int k = 2; k <= 8; k++)
            for (int m = 1; m <= 64; m++) {
                sluice_time_share naive =
                    priced(recompute(generate(names[i], k, m), false, NULL),
                           unit, true);
                ck_assert_int_eq(naive.makespan_ns, UNIT * 4 * (m + k - 1));
                ck_assert_double_eq_tol(naive.bubble,
                                        sluice_bubble_formula(k, m), 1e-12);
            }
}
END_TEST

static double early_bubble(const char *name, int k, int m)
{
    sluice_time_share early =
        priced(recompute(generate(name, k, m), true, NULL),
               price_of(UNIT, UNIT, UNIT), false);
    ck_assert_msg(early.makespan_ns <= UNIT * (4 * m + 3 * (k - 1)),
                  "%s, K %d, M %d: %d", name, k, m, (int)early.makespan_ns);
    return 100 * early.bubble;
}

START_TEST(early_recomputing_reaches_the_published_bubbles)
{
    for (int i = 0; i < 3; i++) {
        for (int k = 2; k <= 8; k++)
            for (int m = 1; m <= 64; m++)
                ck_assert_double_eq_tol(early_bubble(names[i], k, m),
                                        300.0 * (k - 1) / (4 * m + 3 * (k - 1)),
                                        1e-9);
        ck_assert_double_eq_tol(early_bubble(names[i], 8, 8), 39.62, 0.00501);
        ck_assert_double_eq_tol(early_bubble(names[i], 8, 16), 24.71, 0.00501);
        ck_assert_double_eq_tol(early_bubble(names[i], 8, 32), 14.09, 0.00501);
        ck_assert_double_eq_tol(early_bubble(names[i], 8, 64), 7.58, 0.00501);
        ck_assert_double_eq_tol(early_bubble(names[i], 4, 16), 12.33, 0.00501);
    }
}
END_TEST

/* Naive, at once and early, each no slower than the one before.  Returns by how
 * much early gains on at once. */
static int64_t compare(const char *name, int k, int m, struct price costs)
{
    if (sl_test_skips())
        return 0;
    sluice_time_share naive =
        priced(recompute(generate(name, k, m), false, NULL), costs, true);
    sluice_time_share at_once =
        priced(recompute(generate(name, k, m), false, NULL), costs, false);
    sluice_time_share early =
        priced(recompute(generate(name, k, m), true, costs.ns), costs, false);
    ck_assert_int_le(at_once.makespan_ns, naive.makespan_ns);
    ck_assert_int_le(early.makespan_ns, at_once.makespan_ns);
    ck_assert_int_eq(early.busy_ns, at_once.busy_ns);
    return at_once.makespan_ns - early.makespan_ns;
}

START_TEST(no_schedule_gets_slower_by_moving_recomputes)
{
    int64_t gain = 0;
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 2; k <= 8; k++)
            for (int m = 1; m <= 20; m++) {
                sluice_schedule *schedule;
                const sluice_schedule_config config = {
                    .name = sluice_schedule_generator(i),
                    .devices = k,
                    .microbatches = m};
                if (!strcmp(config.name, "forward") ||
                    !strcmp(config.name, "varuna") ||
                    sluice_schedule_generate(&config, &schedule, NULL))
                    continue;
                sluice_schedule_destroy(schedule);
                gain += compare(config.name, k, m, price_of(UNIT, UNIT, UNIT));
                gain += compare(config.name, k, m,
                                price_of(UNIT, 5 * UNIT / 4, 3 * UNIT / 4));
                gain += compare(config.name, k, m,
                                price_of(UNIT, UNIT / 2, 2 * UNIT));
                struct price dear = price_of(UNIT, 2 * UNIT, UNIT);
                dear.ns[SLUICE_R] = 5 * UNIT / 2;
                gain += compare(config.name, k, m, dear);
            }
    ck_assert_int_gt(gain, 0);
}
END_TEST

/* 1 to 9, from a sequence of Lehmer's. */
static int64_t next_cost(uint32_t *state)
{
    *state = (uint32_t)((uint64_t)*state * 48271 % 2147483647);
    return 1 + *state % 9;
}

static int64_t stage_makespan(const sluice_schedule *schedule, bool early,
                              const int64_t *costs)
{
    const sluice_recompute_config config = {
        .remat = SLUICE_REMAT_ALWAYS, .early = early, .stage_costs_ns = costs};
    sluice_schedule *passed;
    sluice_time_share all;
    ck_assert(!sluice_schedule_recompute(schedule, &config, &passed, NULL));
    sluice_simulation *simulation =
        simulate(passed, (sluice_simulate_config){.stage_costs_ns = costs,
                                                  .queue_capacity = 64});
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(passed);
    return all.makespan_ns;
}

/* Where stages differ, devices wait for forwards.  To do an R whenever one
 * waits would make some slower; never to do one that does not fit into the wait
 * would gain less.  The sum is what trying both comes to. */
START_TEST(uneven_stages_gain_most_and_none_gets_slower)
{
    enum {
        STAGES = 10,
        PART = SL_TEST_STRIDE > 1 ? 5 : 1,
        ROUNDS = 2000 / PART
    };
    static const char *const some[] = {"gpipe", "1f1b", "interleaved-1f1b",
                                       "zb-h2", "zb-v"};
    uint32_t state = 1;
    int64_t gain = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int64_t costs[STAGES][SLUICE_N_ACTION_KINDS];
        for (int s = 0; s < STAGES; s++)
            for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++) {
                bool absent = kind == SLUICE_S || kind == SLUICE_T;
                costs[s][kind] = absent ? 0 : next_cost(&state);
            }
        for (int s = 0; s < STAGES; s++)
            costs[s][SLUICE_B] = costs[s][SLUICE_I] + costs[s][SLUICE_W];
        int k = 3 + i % 3;
        sluice_schedule *schedule = generate(some[i % 5], k, k * (1 + i % 2));
        int64_t at_once = stage_makespan(schedule, false, costs[0]);
        int64_t early = stage_makespan(schedule, true, costs[0]);
        ck_assert_int_le(early, at_once);
        gain += at_once - early;
        sluice_schedule_destroy(schedule);
    }
    ck_assert_int_ge(gain, 912 / PART);
}
END_TEST

/* Between the micro-batches of an asynchronous schedule UPDATEs take their time
 * too. */
START_TEST(updates_between_micro_batches_are_waited_for)
{
    enum { F = SLUICE_F, B = SLUICE_B, R = SLUICE_R, U = SLUICE_UPDATE };
    static const int64_t costs[3][SLUICE_N_ACTION_KINDS] = {
        {[F] = 4, [B] = 3, [R] = 1, [U] = 1},
        {[F] = 3, [B] = 2, [R] = 1, [U] = 2},
        {[F] = 1, [B] = 2, [R] = 3, [U] = 1},
    };
    sluice_schedule *schedule = generate("pipedream", 3, 6);
    ck_assert_int_eq(stage_makespan(schedule, false, costs[0]), 55);
    ck_assert_int_le(stage_makespan(schedule, true, costs[0]), 55);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sim.recompute",
                 waiting_for_the_gradient_is_what_naive_recomputing_costs,
                 early_recomputing_reaches_the_published_bubbles,
                 no_schedule_gets_slower_by_moving_recomputes,
                 uneven_stages_gain_most_and_none_gets_slower,
                 updates_between_micro_batches_are_waited_for)
