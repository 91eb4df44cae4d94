/*
 * Normalization: what its layers have in common.
 *
 * Threads: any; no state.
 */
#ifndef SL_NN_LAYERS_NORM_H
#define SL_NN_LAYERS_NORM_H

#include <float.h>
#include <stddef.h>

#include <sluice/options.h>
#include <sluice/status.h>

/* The option of a `config` with the field `epsilon`, which is added to `what`.
 */
#define SL_OPTION_NORM_EPSILON(config, what)                                   \
    {                                                                          \
        .name = "epsilon", .help = "added to " what "; 0 stands for 1e-5",     \
        .type = SLUICE_OPTION_REAL, .offset = offsetof(config, epsilon),       \
        .bytes = sizeof(float), .max = FLT_MAX                                 \
    }

/* The epsilon of a config as it is used: 1e-5 for 0. */
double sl_norm_epsilon(float epsilon);

/*
 * Whether `layer` can have that epsilon.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with the number.
 */
sluice_status sl_norm_check_epsilon(const char *layer, float epsilon,
                                    sluice_diag *why);

#endif
