/*
 * What an adapter can be told, and what pipelines it can plan for.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_ADAPT_CHECK_H
#define SL_TRAIN_ADAPT_ADAPT_CHECK_H

#include <sluice/adapt.h>

/* Returns SLUICE_OK, SLUICE_INVALID as sluice_adapter_create(). */
sluice_status sl_adapt_check(const sluice_adapt_config *config,
                             const sluice_pipeline *pipe, sluice_diag *why);

#endif
