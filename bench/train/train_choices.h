/* Options of `sluice train` that choose a row of the library's tables. */
#ifndef BENCH_TRAIN_TRAIN_CHOICES_H
#define BENCH_TRAIN_TRAIN_CHOICES_H

#include "bench/cli/option.h"
#include "bench/train/training_config.h"

#include <sluice/train.h>

/* "help" in place of a name lists what there is and ends the program. */
extern const struct option_type option_optimizer; /* sluice_optimizer_choice */
extern const struct option_type option_loss;      /* sluice_loss_choice */
extern const struct option_type option_rate;      /* sluice_rate_choice */
extern const struct option_type option_augment;   /* sluice_augmentation */
extern const struct option_type option_model;     /* const char * */

/*
 * Settle the optimizer: the usual one if none was given, then the short forms.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if a value is not possible, or if it has
 *          no such option.
 */
sluice_status train_choices_settle(struct training_config *config,
                                   sluice_diag *why);

/*
 * A list of sizes as partition has one for each stage.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID; what order_schedule() returns.
 */
sluice_status train_check_partition(const struct training_config *c,
                                    sluice_diag *why);

/*
 * Whether the files can be written that are to be at the end.
 *
 * Returns  SLUICE_OK; what the first that cannot returns.
 */
sluice_status train_check_files(const struct training_config *c,
                                sluice_diag *why);

enum { TRAIN_RATE_TEXT = 512 };

/* The augmentation of images as a text; "none" if there is none. */
enum { TRAIN_AUGMENT_TEXT = 64 };
const char *train_augment_text(const struct training_config *config,
                               char text[TRAIN_AUGMENT_TEXT]);

/* The learning-rate rule and the number of epochs, on which its factors
 * depend; NULL: there is none. */
const char *train_rate_text(const struct training_config *config,
                            char text[TRAIN_RATE_TEXT]);

/* What the rule made of the learning rate in the last step. */
double train_rate_factor(const struct training_config *config,
                         const sluice_progress *progress);

#endif
