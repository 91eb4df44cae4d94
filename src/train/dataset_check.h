/*
 * Whether the rows of a data set can be trained on.  What is wrong is named by
 * its row in the data set, which is that of its file, counted from 0.
 *
 * Threads: any.
 */
#ifndef SL_TRAIN_DATASET_CHECK_H
#define SL_TRAIN_DATASET_CHECK_H

#include <sluice/dataset.h>
#include <sluice/loss.h>

/*
 * Whether features are gathered in the type that the model's input has.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with what to do.
 */
sluice_status sl_dataset_check_features(const sluice_dataset *dataset,
                                        const char *part, sluice_element takes,
                                        sluice_diag *why);

/*
 * Whether targets are what a loss takes: their type, their size, and labels in
 * its range.  `part` and `loss` are names for the sentence.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID.
 */
sluice_status sl_dataset_check_targets(const sluice_dataset *dataset,
                                       const char *part, const char *loss,
                                       const sluice_loss_plan *plan,
                                       sluice_diag *why);

/*
 * Whether features, as they are normalized, and targets are finite.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE.
 */
sluice_status sl_dataset_check_finite(const sluice_dataset *dataset,
                                      const char *part, sluice_diag *why);

#endif
