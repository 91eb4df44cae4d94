/*
 * What makes matrix products, and in which precision: what
 * sluice_pipeline_config.gemm and .precision may name.
 */
#ifndef SLUICE_GEMM_H
#define SLUICE_GEMM_H

#include <stdbool.h>

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Name i, from 0: "auto" (the default), "openblas", "packed", "onednn",
 * "plain"; NULL behind the last. */
SLUICE_API const char *sluice_gemm_name(int i);

/* Whether this build of the library has it and the processor can run it; false
 * for any other name. */
SLUICE_API bool sluice_gemm_is_built(const char *name);

/* Name i of a precision, from 0: "float32" (the default), "bf16"; NULL behind
 * the last.  Whether there are such products is up to backend, build and
 * processor: creating a pipeline tells. */
SLUICE_API const char *sluice_precision_name(int i);

#ifdef __cplusplus
}
#endif

#endif
