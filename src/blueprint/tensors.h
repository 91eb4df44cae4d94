/*
 * Where the parameter tensors of a stage lie: one after the other in each
 * version of its weights, each on a multiple of SL_ALIGN, and gradients in the
 * same way.  A call of a layer gets arrays of pointers to them, settled here.
 *
 * Threads: the thread that creates the pipeline.
 */
#ifndef SL_BLUEPRINT_TENSORS_H
#define SL_BLUEPRINT_TENSORS_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/model.h>

#include "blueprint/shards/shard.h"
#include "blueprint/stage.h"

enum { SL_TENSOR_NAME = SLUICE_PARAM_NAME + 12 }; /* bytes, with any int */

/* What an optimizer is told of a parameter tensor.  Each use of a tied one has
 * an entry, and all of them say the same: what the first use is. */
struct sl_tensor {
    char name[SL_TENSOR_NAME]; /* "0.weight" */
    sluice_shape shape;        /* of what the device holds, if it holds any */
    struct sl_shard shard;     /* which elements those are */
    int64_t n;                 /* how many */
    int layer;
    int param;
    int first; /* the tensor of the first use: its own number, if not tied */
};

/* A device of a team, and who has what a layer does not divide. */
struct sl_team_shard {
    int n_shards;
    int shard;
    const int *owners; /* [layers of the model] */
    int elsewhere;     /* a tensor that no stage holds; -1: there is none */
};

/*
 * Choose for each layer the device of a team that has the parameters which it
 * does not divide: the one that has the fewest so far.
 *
 * Shapes   owners[layers of the model].
 */
void sl_tensors_own(const sluice_model *model, int n_shards, int *owners);

/* Describe the tensors of a model as a device holds them, in their order:
 * tensors[sl_n_tensors()]. */
void sl_tensors_describe(const sluice_model *model,
                         const struct sl_team_shard *at,
                         struct sl_tensor *tensors);

/* Parameter tensors of a model, each use of a tied one counted. */
int sl_n_tensors(const sluice_model *model);

/* Number the tensors of a stage from `first` on.  Returns the next number. */
int sl_tensors_number(struct sl_stage *stage, int first);

/*
 * Work out the offsets of a numbered stage's tensors, two for each, written
 * from `offsets` on, and its n_params and n_grads.  Two uses of a tied tensor
 * share the place of the weights, and have a gradient each.
 *
 * Returns  what is behind the last offset.
 */
int64_t *sl_tensors_place(struct sl_stage *stage,
                          const struct sl_tensor *tensors, int64_t *offsets);

/* Pointers that a stage needs: to each version of a tensor, to its gradient. */
size_t sl_tensors_n_pointers(const struct sl_stage *stage);

/* Of these, those to versions of tensors. */
size_t sl_tensors_n_weights(const struct sl_stage *stage);

/* Give the units of a stage their part of an array of pointers.  Returns what
 * is behind it. */
float **sl_tensors_share(struct sl_stage *stage, float **pointers);

/* Fill in the pointers, once `versions` and `grads` have their places.
 * Threads  also the stage's device, when they get others. */
void sl_tensors_bind(struct sl_stage *stage);

#endif
