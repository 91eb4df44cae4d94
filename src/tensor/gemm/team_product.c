/* Products of a team.  The device. */
#include "tensor/gemm/team_product.h"

/* The result as rows of a whole matrix, at this device's columns; and dy. */
static struct sl_operands aim(const struct sluice_product *product,
                              enum sl_gemm_kind kind,
                              struct sl_operands operands)
{
    const struct sl_product_cut *cut = &product->cut;
    if (kind == SL_GEMM_FORWARD) {
        operands.result += cut->out.first;
        operands.result_row = product->out;
    } else if (kind == SL_GEMM_INPUT) {
        operands.result += cut->in.first;
        operands.result_row = product->in;
    } else {
        operands.right += cut->out.first;
        operands.dy_row = product->out;
    }
    return operands;
}

/* The same product for a backend that takes strides. */
static struct sl_strided strided(enum sl_gemm_kind kind, struct sl_gemm s,
                                 struct sl_operands at, bool accumulate)
{
    struct sl_strided p = {
        .alpha = 1,
        .c = at.result,
        .c_stride = at.result_row,
        .accumulate = accumulate,
    };
    switch (kind) {
    case SL_GEMM_FORWARD:
        p.size = s;
        p.a = (struct sl_matrix){at.left, s.in, false};
        p.b = (struct sl_matrix){at.right, s.out, false};
        break;
    case SL_GEMM_INPUT:
        p.size = (struct sl_gemm){s.rows, s.out, s.in};
        p.a = (struct sl_matrix){at.left, s.out, false};
        p.b = (struct sl_matrix){at.right, s.out, true};
        break;
    default:
        p.size = (struct sl_gemm){s.in, s.rows, s.out};
        p.a = (struct sl_matrix){at.left, s.in, true};
        p.b = (struct sl_matrix){at.right, at.dy_row, false};
        p.c_stride = s.out;
        break;
    }
    return p;
}

/* ---- parts ---------------------------------------------------------------
 */

/* A call: what is the same for all devices. */
struct call {
    enum sl_gemm_kind kind;
    int64_t rows;
    struct sl_operands operands;
    bool accumulate;
    void *scratch;
    struct sl_left_kept kept;
};

static bool is_packed(const struct sluice_product *product,
                      enum sl_gemm_kind kind)
{
    return kind != SL_GEMM_WEIGHT && product->packed_bytes[kind] > 0 &&
           product->packs[kind];
}

/* Parts that a device offers of a call. */
static int64_t n_parts(const struct sluice_product *product,
                       const struct call *call)
{
    const struct sl_paneling *paneling =
        product->ruling.backend[call->kind]->paneling;
    struct sl_gemm size = sl_product_size(product, call->kind, call->rows);
    if (!paneling || !product->next_shard || size.in == 0 || size.out == 0)
        return 0;
    return paneling->n_parts(call->kind, size, is_packed(product, call->kind));
}

/* Take half of the parts that are left, so that they get smaller towards the
 * end.  Returns false if there are none. */
static bool take_parts(struct sl_offer *offer, int64_t all,
                       struct sl_parts *parts)
{
    int_fast64_t left =
        atomic_load_explicit(&offer->left, memory_order_relaxed);
    int_fast64_t rest;
    do {
        if (left <= 0)
            return false;
        rest = left / 2;
    } while (!atomic_compare_exchange_weak_explicit(
        &offer->left, &left, rest, memory_order_acquire, memory_order_relaxed));
    *parts = (struct sl_parts){all - left, left - rest};
    return true;
}

/* Make parts of what a device offers until none are left. */
static void make_parts(struct sluice_product *owner, struct call *call)
{
    struct sl_offer *offer = &owner->offers[call->kind];
    int64_t all = n_parts(owner, call);
    struct sl_parts parts;
    while (take_parts(offer, all, &parts)) {
        struct sl_operands operands = call->operands;
        operands.right = offer->right;
        operands.result = offer->result;
        owner->ruling.backend[call->kind]->paneling->make_parts(
            call->kind, sl_product_size(owner, call->kind, call->rows),
            aim(owner, call->kind, operands), is_packed(owner, call->kind),
            call->accumulate, parts, &call->kept, call->scratch);
    }
}

/* Offer this device's columns of a product, make what it can of them, and then
 * of what others still offer. */
static void make_together(struct sluice_product *product, struct call *call,
                          int64_t all)
{
    struct sl_offer *offer = &product->offers[call->kind];
    offer->right = call->operands.right;
    offer->result = call->operands.result;
    atomic_store_explicit(&offer->left, all, memory_order_release);
    struct sluice_product *owner = product;
    do {
        make_parts(owner, call);
        owner = owner->next_shard;
    } while (owner != product);
}

/* ---- a call --------------------------------------------------------------
 */

sluice_status sl_team_product_run(struct sluice_product *product,
                                  enum sl_gemm_kind kind, int64_t rows,
                                  struct sl_operands operands,
                                  const float *const *shards, bool accumulate)
{
    const struct sl_gemm_backend *backend = product->ruling.backend[kind];
    struct sl_gemm size = sl_product_size(product, kind, rows);
    if (size.in == 0 || size.out == 0)
        return SLUICE_OK; /* fewer columns than devices */
    if (!sl_gemm_is_valid(size) || product->rows[0] == 0)
        return SLUICE_INVALID;
    if (kind != SL_GEMM_WEIGHT && product->packed_bytes[kind] > 0) {
        const struct sl_product_weights weights = {operands.right, shards};
        sluice_status st =
            sl_product_packed(product, kind, NULL, weights, &operands.right);
        if (st)
            return st;
    }
    struct call call = {kind, rows, operands, accumulate, product->scratch};
    int64_t all = n_parts(product, &call);
    if (all > 1) {
        make_together(product, &call, all);
        return SLUICE_OK;
    }
    operands = aim(product, kind, operands);
    if (backend->paneling)
        return backend->paneling->run(kind, size, operands,
                                      is_packed(product, kind), accumulate,
                                      product->scratch);
    struct sl_strided p = strided(kind, size, operands, accumulate);
    return backend->strided(&p);
}

bool sl_team_product_is_shared(const struct sluice_product *product,
                               enum sl_gemm_kind kind, int64_t rows)
{
    const struct call call = {.kind = kind, .rows = rows};
    const struct sluice_product *owner = product;
    do {
        if (n_parts(owner, &call) > 1)
            return true;
        owner = owner->next_shard;
    } while (owner && owner != product);
    return false;
}

void sl_team_product_join(struct sluice_product *product,
                          struct sluice_product *next)
{
    product->next_shard = next;
}
