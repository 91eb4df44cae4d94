/* The learning rate as it is.  Any thread; no state. */
#include <sluice/rate.h>

static double factor(const void *config, uint64_t step, uint64_t total)
{
    (void)config, (void)step, (void)total;
    return 1;
}

static const sluice_rate_ops constant_ops = {
    .name = "constant",
    .factor = factor,
    .help = "the same in all steps",
};

const sluice_rate_ops *sluice_rate_constant(void)
{
    return &constant_ops;
}
