/* What `sluice train` is told about adapting. */
#ifndef BENCH_TRAIN_ADAPT_ADAPT_CONFIG_H
#define BENCH_TRAIN_ADAPT_ADAPT_CONFIG_H

#include <stdint.h>

#include "bench/order/device_speeds.h"

struct adapt_config {
    double margin_per_cent;      /* 0: the pipeline stays as it is */
    struct device_speeds speeds; /* of devices from step `at` on; n 0: as they
                                    are */
    uint64_t at;
};

#endif
