/* Costs drawn from traces. */
#include <sluice/simulate.h>

#include <string.h>

#include "sim/priced.h"
#include "support/runner.h"

enum { KINDS = SLUICE_N_ACTION_KINDS };

static sluice_trace_event event(int kind, int stage, int64_t duration)
{
    return (sluice_trace_event){.action = {kind, stage, 0},
                                .start_ns = 1000,
                                .end_ns = 1000 + duration};
}

static sluice_status measure(const sluice_trace_event *events, int n,
                             int n_stages, sluice_average average,
                             int64_t *costs, sluice_diag *why)
{
    const sluice_trace_event *lists[] = {events};
    sluice_trace trace = {.n_devices = 1, .n_events = &n, .events = lists};
    return sluice_costs_measure(&trace, n_stages, average, NULL, costs, why);
}

START_TEST(costs_are_the_median_or_the_mean_of_each_stage_and_kind)
{
    const sluice_trace_event events[] = {
        event(SLUICE_F, 0, 10),    event(SLUICE_F, 1, 5),
        event(SLUICE_F, 0, 900),   event(SLUICE_B, 0, 40),
        event(SLUICE_F, 0, 12),    event(SLUICE_B, 0, 43),
        event(SLUICE_UPDATE, 1, 8)};
    int64_t costs[2][KINDS];
    ck_assert_int_eq(measure(events, 7, 2, SLUICE_MEDIAN, costs[0], NULL),
                     SLUICE_OK);
    ck_assert_int_eq(costs[0][SLUICE_F], 12);
    ck_assert_int_eq(costs[0][SLUICE_B], 41); /* halfway, whole ns */
    ck_assert_int_eq(costs[1][SLUICE_F], 5);
    ck_assert_int_eq(costs[1][SLUICE_UPDATE], 8);
    ck_assert_int_eq(measure(events, 7, 2, SLUICE_MEAN, costs[0], NULL),
                     SLUICE_OK);
    ck_assert_int_eq(costs[0][SLUICE_F], 307); /* 922 / 3 = 307.3 */
    ck_assert_int_eq(costs[0][SLUICE_B], 42);  /* 41.5, rounded */
}
END_TEST

START_TEST(what_a_trace_does_not_show_has_no_cost)
{
    const sluice_trace_event events[] = {event(SLUICE_F, 1, 10)};
    int64_t costs[2][KINDS];
    ck_assert_int_eq(measure(events, 1, 2, SLUICE_MEDIAN, costs[0], NULL),
                     SLUICE_OK);
    for (int s = 0; s < 2; s++)
        for (int kind = 0; kind <= SLUICE_UPDATE; kind++)
            ck_assert_int_eq(costs[s][kind],
                             s == 1 && kind == SLUICE_F ? 10 : -1);
}
END_TEST

START_TEST(events_that_are_no_actions_of_a_schedule_are_left_out)
{
    const sluice_trace_event events[] = {event(SLUICE_F, 0, 10),
                                         event(KINDS, -1, 77)};
    int64_t costs[KINDS];
    ck_assert_int_eq(measure(events, 2, 1, SLUICE_MEAN, costs, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(costs[SLUICE_F], 10);
    ck_assert_int_eq(costs[SLUICE_UPDATE], -1);
}
END_TEST

/* The median of 1 .. n in an order that is neither sorted nor random. */
START_TEST(the_median_of_any_number_is_the_middle)
{
    enum { MAX = 199 };
    sluice_trace_event events[MAX];
    for (int n = 1; n < MAX; n++) {
        for (int i = 0; i < n; i++) /* 199 is a prime */
            events[i] = event(SLUICE_F, 0, 0);
        int at = 0;
        for (int i = 1; i < MAX; i++)
            if (i * 61 % MAX <= n)
                events[at++] = event(SLUICE_F, 0, 10 * (i * 61 % MAX));
        int64_t costs[KINDS];
        ck_assert_int_eq(at, n);
        ck_assert_int_eq(measure(events, n, 1, SLUICE_MEDIAN, costs, NULL),
                         SLUICE_OK);
        ck_assert_int_eq(costs[SLUICE_F], 5 * (n + 1));
    }
}
END_TEST

/* What a simulation was told is what its trace shows; so its costs make the
 * same run again. */
START_TEST(a_simulated_trace_gives_its_costs_back)
{
    enum { K = 4, M = 6 };
    int64_t told[K][KINDS], shown[K][KINDS];
    for (int s = 0; s < K; s++)
        for (int kind = 0; kind < KINDS; kind++)
            told[s][kind] = 10 + 7 * s * (kind + 1) % 5;
    sluice_schedule *schedule =
        with_remat(generate("1f1b", K, M), SLUICE_REMAT_ALWAYS);
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){.stage_costs_ns = told[0]});
    for (int average = SLUICE_MEDIAN; average <= SLUICE_MEAN; average++) {
        ck_assert_int_eq(
            sluice_costs_measure(sluice_simulation_trace(simulation), K,
                                 (sluice_average)average, NULL, shown[0], NULL),
            SLUICE_OK);
        for (int s = 0; s < K; s++)
            for (int kind = 0; kind < KINDS; kind++) {
                bool is_there = kind != SLUICE_I && kind != SLUICE_W &&
                                kind != SLUICE_S && kind != SLUICE_T &&
                                kind <= SLUICE_UPDATE;
                int64_t not_there = kind > SLUICE_UPDATE ? 0 : -1;
                ck_assert_int_eq(shown[s][kind],
                                 is_there ? told[s][kind] : not_there);
            }
    }
    sluice_simulation *again = simulate(
        schedule, (sluice_simulate_config){.stage_costs_ns = shown[0]});
    ck_assert_int_eq(sluice_simulation_trace(again)->end_ns,
                     sluice_simulation_trace(simulation)->end_ns);
    sluice_simulation_destroy(again);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_refused(sluice_trace_event bad, int n_stages, int average,
                           const char *says)
{
    const sluice_trace_event events[] = {event(SLUICE_F, 0, 10), bad};
    int64_t costs[2 * KINDS] = {42};
    sluice_diag why;
    ck_assert_int_eq(
        measure(events, 2, n_stages, (sluice_average)average, costs, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    ck_assert_int_eq(costs[0], 42);
}

START_TEST(the_longest_durations_have_an_average)
{
    const sluice_trace_event endless = {.action = {SLUICE_F, 0, 0},
                                        .end_ns = INT64_MAX};
    const sluice_trace_event events[] = {endless, endless};
    for (int average = SLUICE_MEDIAN; average <= SLUICE_MEAN; average++) {
        int64_t costs[2 * KINDS];
        ck_assert_int_eq(
            measure(events, 2, 1, (sluice_average)average, costs, NULL),
            SLUICE_OK);
        ck_assert_int_eq(costs[SLUICE_F], INT64_MAX);
    }
}
END_TEST

START_TEST(traces_that_do_not_fit_are_refused)
{
    sluice_trace_event good = event(SLUICE_F, 1, 10);
    assert_refused(good, 1, SLUICE_MEDIAN,
                   "event 1 of device 0 is of stage 1: the cost table has "
                   "stages 0 to 0");
    assert_refused(event(SLUICE_B, -1, 10), 2, SLUICE_MEDIAN,
                   "event 1 of device 0 is of stage -1");
    assert_refused(event(SLUICE_F, 1, -1), 2, SLUICE_MEAN,
                   "event 1 of device 0 ends before it starts");
    sluice_trace_event endless = event(SLUICE_F, 1, 0);
    endless.start_ns = -2;
    endless.end_ns = INT64_MAX - 1;
    assert_refused(endless, 2, SLUICE_MEAN,
                   "event 1 of device 0 takes more than 9223372036854775807");
    assert_refused(good, 2, 2, "average 2: give SLUICE_MEDIAN (0) or");
}
END_TEST

SLUICE_TEST_MAIN("sim.costs",
                 costs_are_the_median_or_the_mean_of_each_stage_and_kind,
                 what_a_trace_does_not_show_has_no_cost,
                 events_that_are_no_actions_of_a_schedule_are_left_out,
                 the_median_of_any_number_is_the_middle,
                 a_simulated_trace_gives_its_costs_back,
                 the_longest_durations_have_an_average,
                 traces_that_do_not_fit_are_refused)
