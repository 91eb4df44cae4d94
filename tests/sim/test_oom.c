/* Promise A1 for simulations: allocation 1, 2, 3 ... fails, until none does. */
#include <sluice/simulate.h>

#include "sched/failing.h"
#include "sim/priced.h"
#include "support/runner.h"

/* Simulate and measure; the schedule has an allocator of its own. */
static sluice_status simulate_measure(const sluice_schedule *schedule,
                                      const sluice_allocator *allocator,
                                      sluice_diag *why)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    int64_t costs[2][SLUICE_N_ACTION_KINDS];
    sluice_simulation *simulation;
    sluice_simulate_config config = {.costs_ns = unit.ns,
                                     .allocator = allocator};
    sluice_status st = sluice_simulate(schedule, &config, &simulation, why);
    if (st)
        return st;
    st = sluice_costs_measure(sluice_simulation_trace(simulation), 2,
                              SLUICE_MEDIAN, allocator, costs[0], why);
    sluice_simulation_destroy(simulation);
    return st;
}

static void sweep(bool onward)
{
    sluice_schedule *schedule = generate("1f1b", 2, 4);
    int n = 0;
    sluice_status st;
    do {
        struct failing failing = {.fail_at = ++n, .onward = onward};
        sluice_allocator allocator = failing_allocator(&failing);
        sluice_diag why = {.status = SLUICE_OK};
        st = simulate_measure(schedule, &allocator, &why);
        ck_assert_int_eq(failing.n_live, 0);
        ck_assert_int_eq(st,
                         failing.n_calls >= n ? SLUICE_NO_MEMORY : SLUICE_OK);
        if (st == SLUICE_NO_MEMORY)
            ck_assert_int_eq(why.status, SLUICE_NO_MEMORY);
    } while (st);
    ck_assert_int_gt(n, 9);
    sluice_schedule_destroy(schedule);
}

START_TEST(every_failed_allocation_is_a_status_without_a_leak)
{
    sweep(false);
}
END_TEST

START_TEST(so_is_an_allocator_that_fails_from_then_on)
{
    sweep(true);
}
END_TEST

START_TEST(so_is_one_that_fails_in_the_proof_of_the_schedule)
{
    struct price unit = price_of(UNIT, UNIT, UNIT);
    struct failing failing = {0};
    sluice_allocator allocator = failing_allocator(&failing);
    sluice_schedule *schedule;
    sluice_schedule_config config = {
        .devices = 2, .microbatches = 4, .allocator = &allocator};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    failing.fail_at = failing.n_calls + 1;
    sluice_simulation *simulation = NULL;
    sluice_simulate_config costs = {.costs_ns = unit.ns};
    ck_assert_int_eq(sluice_simulate(schedule, &costs, &simulation, NULL),
                     SLUICE_NO_MEMORY);
    ck_assert_ptr_null(simulation);
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(failing.n_live, 0);
}
END_TEST

SLUICE_TEST_MAIN("sim.oom", every_failed_allocation_is_a_status_without_a_leak,
                 so_is_an_allocator_that_fails_from_then_on,
                 so_is_one_that_fails_in_the_proof_of_the_schedule)
