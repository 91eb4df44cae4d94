/* Schedules and their prices, briefly. */
#ifndef SL_TEST_SIM_PRICED_H
#define SL_TEST_SIM_PRICED_H

#include <check.h>
#include <sluice/simulate.h>
#include <sluice/schedule_passes.h>

/* Times in these tests are in thousandths, so that 0.2 is a number of ns. */
enum { UNIT = 1000 };

/* Of one action of each kind, in ns. */
struct price {
    int64_t ns[SLUICE_N_ACTION_KINDS];
};

/* As the sources of the formulas count: tB = tI + tW. */
static inline struct price price_of(int64_t f, int64_t i, int64_t w)
{
    return (struct price){{
        [SLUICE_F] = f,
        [SLUICE_B] = i + w,
        [SLUICE_I] = i,
        [SLUICE_W] = w,
        [SLUICE_R] = f,
    }};
}

static inline sluice_schedule *generate(const char *name, int k, int m)
{
    sluice_schedule *schedule = NULL;
    sluice_schedule_config config = {
        .name = name, .devices = k, .microbatches = m};
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static inline sluice_schedule *with_remat(sluice_schedule *schedule,
                                          sluice_remat remat)
{
    sluice_schedule *out = NULL;
    ck_assert_int_eq(sluice_schedule_remat(schedule, remat, &out, NULL),
                     SLUICE_OK);
    sluice_schedule_destroy(schedule);
    return out;
}

static inline sluice_simulation *simulate(const sluice_schedule *schedule,
                                          sluice_simulate_config config)
{
    sluice_simulation *simulation = NULL;
    sluice_diag why = {.text = ""};
    sluice_status st = sluice_simulate(schedule, &config, &simulation, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    return simulation;
}

/* The shares of `schedule`, which is destroyed. */
static inline sluice_time_share price(sluice_schedule *schedule,
                                      struct price costs, int64_t latency_ns,
                                      int capacity, sluice_time_share *devices)
{
    sluice_simulation *simulation =
        simulate(schedule, (sluice_simulate_config){
                               .costs_ns = costs.ns,
                               .latency_ns = latency_ns,
                               .queue_capacity = capacity,
                           });
    sluice_time_share all;
    sluice_trace_account(sluice_simulation_trace(simulation), devices, &all);
    sluice_simulation_destroy(simulation);
    sluice_schedule_destroy(schedule);
    return all;
}

#endif
