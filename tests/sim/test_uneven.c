/* Devices and hand-offs of their own speed. */
#include <sluice/simulate.h>

#include <math.h>
#include <string.h>

#include "sim/priced.h"
#include "support/runner.h"

enum { K = 4, M = 6, KINDS = SLUICE_N_ACTION_KINDS };

static int64_t end_of(const sluice_schedule *schedule,
                      sluice_simulate_config config)
{
    sluice_simulation *simulation;
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_simulate(schedule, &config, &simulation, &why), "%s",
                  why.text);
    int64_t ns = sluice_simulation_trace(simulation)->end_ns;
    sluice_simulation_destroy(simulation);
    return ns;
}

static const struct price unit = {{[SLUICE_F] = 3 * UNIT,
                                   [SLUICE_B] = 7 * UNIT,
                                   [SLUICE_I] = 4 * UNIT,
                                   [SLUICE_W] = 3 * UNIT,
                                   [SLUICE_R] = 3 * UNIT,
                                   [SLUICE_UPDATE] = UNIT}};

START_TEST(a_speed_divides_all_costs_of_its_device)
{
    static const double speeds[K] = {1, 0.5, 0.3, 2};
    static const char *const names[] = {"gpipe", "1f1b", "zb-h1", "zb-v",
                                        "interleaved-1f1b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sluice_schedule *schedule = generate(names[i], K, M);
        int n = sluice_schedule_n_stages(schedule);
        int64_t costs[2 * K][KINDS];
        for (int s = 0; s < n; s++)
            for (int kind = 0; kind < KINDS; kind++)
                costs[s][kind] =
                    llround((double)unit.ns[kind] /
                            speeds[sluice_schedule_stage_device(schedule, s)]);
        int64_t by_costs = end_of(
            schedule, (sluice_simulate_config){.stage_costs_ns = costs[0]});
        int64_t by_speeds =
            end_of(schedule, (sluice_simulate_config){.costs_ns = unit.ns,
                                                      .device_speeds = speeds});
        ck_assert_int_eq(by_costs, by_speeds);
        sluice_schedule_destroy(schedule);
    }
}
END_TEST

/* The first micro-batch passes every boundary on its way there, the last one on
 * its way back, while nothing else is left to be done. */
START_TEST(each_boundary_adds_its_own_latency)
{
    static const int64_t latency[K] = {10, 200, 3000, 40000};
    sluice_schedule *schedule = generate("gpipe", K, 1);
    int64_t at_once =
        end_of(schedule, (sluice_simulate_config){.costs_ns = unit.ns});
    int64_t late =
        end_of(schedule, (sluice_simulate_config){.costs_ns = unit.ns,
                                                  .latency_ns = 5,
                                                  .stage_latency_ns = latency});
    ck_assert_int_eq(late - at_once, 2 * (10 + 200 + 3000));
    sluice_schedule_destroy(schedule);
}
END_TEST

/* Device 1 waits 3 for the forward and 7 for the commit, device 0 waits 10 for
 * the gradient. */
START_TEST(a_device_that_waited_longer_than_it_spins_goes_on_later)
{
    static const int64_t spins[] = {2, 3, 8, 10}, n_woken[] = {3, 2, 1, 0};
    sluice_schedule *schedule = generate("1f1b", 2, 1);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            end_of(schedule,
                   (sluice_simulate_config){.costs_ns = unit.ns,
                                            .spin_ns = spins[i] * UNIT,
                                            .wake_ns = 1}),
            21 * UNIT + n_woken[i]);
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_refused(sluice_simulate_config config, const char *says)
{
    sluice_schedule *schedule = generate("gpipe", 2, 2);
    sluice_simulation *simulation;
    sluice_diag why;
    config.costs_ns = unit.ns;
    ck_assert_int_eq(sluice_simulate(schedule, &config, &simulation, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sluice_schedule_destroy(schedule);
}

START_TEST(speeds_and_latencies_out_of_range_are_refused)
{
    static const double still[] = {1, 0}, wild[] = {NAN, 1}, quick[] = {1, 1e4};
    static const int64_t back[] = {0, -7}, most[] = {INT64_MAX / 4, 0};
    assert_refused((sluice_simulate_config){.device_speeds = still},
                   "device 1 has speed 0: give 0.001 to 1000");
    assert_refused((sluice_simulate_config){.device_speeds = wild},
                   "device 0 has speed nan: give 0.001 to 1000");
    assert_refused((sluice_simulate_config){.device_speeds = quick},
                   "device 1 has speed 10000: give 0.001 to 1000");
    assert_refused((sluice_simulate_config){.stage_latency_ns = back},
                   "a hand-off latency of -7 ns: give at least 0");
    assert_refused((sluice_simulate_config){.stage_latency_ns = most},
                   "exceed 4611686018427387903 ns in all");
    assert_refused((sluice_simulate_config){.wake_ns = -1},
                   "0 ns to spin and -1 ns to wake: give at least 0");
    assert_refused((sluice_simulate_config){.spin_ns = -1},
                   "-1 ns to spin and 0 ns to wake: give at least 0");
    assert_refused((sluice_simulate_config){.wake_ns = INT64_MAX / 4},
                   "exceed 4611686018427387903 ns in all");
}
END_TEST

START_TEST(a_cost_that_a_speed_makes_too_long_is_refused)
{
    static const double slow[] = {1e-3};
    const struct price long_ones = {{[SLUICE_F] = INT64_MAX / 10}};
    sluice_schedule *schedule = generate("gpipe", 1, 1);
    sluice_simulation *simulation;
    ck_assert_int_eq(
        sluice_simulate(schedule,
                        &(sluice_simulate_config){.costs_ns = long_ones.ns,
                                                  .latency_ns = 1,
                                                  .device_speeds = slow},
                        &simulation, NULL),
        SLUICE_INVALID);
    sluice_schedule_destroy(schedule);
}
END_TEST

SLUICE_TEST_MAIN("sim.uneven", a_speed_divides_all_costs_of_its_device,
                 each_boundary_adds_its_own_latency,
                 a_device_that_waited_longer_than_it_spins_goes_on_later,
                 speeds_and_latencies_out_of_range_are_refused,
                 a_cost_that_a_speed_makes_too_long_is_refused)
