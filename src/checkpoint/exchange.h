/*
 * Weights in the names and layouts of PyTorch: which tensors of a file a
 * parameter is in, and how its elements lie there.
 *
 * A preset that has published names (nn/presets/published.h) has these, any
 * other model those of torch.nn.Sequential (nn/presets/torch_name.h), in which
 * the weights that a layer lists in its `products` lie as [out, in].
 *
 * Threads: the one that owns the pipeline, between steps.
 */
#ifndef SL_CHECKPOINT_EXCHANGE_H
#define SL_CHECKPOINT_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/checkpoint.h>

#include "nn/presets/published.h"

struct sl_exchange {
    const sluice_model *model;
    const struct sl_published *published; /* NULL: names of a Sequential */
    bool has_prefix;                      /* published names have it */
};

/* A tensor of the file: columns of a parameter, or all of it. */
struct sl_exchange_part {
    char name[SLUICE_TENSOR_NAME];
    sluice_shape shape; /* in the file */
    bool is_transposed;
    bool is_whole; /* all of the parameter, in its order */

    /* Element [a][b] of the tensor is element first + a * outer_step + b *
     * inner_step of the parameter. */
    int64_t outer, inner;
    int64_t first, outer_step, inner_step;
};

void sl_exchange_init(struct sl_exchange *exchange, const sluice_model *model);

/* The parts of a parameter; returns how many. */
int sl_exchange_parts(const struct sl_exchange *exchange, int layer, int param,
                      struct sl_exchange_part parts[SL_PUBLISHED_PARTS]);

/* Copy the elements of a part from its tensor to the parameter. */
void sl_exchange_take(const struct sl_exchange_part *part, const float *tensor,
                      float *parameter);

/* Copy `n` of them, from number `first` of the tensor on, out of it. */
void sl_exchange_give(const struct sl_exchange_part *part,
                      const float *parameter, int64_t first, int64_t n,
                      float *elements);

/* Whether they are the same bits. */
bool sl_exchange_equals(const struct sl_exchange_part *part,
                        const float *tensor, const float *parameter);

/* Whether a file has such a tensor that is no parameter: a mask, a table of
 * frequencies, a counter. */
bool sl_exchange_passes_over(const struct sl_exchange *exchange,
                             const char *name);

/* Whether PyTorch keeps a parameter as a number without dims that may lack. */
bool sl_exchange_is_counter(const sluice_param_spec *spec);

#endif
