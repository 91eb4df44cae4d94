/*
 * V-Min (Qi et al., 2024): two stages per device in a V, with the fewest
 * activations such an order can do with on every device, (p + 4) / 3.
 */
#include "sched/generators/patterns/v_pattern.h"

static struct sl_v_slots slots(int p, int r)
{
    int e = p % 3 ? 0 : 2; /* or F and I of a chunk would meet */
    return (struct sl_v_slots){{
        [SL_V_F_A] = r,
        [SL_V_F_B] = 2 * p - 1 - r,
        [SL_V_I_B] = 2 * p + e + r,
        [SL_V_I_A] = 4 * p + e - 1 - r,
    }};
}

static sluice_status write_all(sluice_schedule *schedule,
                               const sluice_schedule_config *config,
                               sluice_diag *why)
{
    (void)config;
    return sl_write_v_pattern(schedule, slots, why);
}

static void promise(const sluice_schedule_config *config, int r,
                    struct sl_promise *promise)
{
    (void)r;
    promise->activations =
        2 * sl_least(config->microbatches, (config->devices + 4) / 3);
}

const struct sl_generator sl_generator_v_min = {
    .name = "v-min",
    .summary = "two chunks per device in a V, a third of 1f1b's activations",
    .cell_actions = 3,
    .n_stages = sl_two_stages_each,
    .place = sl_in_a_v,
    .write_all = write_all,
    .promise = promise,
};
