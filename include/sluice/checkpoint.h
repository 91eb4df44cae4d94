/*
 * Parameters to and from disk.  A file of safetensors holds one tensor for each
 * parameter of the model, by the parameter's name, "0.weight", in which the
 * layer is counted in the whole model: it knows nothing of devices, cut or
 * schedule.
 *
 * Files are written as a whole or not at all: under a temporary name in the
 * same directory, then synced and renamed.  Whatever happens meanwhile, a full
 * disk, a killed process, a power failure, an older file of that name is as it
 * was or replaced by the new one.  They carry a checksum (CRC-32) for each
 * tensor and one for the header, and a damaged file is refused, with the place.
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
 * Write every parameter of the pipeline.
 *
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE naming a parameter that is NaN or
 *          infinite, which could not be loaded again; SLUICE_INVALID if the
 *          model has more parameters than a header can list; SLUICE_IO;
 *          SLUICE_NO_MEMORY.  After an error an older file is as it was, except
 *          where the sentence says that its directory could not be synced.
 */
SLUICE_API sluice_status sluice_pipeline_save_weights(
    const sluice_pipeline *pipe, const char *path, sluice_diag *why);

/*
 * Set every parameter of the pipeline, which was made from `model`, from the
 * tensor of the same name and shape in a safetensors file.  `allocator` serves
 * during the call, for a copy of all parameters; NULL: malloc.
 *
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND naming a tensor that is no parameter;
 *          SLUICE_INVALID naming a tensor of another shape, or a parameter that
 *          the file lacks, or another `model`; SLUICE_NOT_FINITE naming one
 *          with a value that is NaN or infinite; SLUICE_NO_MEMORY; or what
 *          sluice_safetensors_open() and sluice_safetensors_read() return.
 *          After an error all parameters are as they were.
 */
SLUICE_API sluice_status sluice_pipeline_load_weights(
    sluice_pipeline *pipe, const sluice_model *model, const char *path,
    const sluice_allocator *allocator, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
