/*
 * Parameters from disk.  A safetensors file holds one tensor for each parameter
 * of the model, under the parameter's name, "0.weight".  The file does not
 * depend on devices, cut or schedule.
 */
#ifndef SLUICE_CHECKPOINT_H
#define SLUICE_CHECKPOINT_H

#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Set every parameter of the pipeline, which was made from `model`, from the
 * tensor of the same name and shape in a safetensors file.  `allocator` is used
 * during the call only; NULL: malloc.
 *
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND naming a tensor that is no parameter;
 *          SLUICE_INVALID naming a tensor of another shape, or a parameter that
 *          the file lacks; SLUICE_NO_MEMORY; or what sluice_safetensors_open()
 *          and sluice_safetensors_read() return.  After an error, parameters
 *          that were read before it have the file's values.
 */
SLUICE_API sluice_status sluice_pipeline_load_weights(
    sluice_pipeline *pipe, const sluice_model *model, const char *path,
    const sluice_allocator *allocator, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
