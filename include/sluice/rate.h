/*
 * Rules for the learning rate: what it is multiplied with at each step of a
 * training.  A program gives the product to
 * sluice_pipeline_set_learning_rate() before the step.
 */
#ifndef SLUICE_RATE_H
#define SLUICE_RATE_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/options.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_rate_ops {
    const char *name;    /* "cosine" */
    size_t config_bytes; /* at most SLUICE_CONFIG_BYTES */

    /*
     * The factor of the step `step`, counted from 0, of a training of `total`
     * steps.
     *
     * Threads  any; it depends on the arguments alone.
     */
    double (*factor)(const void *config, uint64_t step, uint64_t total);

    /* As in sluice_layer_ops. */
    const char *help;
    const sluice_option *options;
    int n_options;
} sluice_rate_ops;

/*
 * Of the rules below, s is the step from 0, T the steps of the training, W
 * those of the warm-up.  In the warm-up, s < W, the factor is (s + 1) / W, and
 * 1 at its last step.  Behind the training, s >= T, it stays as at s = T.
 */

/* constant: 1.  linear: with a warm-up, then 1 - (1 - last) * (s - W) / (T - W)
 * cosine: last + (1 - last) * (1 + cos(pi * (s - W) / (T - W))) / 2 (Loshchilov
 * and Hutter, 2017, without restarts). */
typedef struct sluice_rate_decay_config {
    int64_t warm_up; /* W, >= 0 */
    double last;     /* the factor at s = T, 0 to 1 */
} sluice_rate_decay_config;
SLUICE_API const sluice_rate_ops *sluice_rate_constant(void);
SLUICE_API const sluice_rate_ops *sluice_rate_linear(void);
SLUICE_API const sluice_rate_ops *sluice_rate_cosine(void);

/* step: factor^floor((s - W) / every) behind the warm-up. */
typedef struct sluice_rate_step_config {
    int64_t warm_up; /* W, >= 0 */
    int64_t every;   /* steps, >= 1 */
    double factor;   /* 0 to 1, usual: 0.1 */
} sluice_rate_step_config;
SLUICE_API const sluice_rate_ops *sluice_rate_step(void);

/* warmup-stable-decay: 1 behind the warm-up, and in the last D = `decay` steps
 * 1 - (1 - last) * (s - (T - D)) / D (Hu et al., 2024, with a linear decay);
 * the warm-up comes first where the two meet. */
typedef struct sluice_rate_stable_config {
    int64_t warm_up; /* W, >= 0 */
    int64_t decay;   /* D, >= 0 */
    double last;     /* the factor at s = T, 0 to 1 */
} sluice_rate_stable_config;
SLUICE_API const sluice_rate_ops *sluice_rate_warmup_stable_decay(void);

/* Rule `i` of the library's table, the default first; NULL past the last one.
 */
SLUICE_API const sluice_rate_ops *sluice_rate_at(int i);

/* The rule of that name, "cosine"; NULL if there is none. */
SLUICE_API const sluice_rate_ops *sluice_rate_find(const char *name);

/* The options of a rule, of the library or of a program. */
SLUICE_API sluice_option_table sluice_rate_options(const sluice_rate_ops *ops);

/* A rule of the library with its config. */
typedef struct sluice_rate_choice {
    const sluice_rate_ops *ops;
    sluice_config_room config;
} sluice_rate_choice;

/*
 * A rule from a text, "NAME" or "NAME:option=value,...": "cosine:warm-up=700".
 * NULL or "" means the first one of the table, constant.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND with the rules there are,
 *          SLUICE_INVALID as sluice_options_parse().
 */
SLUICE_API sluice_status sluice_rate_parse(const char *text,
                                           sluice_rate_choice *out,
                                           sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
