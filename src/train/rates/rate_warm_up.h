/* Parts of a training that several rules have.  Any thread; no state. */
#ifndef SL_TRAIN_RATES_RATE_WARM_UP_H
#define SL_TRAIN_RATES_RATE_WARM_UP_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/options.h>

enum { SL_RATE_MAX_STEPS = 1000000000 };

/* The options that go with them, for tables of a config that has these fields.
 */
#define SL_OPTION_RATE_WARM_UP(config)                                         \
    {                                                                          \
        .name = "warm-up", .help = "steps in which the rate rises",            \
        .type = SLUICE_OPTION_INTEGER, .offset = offsetof(config, warm_up),    \
        .bytes = sizeof(int64_t), .max = SL_RATE_MAX_STEPS                     \
    }
#define SL_OPTION_RATE_LAST(config)                                            \
    {                                                                          \
        .name = "last", .help = "factor at the end of the training",           \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, last),          \
        .bytes = sizeof(double), .max = 1                                      \
    }

/* The factor in a warm-up: (step + 1) / warm_up, step < warm_up. */
double sl_rate_warm_up(uint64_t warm_up, uint64_t step);

/* The share of the steps from `from` to `total` that lies before `step`, 0 to
 * 1; 1 if there are none. */
double sl_rate_done(uint64_t from, uint64_t step, uint64_t total);

#endif
