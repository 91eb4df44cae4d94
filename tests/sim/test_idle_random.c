/* The closed form of each generator against the simulator, over random costs,
 * sizes and settings. */
#include "sim/priced.h"

#include <math.h>

#include <sluice/schedule_formula.h>

#include "support/grid.h"
#include "support/runner.h"

enum {
    SEED = 20231205,
    N_EACH = 250, /* that have a closed form, of each generator */
    N_EACH_LONG = 4 * N_EACH,
    TRIES_FOR_EACH = 40,
    MOST_COST = 12, /* of a chunk */
    MOST_DEVICES = 8,
    MOST_MICROBATCHES = 40,
    MOST_CHUNKS = 4,
};

/* A fixed sequence on every machine (Steele et al., 2014: SplitMix64). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static int draw(uint64_t *state, int from, int to)
{
    return from + (int)(next(state) % (uint64_t)(to - from + 1));
}

static sluice_schedule_config draw_config(uint64_t *state, const char *name)
{
    return (sluice_schedule_config){
        .name = name,
        .devices = draw(state, 1, MOST_DEVICES),
        .microbatches = draw(state, 1, MOST_MICROBATCHES),
        .chunks = draw(state, 0, MOST_CHUNKS),
        .warm_up = draw(state, 0, 3),
        .group = draw(state, 0, 12),
        .slices = draw(state, 0, 4),
    };
}

/* Costs of a chunk: integers, so that the times are exact. */
static sluice_device_costs draw_costs(uint64_t *state)
{
    int forward = draw(state, 0, MOST_COST);
    if (draw(state, 0, 3) == 0)
        return (sluice_device_costs){forward, forward, forward};
    return (sluice_device_costs){forward, draw(state, 0, MOST_COST),
                                 draw(state, 0, MOST_COST)};
}

static int64_t simulated_idle(const sluice_schedule *schedule,
                              const sluice_device_costs *chunk)
{
    struct price costs = price_of(
        (int64_t)chunk->forward, (int64_t)chunk->input, (int64_t)chunk->weight);
    sluice_time_share all;
    sluice_simulation *simulation =
        simulate(schedule,
                 (sluice_simulate_config){
                     .costs_ns = costs.ns,
                     .queue_capacity = sluice_schedule_n_microbatches(schedule),
                     .no_events = true,
                 });
    sluice_simulation_account(simulation, NULL, &all);
    sluice_simulation_destroy(simulation);
    return all.makespan_ns - all.busy_ns / sluice_schedule_n_devices(schedule);
}

/* Whether there was a closed form to be compared. */
static bool compare(uint64_t *state, const char *name)
{
    sluice_schedule_config config = draw_config(state, name);
    sluice_device_costs chunk = draw_costs(state);
    sluice_schedule *schedule;
    if (sluice_schedule_generate(&config, &schedule, NULL))
        return false;
    int n = sluice_schedule_n_stages(schedule) / config.devices;
    sluice_device_costs share = {n * chunk.forward, n * chunk.input,
                                 n * chunk.weight};
    double want = sluice_schedule_idle(&config, &share);
    if (!isnan(want)) {
        int64_t have = simulated_idle(schedule, &chunk);
        ck_assert_msg(
            fabs((double)have - want) < 1e-6,
            "%s, K %d, M %d, v %d, warm-up %d, group %d, F %g, I %g, W %g of "
            "a chunk: %lld, not %g",
            name, config.devices, config.microbatches, config.chunks,
            config.warm_up, config.group, chunk.forward, chunk.input,
            chunk.weight, (long long)have, want);
    }
    sluice_schedule_destroy(schedule);
    return !isnan(want);
}

/* Generators without a closed form have none whatever is drawn. */
START_TEST(every_formula_is_what_the_simulator_finds_at_random_costs)
{
    int n_forms = 0, n_each = sl_test_is_long() ? N_EACH_LONG : N_EACH;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        uint64_t state = SEED + (uint64_t)i;
        int n = 0;
        for (int t = 0; t < TRIES_FOR_EACH * n_each && n < n_each; t++)
            n += compare(&state, name);
        ck_assert_msg(n == 0 || n == n_each, "%s: %d", name, n);
        n_forms += n > 0;
    }
    ck_assert_int_eq(n_forms, 11);
}
END_TEST

SLUICE_TEST_MAIN("sim.idle_random",
                 every_formula_is_what_the_simulator_finds_at_random_costs)
