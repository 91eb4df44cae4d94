/* Settling losses and optimizers.  The thread that creates a pipeline. */
#include "nn/model/settle.h"

#include <float.h>
#include <inttypes.h>

/* A process's addresses have 47 bits, on x86-64 and on aarch64 48. */
static const int64_t most_target_bytes = INT64_C(1) << 47;

/* The mean divides by rows * row_terms as a double, exact up to here. */
static const int64_t most_terms = INT64_C(1) << 53;

/* A refusal in its own words, or in ours if it has none. */
static sluice_status refuse(sluice_status st, const sluice_diag *said,
                            const char *part, const char *name,
                            sluice_diag *why)
{
    if (said->text[0])
        return sluice_diag_set(why, st, "%.*s", SLUICE_DIAG_TEXT - 1,
                               said->text);
    return sluice_diag_set(why, st, "%s %s refused with %s", part, name,
                           sluice_status_name(st));
}

/* Whether `each` of a row is positive and at most `most` for all rows. */
static sluice_status check_size(const sluice_loss_ops *loss, const char *field,
                                int64_t each, int64_t batch, int64_t most,
                                sluice_diag *why)
{
    if (each >= 1 && each <= most / batch)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "loss %s: %s is %" PRId64 "; for a batch of %" PRId64
                           " rows it can be 1 to %" PRId64
                           "; let its infer() set that, or use a smaller batch",
                           loss->name, field, each, batch, most / batch);
}

static sluice_status check_targets(const sluice_loss_ops *loss,
                                   const sluice_loss_plan *plan,
                                   sluice_diag *why)
{
    if ((unsigned)plan->target_type > SLUICE_I32)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "loss %s: target_type %d is not a "
                               "sluice_element",
                               loss->name, (int)plan->target_type);
    if (plan->classes >= 0)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "loss %s: %" PRId64 " classes; there cannot be "
                           "less than 0",
                           loss->name, plan->classes);
}

sluice_status sl_loss_settle(const sluice_loss_ops *loss, const void *config,
                             sluice_shape out, int64_t batch,
                             sluice_loss_plan *plan, sluice_diag *why)
{
    if (!loss->name || !loss->infer || !loss->forward || !loss->backward)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "loss %s must have a name, infer(), forward() "
                               "and backward()",
                               loss->name ? loss->name : "?");
    sluice_diag said = {.text = ""};
    *plan = (sluice_loss_plan){.out = out, .config = config};
    sluice_status st = loss->infer(plan, &said);
    plan->out = out; /* infer() may have assigned the whole plan */
    plan->config = config;
    if (st)
        return refuse(st, &said, "loss", loss->name, why);
    st = check_size(loss, "target_row_bytes", plan->target_row_bytes, batch,
                    most_target_bytes, why);
    if (!st)
        st = check_size(loss, "row_terms", plan->row_terms, batch, most_terms,
                        why);
    return st ? st : check_targets(loss, plan, why);
}

sluice_status sl_loss_terms(const sluice_loss_ops *loss,
                            const sluice_loss_plan *plan, const void *targets,
                            int64_t rows, int64_t *n, sluice_diag *why)
{
    int64_t all;
    if (__builtin_mul_overflow(rows, plan->row_terms, &all))
        all = INT64_MAX; /* an evaluation has any number of rows */
    int64_t counted =
        loss->terms && rows ? loss->terms(plan, targets, rows) : all;
    if (counted < 0 || counted > all)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "loss %s: its terms() counted %" PRId64
                               " terms in %" PRId64 " rows; it can be 0 to "
                               "%" PRId64,
                               loss->name, counted, rows, all);
    *n = counted;
    return SLUICE_OK;
}

sluice_status sl_optimizer_settle(const sluice_optimizer_ops *optimizer,
                                  const void *config, int *n_states,
                                  double *learning_rate, sluice_diag *why)
{
    if (!optimizer->name || !optimizer->infer || !optimizer->apply)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "optimizer %s must have a name, infer() and "
                               "apply()",
                               optimizer->name ? optimizer->name : "?");
    sluice_diag said = {.text = ""};
    *n_states = 0;
    *learning_rate = 0;
    sluice_status st = optimizer->infer(config, n_states, learning_rate, &said);
    if (st)
        return refuse(st, &said, "optimizer", optimizer->name, why);
    if (*n_states < 0 || *n_states > SLUICE_OPTIMIZER_MAX_STATES)
        return sluice_diag_set(
            why, SLUICE_INVALID, "optimizer %s wants %d states; at most %d",
            optimizer->name, *n_states, SLUICE_OPTIMIZER_MAX_STATES);
    st = sl_learning_rate_check(*learning_rate, &said);
    return st ? sluice_diag_set(why, st, "optimizer %s: %s", optimizer->name,
                                said.text)
              : SLUICE_OK;
}

bool sl_optimizer_wants_total(const sluice_optimizer_ops *optimizer,
                              const void *config)
{
    return optimizer->measure &&
           (!optimizer->wants_total || optimizer->wants_total(config));
}

sluice_status sl_learning_rate_check(double learning_rate, sluice_diag *why)
{
    if (learning_rate >= 0 && learning_rate <= FLT_MAX)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a learning rate of %g; it must be from 0 to %g",
                           learning_rate, (double)FLT_MAX);
}
