/*
 * What Adam and AdamW share: everything except where the decay goes.
 *
 * Threads: the device that holds the parameters.
 */
#ifndef SL_NN_OPTIMIZERS_ADAM_STEP_H
#define SL_NN_OPTIMIZERS_ADAM_STEP_H

#include <sluice/optimizer.h>

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

#endif
