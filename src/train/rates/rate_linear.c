/* A warm-up, then a straight line.  Any thread; no state. */
#include <sluice/rate.h>

#include "train/rates/rate_warm_up.h"

static const sluice_option options[] = {
    SL_OPTION_RATE_WARM_UP(sluice_rate_decay_config),
    SL_OPTION_RATE_LAST(sluice_rate_decay_config),
};

static double factor(const void *config, uint64_t step, uint64_t total)
{
    const sluice_rate_decay_config *linear = config;
    uint64_t warm_up = (uint64_t)linear->warm_up;
    if (step < warm_up)
        return sl_rate_warm_up(warm_up, step);
    return 1 - (1 - linear->last) * sl_rate_done(warm_up, step, total);
}

static const sluice_rate_ops linear_ops = {
    .name = "linear",
    .config_bytes = sizeof(sluice_rate_decay_config),
    .factor = factor,
    .help = "falls in a straight line, after a warm-up",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_rate_ops *sluice_rate_linear(void)
{
    return &linear_ops;
}
