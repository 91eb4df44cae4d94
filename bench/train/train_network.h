/*
 * The network of a training: its text, completed by what the data say, and the
 * model that is made of it.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TRAIN_NETWORK_H
#define BENCH_TRAIN_TRAIN_NETWORK_H

#include <stdbool.h>

#include <sluice/loss.h>
#include <sluice/model.h>

#include "bench/train/data/training_data.h"

struct train_network {
    char text[SLUICE_MODEL_MAX_TEXT + 32];
    bool says_input; /* the text that was given has it */
    sluice_model *model;
};

/* Before the data are opened: what the text that was given says about the rows,
 * if it does. */
void train_network_ask(struct train_network *network, const char *given,
                       struct source_config *source);

/*
 * Make the model for rows of `source`.
 *
 * Returns  SLUICE_OK; as sluice_model_parse_for(); SLUICE_INVALID if the text
 *          is too long, or takes no tokens of a text.
 */
sluice_status train_network_make(struct train_network *network,
                                 const char *given, const struct source *source,
                                 sluice_diag *why);

/*
 * The loss: the one that is given, or if its ops are NULL the first for targets
 * of the data.  `counts_correct`: whether it tells an accuracy.
 *
 * Returns  SLUICE_OK; as sluice_loss_for(), or as the loss' infer().
 */
sluice_status train_network_loss(const struct train_network *network,
                                 const struct source *source,
                                 const sluice_loss_choice *given,
                                 sluice_loss_choice *out, bool *counts_correct,
                                 sluice_diag *why);

/* Zeros are allowed. */
void train_network_fini(struct train_network *network);

#endif
