/*
 * What Adam and AdamW share: everything except where the decay goes.
 *
 * Threads: the device that holds the parameters.
 */
#ifndef SL_NN_OPTIMIZERS_ADAM_STEP_H
#define SL_NN_OPTIMIZERS_ADAM_STEP_H

#include <sluice/optimizer.h>

#include "nn/optimizers/optimizer_options.h"

enum sl_adam_decay {
    SL_ADAM_L2,        /* into the gradient */
    SL_ADAM_DECOUPLED, /* from the weight */
};

/* The infer() of both; `table` is that of the one at hand. */
sluice_status sl_adam_infer(const sluice_option_table *table,
                            const void *config, int *n_states,
                            double *learning_rate, sluice_diag *why);

/* The wants_total() of both. */
bool sl_adam_wants_total(const void *config);

/* The apply(). */
void sl_adam_apply(const sluice_optimizer_call *call, enum sl_adam_decay kind);

/* The options of a sluice_adam_config, which Adam and AdamW both have: how the
 * weights decay, and by how much if nothing is said. */
#define SL_ADAM_OPTIONS(decay_text, decay_standard)                            \
    SL_OPTION_LEARNING_RATE(sluice_adam_config, 0.001),                        \
        {                                                                      \
            .name = "beta1",                                                   \
            .help = "share of the gradients' average that is kept",            \
            .type = SLUICE_OPTION_REAL,                                        \
            .offset = offsetof(sluice_adam_config, beta1),                     \
            .bytes = sizeof(double),                                           \
            .preset = 0.9,                                                     \
            .max = 1,                                                          \
            .below_max = true,                                                 \
        },                                                                     \
        {                                                                      \
            .name = "beta2",                                                   \
            .help = "share of the squares' average that is kept",              \
            .type = SLUICE_OPTION_REAL,                                        \
            .offset = offsetof(sluice_adam_config, beta2),                     \
            .bytes = sizeof(double),                                           \
            .preset = 0.999,                                                   \
            .max = 1,                                                          \
            .above_min = true,                                                 \
            .below_max = true,                                                 \
        },                                                                     \
        SL_OPTION_EPSILON(sluice_adam_config),                                 \
        SL_OPTION_WEIGHT_DECAY(sluice_adam_config, decay_text,                 \
                               decay_standard),                                \
        SL_OPTION_DECAY_ALL(sluice_adam_config),                               \
        SL_OPTION_DECAY_ONLY(sluice_adam_config),                              \
        SL_OPTION_CLIP(sluice_adam_config)

#endif
