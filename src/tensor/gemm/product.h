/*
 * A product with a parameter, settled before the first step: which backend
 * makes its three kinds, for which row counts they are prepared, and what
 * memory packed copies of the weights take.
 *
 * The life of a product: sl_product_settle() without memory; sl_product_bind()
 * to the memory it asked for; sl_product_prepare(), which takes milliseconds;
 * runs, which allocate nothing of ours; sl_product_fini().
 *
 * Row counts that are not prepared, such as those of the last mini-batch of an
 * epoch, go through OpenBLAS (through the plain loops, if they were asked
 * for), in float32 whatever the precision.
 *
 * Threads: one at a time.
 */
#ifndef SL_TENSOR_GEMM_PRODUCT_H
#define SL_TENSOR_GEMM_PRODUCT_H

#include <stdatomic.h>

#include "base/memory.h"
#include "tensor/gemm/gemm_rule.h"
#include "tensor/gemm/product_cut.h"

enum {
    SL_PRODUCT_ROWS = 2,   /* row counts that are prepared */
    SL_PRODUCT_PACKED = 2, /* copies of weights: for forward, for input */
};

enum sl_product_form {
    SL_FORM_FORWARD,
    SL_FORM_INPUT,
    SL_FORM_WEIGHT,
    SL_FORM_WEIGHT_ADD,
    SL_PRODUCT_FORMS
};

/* Bytes in front of a packed copy. */
enum { SL_COPY_HEAD = SL_ALIGN };

/* A product of a team as this device offers parts of it to the others: those
 * that nobody has taken yet.  Outside of the device's own call there are
 * none. */
struct sl_offer {
    atomic_int_fast64_t left; /* [atomic] the device's release store publishes
                                 the rest, which is read by who has taken */
    const float *right;
    float *result; /* of a weight gradient */
};

/* The name is that of the public, opaque type. */
struct sluice_product {
    int64_t in;                    /* const after settle: of the whole */
    int64_t out;                   /* const after settle: the same */
    struct sl_product_cut cut;     /* const after settle */
    int64_t rows[SL_PRODUCT_ROWS]; /* const after settle: vectors that are
                                      prepared; 0: none */
    int64_t rows_per_row;          /* const after settle: the wish's */
    bool own;                      /* const after settle: the layer multiplies;
                                      the wish's copy_bytes are its copies' */
    int64_t copy_bytes[SL_PRODUCT_PACKED]; /* const after settle: of all
                                              devices of a team */
    int64_t copy_parts[SL_PRODUCT_PACKED]; /* const after settle */
    enum sl_precision precision;           /* const after settle */
    struct sl_gemm_ruling ruling;          /* const after settle */
    bool packs[SL_PRODUCT_PACKED];         /* const after settle: by paneling */
    int n_copies; /* const after settle: versions of weights
                     in use at once */
    size_t packed_bytes[SL_PRODUCT_PACKED]; /* const after settle: of one */
    size_t scratch_bytes;                   /* const after settle */

    char *packed[SL_PRODUCT_PACKED]; /* [n_copies], const after bind */
    void *scratch;                   /* const after bind; shared with others */
    int next[SL_PRODUCT_PACKED];     /* the copy that is replaced next */
    struct sl_prepared *made[SL_PRODUCT_ROWS][SL_PRODUCT_FORMS];
    struct sluice_product *next_shard; /* const after it is joined: that of the
                                          next device of the team, in a circle;
                                          NULL: no parts are offered */
    struct sl_offer offers[SL_GEMM_KINDS];
};

/* What a product is settled from. */
struct sl_product_wish {
    enum sl_gemm_choice choice;
    enum sl_precision precision; /* that the choice has, see gemm_rule.h */
    int64_t in;
    int64_t out;
    int64_t rows[SL_PRODUCT_ROWS]; /* that a full batch brings, the larger
                                      first; 0: no second one */
    int64_t rows_per_row; /* vectors of the product in each of them; 0: 1 */
    bool own;             /* see sluice_product_spec */
    int64_t copy_bytes[SL_PRODUCT_PACKED];
    int64_t copy_parts[SL_PRODUCT_PACKED];
    int n_uses;   /* of the weights between two updates */
    int n_copies; /* at least 1 */
    int n_shards; /* devices of a team; 0: 1 */
    int shard;    /* the device's number among them */
};

/*
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY, SLUICE_SYSTEM if the backend refused.
 */
sluice_status sl_product_settle(struct sluice_product *product,
                                const struct sl_product_wish *wish,
                                sluice_diag *why);

/* Bytes of all packed copies, a multiple of SL_ALIGN. */
size_t sl_product_packed_bytes(const struct sluice_product *product);

/* Give it its memory: sl_product_packed_bytes(), zeroed before the first run,
 * and scratch_bytes that last during a run; both aligned to SL_ALIGN. */
void sl_product_bind(struct sluice_product *product, void *packed,
                     void *scratch);

/* Prepare its forms.  Returns as sl_product_settle(); then nothing is left to
 * be freed. */
sluice_status sl_product_prepare(struct sluice_product *product,
                                 sluice_diag *why);

/* Free what was prepared; also legal on a product of zeros. */
void sl_product_fini(struct sluice_product *product);

/*
 * Make the packed copy of `w` that forward or input reads now, if it reads one
 * and there is none: what its next run would do.  Those of a team are left to
 * its runs.
 *
 * Returns  SLUICE_OK, or what the backend returned.
 */
sluice_status sl_product_pack(struct sluice_product *product,
                              enum sl_gemm_kind kind, const float *w);

/* Weights at `w` have changed: packed copies of them are void.  NULL: all. */
void sl_product_forget(struct sluice_product *product, const float *w);

/*
 * Multiply; `right` of forward and input is the weights as they are.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if `rows` is out of range;
 *          SLUICE_NO_MEMORY, SLUICE_SYSTEM if the backend refused.
 */
sluice_status sl_product_run(struct sluice_product *product,
                             enum sl_gemm_kind kind, int64_t rows,
                             struct sl_operands operands, bool accumulate);

/* The size of a product of a kind, as this device makes it. */
struct sl_gemm sl_product_size(const struct sluice_product *product,
                               enum sl_gemm_kind kind, int64_t rows);

/* Weights of a product. */
struct sl_product_weights {
    const float *own;           /* w[in][out], of a team its columns */
    const float *const *shards; /* [n_shards] of a team: those of all devices */
};

/*
 * The packed copy of weights for a kind, made now if there is none; the oldest
 * goes.  `made` is what a backend has prepared, or NULL.
 *
 * Returns  SLUICE_OK, or as the backend's pack().
 */
sluice_status sl_product_packed(struct sluice_product *product,
                                enum sl_gemm_kind kind,
                                struct sl_prepared *made,
                                struct sl_product_weights weights,
                                const float **packed);

/*
 * Room for a copy of weights w, if the layer multiplies by itself, and whether
 * it has been made there; else the caller makes it now.  A device without a
 * share of the result has no room: it may not ask for it.
 */
float *sl_product_room(struct sluice_product *product, enum sl_gemm_kind kind,
                       const float *w, bool *is_made);

/*
 * A product of activations with each other, in float32 whatever the precision,
 * of a layer that has `product`: by its backend for forward, or by OpenBLAS if
 * that has none or `product` is NULL.
 *
 * Returns  as sl_gemm_strided().
 */
sluice_status sl_product_strided(const struct sluice_product *product,
                                 const struct sl_strided *strided);

#endif
