/*
 * The matrix products of a pipeline: one for each that a layer names, on each
 * device that holds the layer.  They are settled, get their memory and are
 * prepared here; layers run them.
 *
 * Threads: the thread that creates the pipeline, unless a function says else.
 */
#ifndef SL_BLUEPRINT_PRODUCTS_H
#define SL_BLUEPRINT_PRODUCTS_H

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "base/memory.h"
#include "blueprint/coordinates.h"
#include "blueprint/stage.h"
#include "tensor/gemm/product.h"

/* What is the same for all products of a pipeline. */
struct sl_products_choice {
    enum sl_gemm_choice choice;
    enum sl_precision precision;
    int64_t rows[SL_PRODUCT_ROWS]; /* of micro-batches of a full batch */
    int n_microbatches;
    int n_shards; /* devices of a team, and the number of this one; 0: 1 */
    int shard;
};

/* What the configuration names, of which there is each.  Returns as
 * sl_gemm_choice_find() and sl_precision_find(). */
sluice_status sl_products_find(const sluice_pipeline_config *config,
                               enum sl_gemm_choice *choice,
                               enum sl_precision *precision, sluice_diag *why);

/*
 * What the configuration, with its batch checked, chooses for the grid.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND, SLUICE_INVALID as sl_products_find();
 *          SLUICE_INVALID, too, for teams that the backend cannot have.
 */
sluice_status sl_products_choose(const sluice_pipeline_config *config,
                                 const struct sl_grid *grid,
                                 struct sl_products_choice *choice,
                                 sluice_diag *why);

/* Products of all layers of one copy of the model. */
int sl_products_count(const sluice_model *model);

/* Give each unit its part of an array of products. */
void sl_products_share(struct sl_unit *units, int n_units,
                       struct sluice_product *products);

/* Settle one product.  Returns as sl_product_settle(). */
sluice_status sl_products_settle_one(const sluice_product_spec *spec,
                                     const struct sl_products_choice *choice,
                                     int n_copies,
                                     struct sluice_product *product,
                                     sluice_diag *why);

/*
 * Settle the products of one layer, or those of a stage's units, which point to
 * them.  All from `first` on, in the same array, are settled for the same
 * choice: of equal ones that are near each other the backend is asked for the
 * first only, since a model may have a thousand equal layers.
 *
 * Shapes   products[plan->n_products].
 * Returns  as sl_product_settle().
 */
sluice_status sl_products_settle_layer(const sluice_layer_plan *plan,
                                       const struct sl_products_choice *choice,
                                       int n_copies,
                                       const struct sluice_product *first,
                                       struct sluice_product *products,
                                       sluice_diag *why);
sluice_status sl_products_settle(struct sl_stage *stage,
                                 const struct sluice_product *first,
                                 const struct sl_products_choice *choice,
                                 sluice_diag *why);

/* The backends of products, all zero at first. */
struct sl_backends {
    unsigned bits; /* one for each that was seen */
};

/* Note those of some products. */
void sl_backends_note(struct sl_backends *seen,
                      const struct sluice_product *products, int n);

/* What was noted, as sluice_pipeline_gemm() names it. */
const char *sl_backends_name(const struct sl_backends *seen);

/* Bytes of packed weights of the stage, and the largest scratch. */
size_t sl_products_packed_bytes(const struct sl_stage *stage);
size_t sl_products_scratch_bytes(const struct sl_stage *stage);

/* Give them their memory. */
void sl_products_bind(struct sl_stage *stage, struct sl_arena *arena,
                      void *scratch);

/*
 * Prepare them, once they have memory.
 *
 * Returns  as sl_product_prepare(); after an error, too, sl_products_fini()
 *          frees what was prepared.
 */
sluice_status sl_products_prepare(struct sl_stage *stage, sluice_diag *why);

/* Free what was prepared, if anything.  Threads: the caller, while no device
 * runs. */
void sl_products_fini(struct sl_stage *stage);

/*
 * The stage's weights at `params`, one of its versions, have changed: packed
 * copies of them are void.
 *
 * Threads  the stage's device; the caller between steps.
 */
void sl_products_forget(const struct sl_stage *stage, const float *params);

/* The same of its newest weights. */
void sl_products_forget_newest(const struct sl_stage *stage);

/*
 * Pack the weights at `params` for products of the kind, forward or input, as
 * far as that is not done.
 *
 * Threads  the stage's device.
 * Returns  as sl_product_pack().
 */
sluice_status sl_products_pack(const struct sl_stage *stage,
                               enum sl_gemm_kind kind, const float *params);

/* Whatever lies where the packed copies were, it is none: the same for all. */
void sl_products_forget_all(const struct sl_stage *stage);

#endif
