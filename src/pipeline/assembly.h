/*
 * The parts of a pipeline: tables, devices and links, made from
 * the blueprint before any thread starts and taken down after the last has
 * ended.
 *
 * Threads: the caller of sluice_pipeline_create() and _destroy().
 */
#ifndef SL_PIPELINE_ASSEMBLY_H
#define SL_PIPELINE_ASSEMBLY_H

#include "pipeline/pipeline.h"

/* Allocate the tables; what was allocated is freed by sl_free_tables(), also
 * on failure.  Returns SLUICE_OK, SLUICE_NO_MEMORY. */
sluice_status sl_alloc_tables(sluice_pipeline *pipe, sluice_diag *why);
void sl_free_tables(sluice_pipeline *pipe);

/* Make all devices: arena, bindings, trace buffer, gate; no thread yet.
 * Returns SLUICE_OK,
 * SLUICE_NO_MEMORY, SLUICE_SYSTEM, SLUICE_INVALID, with nothing made on
 * failure. */
sluice_status sl_init_devices(sluice_pipeline *pipe, sluice_diag *why);
void sl_fini_devices(sluice_pipeline *pipe);

#endif
