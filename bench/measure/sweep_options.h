/*
 * Rows of options that commands over several sizes share.  A macro holds all
 * that these commands say alike; a command adds its .standard, .small and
 * .context.  `of` is its config, with members `devices`, `microbatches`,
 * `model` and `batch`.
 */
#ifndef BENCH_MEASURE_SWEEP_OPTIONS_H
#define BENCH_MEASURE_SWEEP_OPTIONS_H

#include <sluice/schedule.h>

#include "bench/cli/option_types.h"

enum { SWEEP_MAX_BATCH = 1 << 24 };

#define SWEEP_DEVICES(of, fewest)                                              \
    .name = "devices", .key = 'k', .argument = "LIST",                         \
    .help = "Numbers of devices", .type = &option_list,                        \
    .offset = offsetof(of, devices), .least = (fewest),                        \
    .most = SLUICE_MAX_DEVICES

#define SWEEP_MICROBATCHES(of, text)                                           \
    .name = "microbatches", .key = 'm', .argument = "LIST", .help = (text),    \
    .type = &option_list, .offset = offsetof(of, microbatches), .least = 1,    \
    .most = SLUICE_MAX_MICROBATCHES

#define SWEEP_MODEL(of, text)                                                  \
    .name = "model", .argument = "SPEC", .help = (text), .type = &option_text, \
    .offset = offsetof(of, model)

#define SWEEP_BATCH(of, text)                                                  \
    .name = "batch", .argument = "N", .help = (text), .type = &option_long,    \
    .offset = offsetof(of, batch), .least = 1, .most = SWEEP_MAX_BATCH

/* What the help of such a command says of its lists. */
#define SWEEP_LISTS                                                            \
    "A LIST is 2,4,8 or a range: 1-8, 1-9+2 (by 2), 1-64*2 (doubling)."

#endif
