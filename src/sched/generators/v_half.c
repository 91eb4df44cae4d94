/*
 * V-Half (Qi et al., 2024): two stages per device in a V, about half of the
 * activations of 1F1B on every device, (p + 2) / 2, and less of a bubble.
 */
#include "sched/generators/patterns/v_pattern.h"

static struct sl_v_slots slots(int p, int r)
{
    int e = p % 2 ? 0 : 3; /* or F and I of b would meet */
    return (struct sl_v_slots){{
        [SL_V_F_A] = 2 * r,
        [SL_V_F_B] = 3 * p - 2 - r,
        [SL_V_I_B] = 3 * p - 1 + e + 2 * r,
        [SL_V_I_A] = 6 * p - 2 + e - r,
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
        2 * sl_least(config->microbatches, (config->devices + 2) / 2);
}

const struct sl_generator sl_generator_v_half = {
    .name = "v-half",
    .summary = "two chunks per device in a V, half of 1f1b's activations",
    .cell_actions = 3,
    .n_stages = sl_two_stages_each,
    .place = sl_in_a_v,
    .write_all = write_all,
    .promise = promise,
};
