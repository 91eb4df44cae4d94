/* A warm-up, then half a wave.  Any thread; no state. */
#include <sluice/rate.h>

#include <math.h>

#include "train/rates/rate_warm_up.h"

static const sluice_option options[] = {
    SL_OPTION_RATE_WARM_UP(sluice_rate_decay_config),
    SL_OPTION_RATE_LAST(sluice_rate_decay_config),
};

static double factor(const void *config, uint64_t step, uint64_t total)
{
    const double pi = 3.14159265358979323846;
    const sluice_rate_decay_config *cosine = config;
    uint64_t warm_up = (uint64_t)cosine->warm_up;
    if (step < warm_up)
        return sl_rate_warm_up(warm_up, step);
    double wave = cos(pi * sl_rate_done(warm_up, step, total));
    return cosine->last + (1 - cosine->last) * (1 + wave) / 2;
}

static const sluice_rate_ops cosine_ops = {
    .name = "cosine",
    .config_bytes = sizeof(sluice_rate_decay_config),
    .factor = factor,
    .help = "falls as half a cosine wave, after a warm-up",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_rate_ops *sluice_rate_cosine(void)
{
    return &cosine_ops;
}
