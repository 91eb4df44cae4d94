/* A warm-up, the full rate, and a decay at the end.  Any thread; no state. */
#include <sluice/rate.h>

#include "train/rates/rate_warm_up.h"

static const sluice_option options[] = {
    SL_OPTION_RATE_WARM_UP(sluice_rate_stable_config),
    {
        .name = "decay",
        .help = "steps at the end in which the rate falls",
        .type = SLUICE_OPTION_INTEGER,
        .offset = offsetof(sluice_rate_stable_config, decay),
        .bytes = sizeof(int64_t),
        .max = SL_RATE_MAX_STEPS,
    },
    SL_OPTION_RATE_LAST(sluice_rate_stable_config),
};

static double factor(const void *config, uint64_t step, uint64_t total)
{
    const sluice_rate_stable_config *stable = config;
    uint64_t warm_up = (uint64_t)stable->warm_up;
    uint64_t decay = (uint64_t)stable->decay;
    uint64_t from = total > decay ? total - decay : 0;
    if (step < warm_up)
        return sl_rate_warm_up(warm_up, step);
    if (step < from || decay == 0)
        return 1;
    from = from > warm_up ? from : warm_up;
    return 1 - (1 - stable->last) * sl_rate_done(from, step, total);
}

static const sluice_rate_ops warmup_stable_decay_ops = {
    .name = "warmup-stable-decay",
    .config_bytes = sizeof(sluice_rate_stable_config),
    .factor = factor,
    .help = "stays, and falls in a straight line at the end; after a warm-up",
    .options = options,
    .n_options = sizeof options / sizeof *options,
};

const sluice_rate_ops *sluice_rate_warmup_stable_decay(void)
{
    return &warmup_stable_decay_ops;
}
