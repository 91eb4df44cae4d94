/*
 * Which layers the stages of a device have.  They need not follow each other:
 * under interleaved-1f1b a device has several parts of the model, under
 * dualpipe parts of two copies.
 */
#ifndef SLUICE_PIPELINE_STAGE_H
#define SLUICE_PIPELINE_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/export.h>
#include <sluice/pipeline.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_stage_info {
    int stage;            /* its index in the schedule */
    int first_layer;      /* of the model */
    int n_layers;         /* at least 1 */
    int64_t n_parameters; /* floats that the device would have without ZeRO,
                             each tensor in whole cache lines */
    int64_t n_gradients;  /* of its gradients, which replicas add up: a tied
                             tensor has one for each use */
    bool gathers; /* it gets all of the sums; without ZeRO always, with it where
                     a total is wanted (docs/zero.md) */
} sluice_stage_info;

/*
 * Describe stage `i` of the device with index `device`, in the order of the
 * schedule's stages: i from 0 to below the `n_stages` that
 * sluice_pipeline_device() tells.
 *
 * Threads  as sluice_pipeline_device().
 */
SLUICE_API void sluice_pipeline_stage(const sluice_pipeline *pipe, int device,
                                      int i, sluice_stage_info *info);

#ifdef __cplusplus
}
#endif

#endif
