/* A factor every so many steps.  Any thread; no state. */
#include <sluice/rate.h>

#include <math.h>

#include "train/rates/rate_warm_up.h"

static const sluice_option options[] = {
    {
        .name = "every",
        .help = "steps from one factor to the next",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_rate_step_config, every),
        .bytes = sizeof(int64_t),
        .required = true,
        .min = 1,
        .max = SL_RATE_MAX_STEPS,
    },
    {
        .name = "factor",
        .help = "what the rate is multiplied with",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(sluice_rate_step_config, factor),
        .bytes = sizeof(double),
        .preset = 0.1,
        .max = 1,
    },
    SL_OPTION_RATE_WARM_UP(sluice_rate_step_config),
};

static double factor(const void *config, uint64_t step, uint64_t total)
{
    const sluice_rate_step_config *steps = config;
    uint64_t warm_up = (uint64_t)steps->warm_up;
    if (step < warm_up)
        return sl_rate_warm_up(warm_up, step);
    uint64_t last = step < total || total < warm_up ? step : total;
    return pow(steps->factor,
               (double)((last - warm_up) / (uint64_t)steps->every));
}

static const sluice_rate_ops step_ops = {
    .name = "step",
    .config_bytes = sizeof(sluice_rate_step_config),
    .factor = factor,
    .help = "multiplied with a factor every so many steps, after a warm-up",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_rate_ops *sluice_rate_step(void)
{
    return &step_ops;
}
