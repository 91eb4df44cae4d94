/* The closed form of each generator against the simulator. */
#include "sim/priced.h"

#include <math.h>
#include <string.h>

#include <sluice/schedule_formula.h>

#include "support/grid.h"
#include "support/runner.h"

/* Divisible by 1 to 4 chunks. */
enum { SHARE = 12 * UNIT };

static const sluice_device_costs costs[] = {
    {SHARE, SHARE, SHARE},         {SHARE, SHARE * 5 / 4, SHARE * 3 / 4},
    {SHARE, SHARE / 2, SHARE * 2}, {SHARE / 2, SHARE, SHARE * 2},
    {SHARE * 2, SHARE, SHARE / 2}, {SHARE, SHARE * 2, SHARE / 4},
};

enum { N_COSTS = (int)(sizeof costs / sizeof *costs) };

static int64_t simulated_idle(const sluice_schedule_config *config,
                              const sluice_schedule *schedule,
                              const sluice_device_costs *share)
{
    int stages = sluice_schedule_n_stages(schedule) / config->devices;
    struct price chunk = price_of((int64_t)share->forward / stages,
                                  (int64_t)share->input / stages,
                                  (int64_t)share->weight / stages);
    sluice_time_share all;
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){
                               .costs_ns = chunk.ns,
                               .queue_capacity = config->microbatches,
                               .no_events = true,
                           });
    sluice_simulation_account(simulation, NULL, &all);
    int64_t idle = all.makespan_ns - all.busy_ns / (int64_t)config->devices;
    sluice_simulation_destroy(simulation);
    return idle;
}

/* Whether there was a closed form to be compared. */
static bool compare(const sluice_schedule_config *config,
                    const sluice_device_costs *share)
{
    double want = sluice_schedule_idle(config, share);
    if (isnan(want) || sl_test_skips_of(2))
        return !isnan(want);
    sluice_schedule *schedule;
    if (sluice_schedule_generate(config, &schedule, NULL))
        return false;
    int64_t have = simulated_idle(config, schedule, share);
    ck_assert_msg(fabs((double)have - want) < 1e-6,
                  "%s, K %d, M %d, v %d, warm-up %d: %lld, not %g",
                  config->name, config->devices, config->microbatches,
                  config->chunks, config->warm_up, (long long)have, want);
    sluice_schedule_destroy(schedule);
    return true;
}

static int compare_all(sluice_schedule_config config)
{
    int n = 0;
    for (int p = 2; p <= 8; p += 2)
        for (int m = 1; m <= 64; m++)
            for (int c = 0; c < N_COSTS; c++) {
                config.devices = p;
                config.microbatches = m;
                n += compare(&config, &costs[c]);
            }
    return n;
}

START_TEST(every_formula_is_what_the_simulator_finds)
{
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        int n = compare_all((sluice_schedule_config){.name = name});
        if (!strcmp(name, "zb-v"))
            ck_assert_int_ge(n, 4 * (64 - 15));
        else if (!isnan(sluice_schedule_idle(
                     &(sluice_schedule_config){
                         .name = name, .devices = 4, .microbatches = 8},
                     &costs[0])))
            ck_assert_msg(n >= N_COSTS * 60, "%s: %d", name, n);
    }
}
END_TEST

START_TEST(chunks_groups_and_warm_ups_are_part_of_the_formula)
{
    int n = 0;
    for (int chunks = 1; chunks <= 4; chunks++) {
        n += compare_all(
            (sluice_schedule_config){.name = "looped-bfs", .chunks = chunks});
        for (int warm_up = 1; warm_up <= 3; warm_up++)
            for (int group = 0; group <= 10; group += 5)
                n += compare_all((sluice_schedule_config){
                    .name = "interleaved-1f1b",
                    .chunks = chunks,
                    .warm_up = warm_up,
                    .group = group,
                });
    }
    ck_assert_int_ge(n, N_COSTS * 1000);
    n = 0;
    for (int chunks = 1; chunks <= 4; chunks++)
        for (int group = 2; group <= 6; group++)
            n += compare_all((sluice_schedule_config){
                .name = "gis", .chunks = chunks, .group = group});
    ck_assert_int_ge(n, 500);
    ck_assert_int_ge(compare_all((sluice_schedule_config){.name = "eager-1f1b",
                                                          .warm_up = 3}),
                     N_COSTS * 256);
}
END_TEST

static double idle(const char *name, int k, int m, double f, double i, double w)
{
    const sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    const sluice_device_costs share = {f, i, w};
    return sluice_schedule_idle(&config, &share);
}

START_TEST(the_formulas_are_those_that_were_published)
{
    ck_assert_double_eq(idle("gpipe", 4, 8, 1, 1.25, 0.75), 9);
    ck_assert_double_eq(idle("1f1b", 8, 8, 1, 1, 1), 21);
    ck_assert_double_eq(idle("interleaved-1f1b", 4, 8, 1, 1, 1), 4.5);
    ck_assert_double_eq(idle("looped-bfs", 4, 5, 1, 1, 1), 4.5);
    ck_assert_double_eq(idle("zb-h1", 4, 8, 1, 1.25, 0.75), 4.5);
    ck_assert_double_eq(idle("zb-h2", 4, 8, 1, 1, 1), 3);
    ck_assert_double_eq(idle("zb-v", 4, 8, 1, 1, 1), 1.5);
    ck_assert_double_eq(idle("gis", 4, 8, 1, 1.25, 0.75), 3.375);
    ck_assert_double_eq(idle("seq1f1b", 4, 8, 1, 1, 1), 9);
    ck_assert_double_eq(idle("forward", 4, 8, 1, 0, 0), 3);
}
END_TEST

START_TEST(what_has_no_closed_form_is_not_a_number)
{
    ck_assert(isnan(idle("zb-h1", 4, 3, 1, 1, 1)));
    ck_assert(isnan(idle("zb-h2", 4, 6, 1, 1, 1)));
    ck_assert(isnan(idle("zb-v", 4, 8, 1, 1.25, 0.75)));
    ck_assert(isnan(idle("interleaved-1f1b", 4, 6, 1, 1, 1)));
    ck_assert(isnan(idle("looped-bfs", 4, 3, 1, 1, 1)));
    ck_assert(isnan(idle("no such", 4, 8, 1, 1, 1)));
    ck_assert(isnan(idle("gpipe", 0, 8, 1, 1, 1)));
}
END_TEST

SLUICE_TEST_MAIN("sim.idle", every_formula_is_what_the_simulator_finds,
                 chunks_groups_and_warm_ups_are_part_of_the_formula,
                 the_formulas_are_those_that_were_published,
                 what_has_no_closed_form_is_not_a_number)
