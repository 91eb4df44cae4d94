/* Products that are settled before the first step.  One thread at a time. */
#include "tensor/gemm/product.h"

#include "base/memory.h"

/* In front of each packed copy: the weights that it was made from; NULL if it
 * is void. */
struct copy_head {
    const float *of;
};

_Static_assert(sizeof(struct copy_head) <= SL_COPY_HEAD, "a copy's head fits");

static struct copy_head *copy_at(const struct sluice_product *product, int kind,
                                 int i)
{
    char *at = product->packed[kind] + (size_t)i * product->packed_bytes[kind];
    return (struct copy_head *)(void *)at;
}

void sl_product_forget(struct sluice_product *product, const float *w)
{
    for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++)
        for (int i = 0; i < product->n_copies && product->packed_bytes[kind];
             i++) {
            struct copy_head *copy = copy_at(product, kind, i);
            if (!w || copy->of == w)
                copy->of = NULL;
        }
}

/* Write w as the backend of the kind reads it.  A team's weights are put
 * together first: in the scratch memory if they are packed from there. */
static sluice_status pack(const struct sluice_product *product,
                          enum sl_gemm_kind kind, struct sl_prepared *made,
                          struct sl_product_weights weights, void *to)
{
    const struct sl_gemm_backend *backend = product->ruling.backend[kind];
    bool packs = product->packs[kind];
    const float *w = weights.own;
    if (backend->preparing)
        return backend->preparing->pack(made, w, to);
    if (product->cut.n_shards > 1 && kind == SL_GEMM_INPUT) {
        w = packs ? product->scratch : to;
        sl_product_cut_copy(&product->cut, product->out, weights.shards,
                            packs ? product->scratch : to);
    }
    struct sl_gemm size = sl_product_size(product, kind, 1);
    if (packs)
        backend->paneling->pack(kind, size.in, size.out, w, to);
    return SLUICE_OK;
}

/* The copy of w; if there is none, the oldest one, now void. */
static struct copy_head *find_copy(struct sluice_product *product,
                                   enum sl_gemm_kind kind, const float *w)
{
    for (int i = 0; i < product->n_copies; i++) {
        struct copy_head *copy = copy_at(product, (int)kind, i);
        if (copy->of == w)
            return copy;
    }
    struct copy_head *oldest = copy_at(product, (int)kind, product->next[kind]);
    product->next[kind] = (product->next[kind] + 1) % product->n_copies;
    oldest->of = NULL;
    return oldest;
}

float *sl_product_room(struct sluice_product *product, enum sl_gemm_kind kind,
                       const float *w, bool *is_made)
{
    struct copy_head *copy = find_copy(product, kind, w);
    *is_made = copy->of == w;
    copy->of = w;
    return (float *)(void *)((char *)copy + SL_COPY_HEAD);
}

sluice_status sl_product_packed(struct sluice_product *product,
                                enum sl_gemm_kind kind,
                                struct sl_prepared *made,
                                struct sl_product_weights weights,
                                const float **packed)
{
    const float *w = weights.own;
    struct copy_head *copy = find_copy(product, kind, w);
    sluice_status st = SLUICE_OK;
    if (copy->of != w) {
        st = pack(product, kind, made, weights, (char *)copy + SL_COPY_HEAD);
        if (!st)
            copy->of = w;
    }
    *packed = (const float *)(void *)((char *)copy + SL_COPY_HEAD);
    return st;
}

sluice_status sl_product_pack(struct sluice_product *product,
                              enum sl_gemm_kind kind, const float *w)
{
    const float *packed;
    bool prepares = product->ruling.backend[kind]->preparing != NULL;
    struct sl_prepared *made = prepares ? product->made[0][kind] : NULL;
    if (product->packed_bytes[kind] == 0 || (prepares && !made) ||
        product->cut.n_shards > 1 || product->own)
        return SLUICE_OK;
    return sl_product_packed(product, kind, made,
                             (struct sl_product_weights){.own = w}, &packed);
}

/* The place of a row count among those prepared; -1 if it is not. */
static int prepared_rows(const struct sluice_product *product, int64_t rows)
{
    for (int r = 0; r < SL_PRODUCT_ROWS; r++)
        if (product->rows[r] == rows)
            return r;
    return -1;
}

static sluice_status run_made(struct sluice_product *product,
                              enum sl_gemm_kind kind, struct sl_prepared *made,
                              struct sl_operands operands)
{
    sluice_status st = SLUICE_OK;
    if (product->ruling.packs && kind != SL_GEMM_WEIGHT)
        st = sl_product_packed(
            product, kind, made,
            (struct sl_product_weights){.own = operands.right},
            &operands.right);
    if (!st)
        st = product->ruling.backend[kind]->preparing->run(made, operands,
                                                           product->scratch);
    return st;
}

static sluice_status run_packed(struct sluice_product *product,
                                enum sl_gemm_kind kind, struct sl_gemm size,
                                struct sl_operands operands, bool accumulate)
{
    bool packs = kind != SL_GEMM_WEIGHT && product->packed_bytes[kind] > 0;
    sluice_status st = SLUICE_OK;
    if (packs)
        st = sl_product_packed(
            product, kind, NULL,
            (struct sl_product_weights){.own = operands.right},
            &operands.right);
    if (!st)
        st = product->ruling.backend[kind]->paneling->run(
            kind, size, operands, packs, accumulate, product->scratch);
    return st;
}

sluice_status sl_product_run(struct sluice_product *product,
                             enum sl_gemm_kind kind, int64_t rows,
                             struct sl_operands operands, bool accumulate)
{
    const struct sl_gemm_backend *backend = product->ruling.backend[kind];
    struct sl_gemm size = {rows, product->in, product->out};
    if (backend->paneling && product->rows[0] > 0)
        return run_packed(product, kind, size, operands, accumulate);
    int r = prepared_rows(product, rows);
    int form = (int)kind + (kind == SL_GEMM_WEIGHT && accumulate);
    if (rows > 0 && r >= 0 && product->made[r][form] &&
        !(kind == SL_GEMM_FORWARD && accumulate))
        return run_made(product, kind, product->made[r][form], operands);
    if (!backend->multiplying)
        backend = sl_gemm_openblas();
    return sl_gemm_product(backend, kind, size, operands, accumulate);
}

sluice_status sl_product_strided(const struct sluice_product *product,
                                 const struct sl_strided *strided)
{
    const struct sl_gemm_backend *backend = sl_gemm_openblas();
    if (product && product->ruling.backend[SL_GEMM_FORWARD]->activations)
        backend = product->ruling.backend[SL_GEMM_FORWARD];
    return backend->activations(strided);
}
