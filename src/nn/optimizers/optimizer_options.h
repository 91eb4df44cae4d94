/*
 * Options that several optimizers have, as rows of their tables.  `config` is
 * the optimizer's, which has a field of that name.
 */
#ifndef SL_NN_OPTIMIZERS_OPTIMIZER_OPTIONS_H
#define SL_NN_OPTIMIZERS_OPTIMIZER_OPTIONS_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#include <sluice/options.h>

#define SL_OPTION_LEARNING_RATE(config, standard)                              \
    {                                                                          \
        .name = "learning-rate", .short_name = "lr", .help = "size of a step", \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, learning_rate), \
        .bytes = sizeof(double), .preset = (standard), .max = 1e6,             \
        .above_min = true                                                      \
    }
#define SL_OPTION_EPSILON(config)                                              \
    {                                                                          \
        .name = "epsilon", .help = "added to the root of the squares",         \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, epsilon),       \
        .bytes = sizeof(double), .preset = 1e-8, .min = FLT_MIN, .max = 1      \
    }
#define SL_OPTION_MOMENTUM(config, standard)                                   \
    {                                                                          \
        .name = "momentum", .help = "share of the last update that is kept",   \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, momentum),      \
        .bytes = sizeof(double), .preset = (standard), .max = 1,               \
        .below_max = true                                                      \
    }
#define SL_OPTION_WEIGHT_DECAY(config, text, standard)                         \
    {                                                                          \
        .name = "weight-decay", .help = "pull towards zero" text,              \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, weight_decay),  \
        .bytes = sizeof(double), .preset = (standard), .max = 1e6              \
    }
#define SL_OPTION_DECAY_ALL(config)                                            \
    {                                                                          \
        .name = "decay-all",                                                   \
        .help = "biases and norms decay, too; else only matrices",             \
        .type = SLUICE_OPTION_FLAG, .offset = offsetof(config, decay_all),     \
        .bytes = sizeof(bool)                                                  \
    }
#define SL_OPTION_DECAY_ONLY(config)                                           \
    {                                                                          \
        .name = "decay-only",                                                  \
        .help = "which tensors decay, as *.weight+0.bias",                     \
        .type = SLUICE_OPTION_PATTERN, .offset = offsetof(config, decay_only), \
        .bytes = SLUICE_DECAY_PATTERN                                          \
    }
#define SL_OPTION_CLIP(config)                                                 \
    {                                                                          \
        .name = "clip",                                                        \
        .help = "largest norm of all gradients together; 0: any",              \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, clip),          \
        .bytes = sizeof(double), .max = FLT_MAX                                \
    }

#endif
