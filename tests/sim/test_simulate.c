/* What a simulation tells, and what it refuses. */
#include <sluice/simulate.h>

#include <string.h>

#include "sim/priced.h"
#include "support/grid.h"
#include "support/runner.h"

static const struct price odd = {{[SLUICE_F] = 7,
                                  [SLUICE_B] = 13,
                                  [SLUICE_I] = 6,
                                  [SLUICE_W] = 5,
                                  [SLUICE_R] = 3,
                                  [SLUICE_UPDATE] = 11}};

enum { MAX_DEVICES = 8 };

/* Later stages are slower, so that queues fill up. */
static int64_t slower(int stage, int kind)
{
    return odd.ns[kind] * (stage + 1);
}

/* An event for each action, in the order of the list, none overlapping. */
static void assert_events(const sluice_trace *trace,
                          const sluice_schedule *schedule)
{
    for (int d = 0; d < trace->n_devices; d++) {
        int n;
        const sluice_action *actions = sluice_schedule_actions(schedule, d, &n);
        int64_t free_ns = trace->start_ns;
        ck_assert_int_eq(trace->n_events[d], n);
        for (int i = 0; i < n; i++) {
            const sluice_trace_event *e = &trace->events[d][i];
            ck_assert_mem_eq(&e->action, &actions[i], sizeof *actions);
            ck_assert_int_ge(e->input_wait_ns, 0);
            ck_assert_int_ge(e->output_wait_ns, 0);
            ck_assert_int_eq(e->start_ns - e->input_wait_ns, free_ns);
            ck_assert_int_eq(e->end_ns - e->start_ns,
                             slower(e->action.stage, e->action.kind));
            free_ns = e->end_ns + e->output_wait_ns;
        }
        ck_assert_int_le(free_ns, trace->end_ns);
    }
}

static void assert_same_share(const sluice_time_share *have,
                              const sluice_time_share *want)
{
    ck_assert_int_eq(have->makespan_ns, want->makespan_ns);
    ck_assert_int_eq(have->span_ns, want->span_ns);
    ck_assert_int_eq(have->busy_ns, want->busy_ns);
    ck_assert_int_eq(have->wait_ns, want->wait_ns);
    ck_assert_int_eq(have->other_ns, want->other_ns);
    ck_assert_double_eq(have->busy, want->busy);
    ck_assert_double_eq(have->wait, want->wait);
    ck_assert_double_eq(have->bubble, want->bubble);
}

/* The account of the trace, that of the simulation, and that without a trace
 * are one; busy, waiting and the rest are all there is. */
static void assert_shares(const sluice_simulation *simulation,
                          const sluice_simulation *bare)
{
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    const sluice_trace *empty = sluice_simulation_trace(bare);
    sluice_time_share of_trace[MAX_DEVICES], own[MAX_DEVICES],
        of_bare[MAX_DEVICES], all[3];
    sluice_trace_account(trace, of_trace, &all[0]);
    sluice_simulation_account(simulation, own, &all[1]);
    sluice_simulation_account(bare, of_bare, &all[2]);
    ck_assert_int_eq(empty->end_ns, trace->end_ns);
    assert_same_share(&all[1], &all[0]);
    assert_same_share(&all[2], &all[0]);
    for (int d = 0; d < trace->n_devices; d++) {
        ck_assert_int_eq(empty->n_events[d], 0);
        assert_same_share(&own[d], &of_trace[d]);
        assert_same_share(&of_bare[d], &of_trace[d]);
        ck_assert_int_ge(own[d].other_ns, 0);
        ck_assert_int_eq(own[d].busy_ns + own[d].wait_ns + own[d].other_ns,
                         all[0].makespan_ns);
    }
    ck_assert_int_eq(all[0].busy_ns + all[0].wait_ns + all[0].other_ns,
                     trace->n_devices * all[0].makespan_ns);
}

static void assert_whole(sluice_schedule *schedule, int capacity)
{
    int64_t costs[2 * MAX_DEVICES][SLUICE_N_ACTION_KINDS];
    for (int s = 0; s < 2 * MAX_DEVICES; s++)
        for (int kind = 0; kind < SLUICE_N_ACTION_KINDS; kind++)
            costs[s][kind] = slower(s, kind);
    sluice_simulate_config config = {.stage_costs_ns = costs[0],
                                     .latency_ns = 2,
                                     .queue_capacity = capacity};
    sluice_simulation *simulation = simulate(schedule, config);
    config.no_events = true;
    sluice_simulation *bare = simulate(schedule, config);
    assert_events(sluice_simulation_trace(simulation), schedule);
    assert_shares(simulation, bare);
    sluice_simulation_destroy(bare);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
}

/* Some of those with several stages per device need more places or whole groups
 * of micro-batches. */
static bool can_run(const char *name, int k, int m, int capacity)
{
    sluice_schedule *schedule;
    sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    sluice_verify_config verify = {.queue_capacity = capacity,
                                   .forward_only = !strcmp(name, "forward")};
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return false;
    sluice_status st = sluice_schedule_verify(schedule, &verify, NULL, NULL);
    sluice_schedule_destroy(schedule);
    return st == SLUICE_OK;
}

START_TEST(traces_are_whole_and_account_for_every_nanosecond)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= MAX_DEVICES; k++)
            for (int m = 1; m <= 9; m += 4)
                for (int capacity = 0; capacity <= 3; capacity++) {
                    const char *name = sluice_schedule_generator(i);
                    if (sl_test_skips() || !can_run(name, k, m, capacity))
                        continue;
                    assert_whole(generate(name, k, m), capacity);
                    if (strcmp(name, "varuna") != 0) /* recomputes already */
                        assert_whole(with_remat(generate(name, k, m),
                                                SLUICE_REMAT_EXCEPT_LAST),
                                     capacity);
                }
}
END_TEST

START_TEST(a_device_without_stages_idles_all_the_time)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(3, 1, 1, (const int[]){1}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    static const int kinds[] = {SLUICE_F, SLUICE_I, SLUICE_W, SLUICE_UPDATE};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            sluice_schedule_append(schedule, 1,
                                   (sluice_action){kinds[i], 0, i < 3 ? 0 : -1},
                                   NULL),
            SLUICE_OK);
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){.costs_ns = odd.ns});
    sluice_time_share devices[3], all;
    sluice_simulation_account(simulation, devices, &all);
    ck_assert_int_eq(all.makespan_ns, 18);
    ck_assert_double_eq(devices[0].bubble, 1);
    ck_assert_double_eq(devices[1].bubble, 0);
    ck_assert_int_eq(devices[2].other_ns, 18);
    ck_assert_int_eq(sluice_simulation_trace(simulation)->end_ns, 29);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_schedule_that_costs_nothing_has_no_shares)
{
    struct price nothing = {{0}};
    sluice_time_share all = price(generate("1f1b", 4, 4), nothing, 0, 0, NULL);
    ck_assert_int_eq(all.makespan_ns, 0);
    ck_assert_double_eq(all.bubble, 0);
}
END_TEST

static void assert_refused(sluice_schedule *schedule,
                           sluice_simulate_config config, sluice_status status,
                           const char *says)
{
    sluice_diag why;
    sluice_simulation *simulation = NULL;
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, &why),
                     status);
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, NULL),
                     status);
    ck_assert_ptr_null(simulation);
    ck_assert_int_eq(why.status, status);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sluice_schedule_destroy(schedule);
}

START_TEST(numbers_out_of_range_are_refused)
{
    struct price huge = {{[SLUICE_F] = INT64_MAX / 8, [SLUICE_B] = 1}};
    struct price large = {{[SLUICE_F] = INT64_MAX / 16, [SLUICE_B] = 1}};
    assert_refused(generate("gpipe", 2, 2), (sluice_simulate_config){0},
                   SLUICE_INVALID, "a simulation with no costs: set one of");
    assert_refused(
        generate("gpipe", 2, 2),
        (sluice_simulate_config){.costs_ns = odd.ns, .stage_costs_ns = odd.ns},
        SLUICE_INVALID, "with costs of several kinds: set one of");
    assert_refused(
        generate("gpipe", 2, 2),
        (sluice_simulate_config){.costs_ns = odd.ns, .latency_ns = -1},
        SLUICE_INVALID, "latency of -1 ns: give at least 0");
    assert_refused(
        generate("gpipe", 2, 2),
        (sluice_simulate_config){.costs_ns = odd.ns, .queue_capacity = -3},
        SLUICE_INVALID, "queue capacity of -3");
    assert_refused(generate("gpipe", 2, 5),
                   (sluice_simulate_config){.costs_ns = huge.ns},
                   SLUICE_INVALID, "exceed 4611686018427387903 ns in all");
    assert_refused(generate("gpipe", 2, 4),
                   (sluice_simulate_config){.costs_ns = large.ns},
                   SLUICE_INVALID, "exceed 4611686018427387903 ns in all");
    assert_refused(generate("gpipe", 2, 2),
                   (sluice_simulate_config){.costs_ns = odd.ns,
                                            .latency_ns = INT64_MAX / 4},
                   SLUICE_INVALID, "exceed 4611686018427387903 ns in all");
}
END_TEST

/* Shares of all devices' time still fit. */
START_TEST(the_largest_costs_are_simulated)
{
    struct price large = {{[SLUICE_F] = INT64_MAX / 16}};
    sluice_time_share all = price(generate("gpipe", 2, 4), large, 0, 0, NULL);
    ck_assert_int_eq(all.makespan_ns, INT64_MAX / 16 * 5);
    ck_assert_int_eq(all.busy_ns, INT64_MAX / 16 * 8);
    ck_assert_int_eq(all.wait_ns + all.other_ns, INT64_MAX / 16 * 2);
}
END_TEST

START_TEST(a_missing_cost_is_refused_with_the_action_that_needs_it)
{
    int64_t costs[2][SLUICE_N_ACTION_KINDS] = {
        {[SLUICE_I] = -1}, {[SLUICE_B] = -1, [SLUICE_W] = -1}};
    sluice_schedule *schedule = generate("gpipe", 2, 2);
    sluice_simulate_config config = {.stage_costs_ns = costs[0]};
    sluice_simulation *simulation;
    sluice_diag why;
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(
        why.text, "1B1 at position 2 of device 1 costs -1 ns: give it a cost "
                  "of at least 0");
    ck_assert_int_eq(why.device, 1);
    ck_assert_int_eq(why.stage, 1);
    ck_assert_int_eq(why.microbatch, 1);
    ck_assert_str_eq(why.action, "1B1");
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, NULL),
                     SLUICE_INVALID);
    costs[1][SLUICE_B] = 0; /* I and W are not in the schedule */
    sluice_simulation_destroy(simulate(schedule, config));
    sluice_schedule_destroy(schedule);
}
END_TEST

/* Device 0 wants the gradient before it has handed over the forward. */
START_TEST(a_schedule_that_would_hang_is_refused_with_the_rule)
{
    static const sluice_action lists[2][5] = {
        {{SLUICE_F, 0, 0},
         {SLUICE_B, 0, 0},
         {SLUICE_F, 0, 1},
         {SLUICE_B, 0, 1},
         {SLUICE_UPDATE, 0, -1}},
        {{SLUICE_F, 1, 0},
         {SLUICE_F, 1, 1},
         {SLUICE_B, 1, 0},
         {SLUICE_B, 1, 1},
         {SLUICE_UPDATE, 1, -1}},
    };
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(2, 2, 2, (const int[]){0, 1}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    for (int d = 0; d < 2; d++)
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(
                sluice_schedule_append(schedule, d, lists[d][i], NULL),
                SLUICE_OK);
    assert_refused(schedule, (sluice_simulate_config){.costs_ns = odd.ns},
                   SLUICE_SCHEDULE, "deadlock: 0B0 at position 1 of device 0");
}
END_TEST

START_TEST(an_empty_schedule_is_refused)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(1, 1, 1, (const int[]){0}, NULL,
                                            &schedule, NULL),
                     SLUICE_OK);
    assert_refused(schedule, (sluice_simulate_config){.costs_ns = odd.ns},
                   SLUICE_SCHEDULE, "complete: 0F0 is missing");
}
END_TEST

/* As large as the memory of a test allows; no events are kept. */
START_TEST(a_thousand_devices_are_simulated)
{
    sluice_schedule *schedule = generate("1f1b", 1024, 256);
    struct price unit = price_of(1, 1, 1);
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){.costs_ns = unit.ns,
                                                    .no_events = true});
    sluice_time_share all;
    sluice_simulation_account(simulation, NULL, &all);
    ck_assert_int_eq(all.makespan_ns, 3 * (1024 + 256 - 1));
    ck_assert_double_eq_tol(all.bubble, sluice_bubble_formula(1024, 256),
                            1e-12);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(destroying_nothing_is_allowed)
{
    sluice_simulation_destroy(NULL);
}
END_TEST

SLUICE_TEST_MAIN("sim.simulate",
                 traces_are_whole_and_account_for_every_nanosecond,
                 a_device_without_stages_idles_all_the_time,
                 a_schedule_that_costs_nothing_has_no_shares,
                 numbers_out_of_range_are_refused,
                 the_largest_costs_are_simulated,
                 a_missing_cost_is_refused_with_the_action_that_needs_it,
                 a_schedule_that_would_hang_is_refused_with_the_rule,
                 an_empty_schedule_is_refused, a_thousand_devices_are_simulated,
                 destroying_nothing_is_allowed)
