/* Settling a loss and an optimizer, perhaps a user's, and checking what they
 * fill in.  The thread that creates a pipeline or a reference. */
#ifndef SL_NN_SETTLE_H
#define SL_NN_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>

/*
 * Let the loss check `config`, a copy of the caller's, and fill its plan for a
 * network's output of shape `out` and mini-batches of up to `batch` rows.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if a function is missing, or if the bytes
 *          of a target or the terms of a row are not positive or, for a
 *          mini-batch, more than can be addressed or counted, or for a type
 *          of targets that is none, or negative classes; or the loss's
 *          refusal.
 */
sluice_status sl_loss_settle(const sluice_loss_ops *loss, const void *config,
                             sluice_shape out, int64_t batch,
                             sluice_loss_plan *plan, sluice_diag *why);

/*
 * How many terms of targets[rows] count.  `loss` and `plan` are settled.
 *
 * Threads  the caller of a step, an evaluation or the reference.
 * Returns  SLUICE_OK; SLUICE_INVALID if the loss's terms() returns what cannot
 *          be.
 */
sluice_status sl_loss_terms(const sluice_loss_ops *loss,
                            const sluice_loss_plan *plan, const void *targets,
                            int64_t rows, int64_t *n, sluice_diag *why);

/*
 * Let the optimizer check `config`, a copy of the caller's.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if a function is missing, for a number of
 *          states out of range, or a learning rate that
 *          sl_learning_rate_check() refuses; or the optimizer's refusal.
 */
sluice_status sl_optimizer_settle(const sluice_optimizer_ops *optimizer,
                                  const void *config, int *n_states,
                                  double *learning_rate, sluice_diag *why);

/* Whether the optimizer reads `total`, see measure() in sluice_optimizer_ops.
 * Any thread. */
bool sl_optimizer_wants_total(const sluice_optimizer_ops *optimizer,
                              const void *config);

/*
 * Whether steps can be made with this learning rate.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_INVALID if it is NaN, negative, or so large that
 *          it is infinite as a float, as which optimizers use it.
 */
sluice_status sl_learning_rate_check(double learning_rate, sluice_diag *why);

#endif
