/* The simulator against what is known in closed form. */
#include "sim/priced.h"

#include "support/published_bubbles.h"
#include "support/runner.h"

static const char *const names[] = {"gpipe", "1f1b", "eager-1f1b"};

static int64_t backward(struct price costs)
{
    return costs.ns[SLUICE_B];
}

/* Makespan (m + p - 1)(tF + tB), of which each device idles (p - 1)(tF + tB),
 * whatever the capacity. */
static void assert_flush(const char *name, int p, int m, struct price costs,
                         int capacity)
{
    sluice_time_share devices[8];
    int64_t pair = costs.ns[SLUICE_F] + backward(costs);
    sluice_time_share all =
        price(generate(name, p, m), costs, 0, capacity, devices);
    ck_assert_int_eq(all.makespan_ns, (m + p - 1) * pair);
    for (int d = 0; d < p; d++) {
        ck_assert_int_eq(devices[d].busy_ns, m * pair);
        ck_assert_int_eq(devices[d].wait_ns + devices[d].other_ns,
                         (p - 1) * pair);
    }
    ck_assert_double_eq_tol(all.bubble, sluice_bubble_formula(p, m), 1e-12);
}

START_TEST(flushing_schedules_take_m_plus_p_minus_1_pairs)
{
    for (int i = 0; i < 3; i++)
        for (int p = 2; p <= 8; p += 2)
            for (int m = 1; m <= 64; m++)
                for (int capacity = 1; capacity <= 64; capacity *= 4) {
                    assert_flush(names[i], p, m, price_of(UNIT, UNIT, UNIT),
                                 capacity);
                    assert_flush(names[i], p, m,
                                 price_of(UNIT, UNIT * 5 / 4, UNIT * 3 / 4),
                                 capacity);
                }
}
END_TEST

START_TEST(the_bubbles_are_those_of_the_published_table)
{
    for (int i = 0; i < 3; i++)
        for (int k = 2; k <= SL_TEST_BUBBLES_MOST_K; k++)
            for (int c = 0; c < SL_TEST_BUBBLES_N_M; c++) {
                sluice_time_share all =
                    price(generate(names[i], k, 1 << c),
                          price_of(UNIT, UNIT, UNIT), 0, 0, NULL);
                ck_assert_double_eq_tol(100 * all.bubble, sl_test_bubbles[k][c],
                                        0.00501);
            }
}
END_TEST

/* p = 4, F = I = W = 1: makespans for m = 8 and 16, in thousandths. */
static void assert_makespans(sluice_schedule *eight, sluice_schedule *sixteen,
                             int64_t latency_ns, int capacity, int64_t want_8,
                             int64_t want_16)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    sluice_time_share all = price(eight, unit, latency_ns, capacity, NULL);
    ck_assert_int_eq(all.makespan_ns, want_8);
    all = price(sixteen, unit, latency_ns, capacity, NULL);
    ck_assert_int_eq(all.makespan_ns, want_16);
}

/* Every capacity gives these numbers, 1 included: a hop is shorter than an
 * action, so an item has left its queue before the next one is pushed, or else
 * its consumer is what everybody waits for. */
START_TEST(hops_of_a_fifth_cost_1f1b_more_than_gpipe)
{
    for (int capacity = 1; capacity <= 16; capacity++) {
        assert_makespans(generate("1f1b", 4, 8), generate("1f1b", 4, 16),
                         UNIT / 5, capacity, 36200, 62600);
        assert_makespans(generate("gpipe", 4, 8), generate("gpipe", 4, 16),
                         UNIT / 5, capacity, 34200, 58200);
        assert_makespans(generate("eager-1f1b", 4, 8),
                         generate("eager-1f1b", 4, 16), UNIT / 5, capacity,
                         34200, 58200);
    }
}
END_TEST

/* Hops of 1.5. One item at a time on its way: 15 times half a unit more. */
START_TEST(a_hop_longer_than_an_action_needs_a_second_place)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    for (int capacity = 1; capacity <= 16; capacity++) {
        sluice_time_share all =
            price(generate("gpipe", 4, 16), unit, 3 * UNIT / 2, capacity, NULL);
        ck_assert_int_eq(all.makespan_ns, capacity == 1 ? 73500 : 66000);
    }
}
END_TEST

/* A recompute that is part of the backward: B of 1 + 2. */
START_TEST(a_naive_recompute_leaves_the_bubble_as_it_was)
{
    for (int k = 2; k <= 8; k++)
        for (int m = 1; m <= 64; m *= 2) {
            sluice_time_share all =
                price(generate("gpipe", k, m), price_of(UNIT, UNIT, 2 * UNIT),
                      0, 0, NULL);
            ck_assert_int_eq(all.makespan_ns, 4 * UNIT * (m + k - 1));
            ck_assert_double_eq_tol(all.bubble, sluice_bubble_formula(k, m),
                                    1e-12);
        }
}
END_TEST

/* An R of its own runs while the device would wait for the gradient: makespan
 * 4 M tF + 3 (K - 1) tF. */
static double early_bubble(int k, int m)
{
    sluice_time_share all =
        price(with_remat(generate("gpipe", k, m), SLUICE_REMAT_ALWAYS),
              price_of(UNIT, UNIT, UNIT), 0, 0, NULL);
    ck_assert_int_eq(all.makespan_ns, UNIT * (4 * m + 3 * (k - 1)));
    return 100 * all.bubble;
}

START_TEST(an_early_recompute_fills_a_quarter_of_the_bubble)
{
    for (int k = 2; k <= 8; k++)
        for (int m = 1; m <= 64; m *= 2)
            early_bubble(k, m);
    ck_assert_double_eq_tol(early_bubble(8, 8), 39.62, 0.00501);
    ck_assert_double_eq_tol(early_bubble(8, 16), 24.71, 0.00501);
    ck_assert_double_eq_tol(early_bubble(8, 32), 14.09, 0.00501);
    ck_assert_double_eq_tol(early_bubble(8, 64), 7.58, 0.00501);
    ck_assert_double_eq_tol(early_bubble(4, 16), 12.33, 0.00501);
}
END_TEST

/* The recompute that "except_last" leaves out is on the critical path of the
 * last device only, once. */
START_TEST(one_recompute_less_is_one_forward_less)
{
    for (int k = 2; k <= 8; k++)
        for (int m = 1; m <= 64; m *= 2) {
            sluice_time_share all = price(
                with_remat(generate("gpipe", k, m), SLUICE_REMAT_EXCEPT_LAST),
                price_of(UNIT, UNIT, UNIT), 0, 0, NULL);
            ck_assert_int_eq(all.makespan_ns, UNIT * (4 * m - 1 + 3 * (k - 1)));
        }
}
END_TEST

SLUICE_TEST_MAIN("sim.closed_forms",
                 flushing_schedules_take_m_plus_p_minus_1_pairs,
                 the_bubbles_are_those_of_the_published_table,
                 hops_of_a_fifth_cost_1f1b_more_than_gpipe,
                 a_hop_longer_than_an_action_needs_a_second_place,
                 a_naive_recompute_leaves_the_bubble_as_it_was,
                 an_early_recompute_fills_a_quarter_of_the_bubble,
                 one_recompute_less_is_one_forward_less)
