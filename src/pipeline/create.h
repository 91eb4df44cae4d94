/*
 * Building a pipeline and taking it down, inside a call that cannot be
 * cancelled.
 *
 * Threads: the caller's.
 */
#ifndef SL_PIPELINE_CREATE_H
#define SL_PIPELINE_CREATE_H

#include "pipeline/pipeline.h"

/*
 * As sluice_pipeline_create().  `former`, which may be NULL, is a pipeline that
 * the new one is to replace: it must mean the same, and its cores are shared.
 *
 * Returns  as sluice_pipeline_create(); as sl_meaning_check().
 */
sluice_status sl_pipeline_create(const sluice_pipeline_config *config,
                                 const sluice_model *model,
                                 const sluice_pipeline *former,
                                 sluice_pipeline **out, sluice_diag *why);

/* As sluice_pipeline_destroy(), of a pipeline that is there. */
void sl_pipeline_destroy(sluice_pipeline *pipe);

#endif
