/* Given initial weights. */
#ifndef BENCH_MEASURE_WEIGHTS_H
#define BENCH_MEASURE_WEIGHTS_H

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

/*
 * Set every parameter of the pipeline from the tensor of the same name and
 * shape in a safetensors file.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming a tensor that is no parameter, or
 *          has another shape, or a parameter the file lacks; or the error of
 *          reading.
 */
sluice_status weights_load(sluice_pipeline *pipe, const sluice_model *model,
                           const char *path, sluice_diag *why);

#endif
