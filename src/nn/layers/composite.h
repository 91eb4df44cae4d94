/*
 * Composite layers: layers that hold others.  To the code that runs a model
 * they are layers like any other; the model builds them, between
 * sluice_model_begin() and sluice_model_end(), and owns what they hold.
 *
 * `saved` holds, each over all rows: what the layers inside save, a multiple of
 * SL_ALIGN bytes per row each; then the outputs that a backward pass reads, and
 * the gradients by them that wait for backward_weight().  `workspace` holds
 * that of the layers inside, one at a time, then two buffers for tensors that
 * are not kept, used in turn from layer to layer.
 */
#ifndef SL_NN_LAYERS_COMPOSITE_H
#define SL_NN_LAYERS_COMPOSITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/composite_layers.h>

/* Where a tensor lies; over n rows it is n times as far from the start. */
struct sl_spot {
    bool kept;  /* in `saved`, else in `workspace` */
    int64_t at; /* bytes per row */
};

/* Where a composite keeps what belongs to a layer inside. */
struct sl_inner_place {
    int first_param;   /* among the composite's */
    int first_product; /* the same */
    int64_t cache;     /* bytes of a position before its own */
    struct sl_spot saved;
    struct sl_spot y;  /* but for the output of a sequence */
    struct sl_spot dy; /* but for the last layer */
    struct sl_spot dx; /* of the first layer of a residual */
};

/* A layer of a model or of a composite.  In a block of its own: pointers to a
 * plan stay valid when layers are added. */
struct sl_layer {
    const sluice_layer_ops *ops;
    void *config; /* ops->config_bytes */
    sluice_layer_plan plan;
    int number; /* in a composite: for sluice_layer_call.layer */
    struct sl_inner_place place; /* in a composite: set by its infer() */
};

struct sl_layer_list {
    struct sl_layer **at; /* [capacity], n in use */
    size_t capacity;
    int n;
};

/* The config of a composite, made and freed by the model. */
struct sl_composite {
    const sluice_layer_ops *ops;
    bool is_residual;
    bool is_parallel; /* branches, concat: each layer inside is handed x */
    struct sl_layer_list inside;
    struct sl_layer *outer; /* while open: the composite around it, or NULL */
};

/* Whether these are the functions of a composite. */
bool sl_is_composite(const sluice_layer_ops *ops);

/* Parameter tensors, and matrix products, of the layers inside, all together.
 */
int sl_composite_n_params(const struct sl_composite *composite);
int sl_composite_n_products(const struct sl_composite *composite);

/*
 * infer() of a sequence and of a residual, with the places of the layers
 * inside, which are settled already.  `plan->params` has room for
 * sl_composite_n_params(), and `plan->products` for sl_composite_n_products().
 *
 * Threads  the thread that builds the model.
 * Returns  SLUICE_OK; SLUICE_INVALID for no layers inside, longer names than a
 *          parameter can have, sizes that do not fit; and for a residual whose
 *          two sides are not of one size.
 */
sluice_status sl_composite_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *why);

/* The same of branches and concat.  Returns SLUICE_INVALID also for outputs
 * that cannot be added or do not fit behind each other. */
sluice_status sl_branches_infer(const void *config, sluice_layer_plan *plan,
                                sluice_diag *why);

/*
 * What all composites have in common, of infer(): parameters, products,
 * operations, scratch and caches of the layers inside; room in `saved`; a size
 * rounded to SL_ALIGN; and whether the sums can be counted.
 *
 * Returns  SLUICE_OK, or SLUICE_INVALID as sl_composite_infer().
 */
sluice_status sl_composite_gather(const struct sl_composite *composite,
                                  sluice_layer_plan *plan, sluice_diag *why);
struct sl_spot sl_composite_keep(sluice_layer_plan *plan, int64_t bytes);
int64_t sl_composite_rounded(int64_t bytes);
sluice_status sl_composite_check_sums(const struct sl_composite *composite,
                                      const sluice_layer_plan *plan,
                                      sluice_diag *why);

/* The call of layer k inside: its config, plan, number, parameters, gradients,
 * products and what it saves; all else is still the composite's.  Threads: the
 * stage's device. */
sluice_layer_call sl_composite_call(const struct sl_composite *composite, int k,
                                    const sluice_layer_call *call);

/* update_statistics() of all composites. */
void sl_composite_update_statistics(const sluice_statistics_call *call);

#endif
