/*
 * The collectives of a pipeline: everyone, the groups that add up gradients,
 * and the teams, with their members in this process and in others.
 *
 * Threads: the caller of sluice_pipeline_create() and _destroy().
 */
#ifndef SL_PIPELINE_ABROAD_COLLECTIVES_H
#define SL_PIPELINE_ABROAD_COLLECTIVES_H

#include "pipeline/pipeline.h"

/* Groups that add up the gradients of a part of the model: one for each shard.
 */
size_t sl_n_sums(const struct sl_blueprint *bp);

/* Terms of the optimizer's total that a device has room for. */
size_t sl_n_total_terms(const struct sl_blueprint *bp);

/* Make all collectives: everyone, the groups that add up gradients, and teams.
 * Returns SLUICE_OK, SLUICE_NO_MEMORY, SLUICE_SYSTEM, SLUICE_INVALID, with
 * nothing made on failure. */
sluice_status sl_init_collectives(sluice_pipeline *pipe, sluice_diag *why);
void sl_fini_collectives(sluice_pipeline *pipe);

#endif
