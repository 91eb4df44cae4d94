/* How products are settled: libraries, forms and room.  The thread that creates
 * the pipeline. */
#include "tensor/gemm/product.h"

static enum sl_gemm_kind kind_of(enum sl_product_form form)
{
    return form == SL_FORM_WEIGHT_ADD ? SL_GEMM_WEIGHT
                                      : (enum sl_gemm_kind)form;
}

static struct sl_form form_of(const struct sluice_product *product, int r,
                              enum sl_product_form form)
{
    return (struct sl_form){
        .kind = kind_of(form),
        .size = {product->rows[r], product->in, product->out},
        .precision = product->precision,
        .packs = product->ruling.packs && kind_of(form) != SL_GEMM_WEIGHT,
        .layout_rows = product->rows[0],
        .accumulate = form == SL_FORM_WEIGHT_ADD,
    };
}

/* Whether a form is to be prepared. */
static const struct sl_preparing *
preparing_of(const struct sluice_product *product, int r,
             enum sl_product_form form)
{
    if (product->rows[r] < 1 || product->own)
        return NULL;
    return product->ruling.backend[kind_of(form)]->preparing;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static sluice_status refused(sluice_status st, const struct sluice_product *p,
                             enum sl_product_form form, sluice_diag *why)
{
    const char *name = p->ruling.backend[kind_of(form)]->name;
    return sluice_diag_set(
        why, st, "%s refused a product of %lld x %lld with %lld rows", name,
        (long long)p->in, (long long)p->out, (long long)p->rows[0]);
}

/* Add what a form needs; a backend that has no such form leaves the whole kind
 * to OpenBLAS. */
static sluice_status add_needs(struct sluice_product *product, int r,
                               enum sl_product_form form, sluice_diag *why)
{
    const struct sl_preparing *preparing = preparing_of(product, r, form);
    if (!preparing)
        return SLUICE_OK;
    struct sl_form wanted = form_of(product, r, form);
    struct sl_form_needs needs;
    sluice_status st = preparing->needs(&wanted, &needs);
    if (st == SLUICE_NOT_FOUND) {
        product->ruling.backend[wanted.kind] = sl_gemm_openblas();
        return SLUICE_OK;
    }
    if (st)
        return refused(st, product, form, why);
    if (wanted.packs)
        product->packed_bytes[wanted.kind] =
            SL_COPY_HEAD + sl_round_up(needs.packed_bytes);
    product->scratch_bytes =
        larger(product->scratch_bytes, sl_round_up(needs.scratch_bytes));
    return SLUICE_OK;
}

struct sl_gemm sl_product_size(const struct sluice_product *product,
                               enum sl_gemm_kind kind, int64_t rows)
{
    const struct sl_product_cut *cut = &product->cut;
    if (kind == SL_GEMM_INPUT)
        return (struct sl_gemm){rows, cut->in.n, product->out};
    return (struct sl_gemm){rows, product->in, cut->out.n};
}

/* What a device of a team needs for parts of any of its products. */
static size_t parts_bytes(const struct sluice_product *product,
                          enum sl_gemm_kind kind)
{
    const struct sl_paneling *paneling =
        product->ruling.backend[kind]->paneling;
    size_t most = 0;
    for (int s = 0; s < product->cut.n_shards && product->cut.n_shards > 1;
         s++) {
        struct sluice_product of = {.in = product->in, .out = product->out};
        of.cut = sl_product_cut_of(of.in, of.out, product->cut.n_shards, s);
        struct sl_gemm size = sl_product_size(&of, kind, 1);
        if (size.in > 0 && size.out > 0)
            most = larger(most, paneling->parts_bytes(kind, size.in, size.out));
    }
    return most;
}

/* What a kind needs of a backend that packs and prepares nothing; and room for
 * the weights of a team, which a device copies for its input gradients. */
static void add_room(struct sluice_product *product, enum sl_gemm_kind kind,
                     int n_uses)
{
    const struct sl_paneling *paneling =
        product->ruling.backend[kind]->paneling;
    struct sl_gemm size = sl_product_size(product, kind, 1);
    struct sl_gemm full = sl_product_size(product, kind, product->rows[0]);
    /* What a product without a copy prepares of the other operand, each device
     * of a team prepares; of the copy it makes its share. */
    if (kind == SL_GEMM_INPUT)
        n_uses *= product->cut.n_shards;
    bool packs = product->ruling.packs && kind != SL_GEMM_WEIGHT && paneling &&
                 paneling->packs(kind, full, n_uses);
    size_t copied = kind == SL_GEMM_INPUT
                        ? sl_product_cut_bytes(&product->cut, product->out)
                        : 0;
    size_t scratch = packs ? copied : 0;
    if (packs) {
        product->packs[kind] = true;
        copied = paneling->packed_bytes(kind, size.in, size.out);
    }
    if (copied > 0)
        product->packed_bytes[kind] = SL_COPY_HEAD + sl_round_up(copied);
    if (paneling)
        scratch = larger(
            scratch, paneling->scratch_bytes(kind, size.in, size.out, packs));
    if (paneling)
        scratch = larger(scratch, parts_bytes(product, kind));
    product->scratch_bytes =
        larger(product->scratch_bytes, sl_round_up(scratch));
}

/* Vectors that row count r brings; too many to count are too many for BLAS. */
static int64_t vectors(const struct sl_product_wish *wish, int r)
{
    int64_t n;
    if (__builtin_mul_overflow(wish->rows[r],
                               wish->rows_per_row ? wish->rows_per_row : 1, &n))
        return INT64_MAX;
    return n;
}

/* A layer that multiplies by itself does so by tiles, or by strides.  A device
 * of a team reads weights of all devices for its input gradients: it puts them
 * together in the scratch memory for tiles, and keeps them for strides. */
static void settle_own(struct sluice_product *product)
{
    const struct sl_product_cut *cut = &product->cut;
    const int64_t *parts = product->copy_parts;
    int64_t floats = product->in * product->out;
    size_t joined = 0;
    if (cut->n_shards > 1)
        joined = sl_product_cut_share(cut, parts[SL_GEMM_INPUT],
                                      floats * (int64_t)sizeof(float));
    for (int kind = 0; kind < SL_GEMM_KINDS; kind++) {
        const struct sl_gemm_backend *backend = product->ruling.backend[kind];
        bool tiles = backend->paneling && product->copy_bytes[0] > 0;
        if (!tiles && !backend->strided)
            product->ruling.backend[kind] = sl_gemm_openblas();
        if (kind == SL_GEMM_WEIGHT || (!tiles && joined == 0))
            continue;
        size_t copied = kind == SL_GEMM_INPUT ? joined : 0;
        if (tiles)
            copied = sl_product_cut_share(cut, parts[kind],
                                          product->copy_bytes[kind]);
        if (tiles || copied > 0)
            product->packed_bytes[kind] = SL_COPY_HEAD + sl_round_up(copied);
        if (tiles && kind == SL_GEMM_INPUT)
            product->scratch_bytes = sl_round_up(joined);
    }
}

sluice_status sl_product_settle(struct sluice_product *product,
                                const struct sl_product_wish *wish,
                                sluice_diag *why)
{
    struct sl_gemm size = {vectors(wish, 0), wish->in, wish->out};
    struct sl_gemm_machine machine = sl_gemm_this_machine();
    struct sl_gemm_use use = {size, wish->n_uses, wish->own};
    *product = (struct sluice_product){
        .in = wish->in,
        .out = wish->out,
        .rows_per_row = wish->rows_per_row,
        .precision = wish->precision,
        .n_copies = wish->n_copies,
        .own = wish->own,
        .copy_bytes = {wish->copy_bytes[0], wish->copy_bytes[1]},
        .copy_parts = {wish->copy_parts[0], wish->copy_parts[1]},
        .cut =
            sl_product_cut_of(wish->in, wish->out,
                              wish->n_shards ? wish->n_shards : 1, wish->shard),
        .ruling = sl_gemm_rule(wish->choice, wish->precision, &machine, use),
    };
    sluice_status st = SLUICE_OK;
    if (product->own) {
        settle_own(product);
        return SLUICE_OK;
    }
    if (sl_gemm_is_valid(size)) {
        for (int r = 0; r < SL_PRODUCT_ROWS; r++)
            product->rows[r] = vectors(wish, r);
        for (int kind = 0; kind < SL_GEMM_KINDS; kind++)
            add_room(product, kind, wish->n_uses);
    }
    for (int r = 0; r < SL_PRODUCT_ROWS; r++)
        for (int form = 0; form < SL_PRODUCT_FORMS && !st; form++)
            st = add_needs(product, r, form, why);
    for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++)
        if (!product->ruling.backend[kind]->preparing &&
            !product->ruling.backend[kind]->paneling &&
            product->cut.n_shards == 1)
            product->packed_bytes[kind] = 0;
    return st;
}

size_t sl_product_packed_bytes(const struct sluice_product *product)
{
    size_t one = 0;
    for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++)
        one += product->packed_bytes[kind];
    return one * (size_t)product->n_copies;
}

void sl_product_bind(struct sluice_product *product, void *packed,
                     void *scratch)
{
    char *at = packed;
    for (int kind = 0; kind < SL_PRODUCT_PACKED; kind++) {
        product->packed[kind] = at;
        at += product->packed_bytes[kind] * (size_t)product->n_copies;
    }
    product->scratch = scratch;
}

sluice_status sl_product_prepare(struct sluice_product *product,
                                 sluice_diag *why)
{
    for (int r = 0; r < SL_PRODUCT_ROWS; r++)
        for (int form = 0; form < SL_PRODUCT_FORMS; form++) {
            const struct sl_preparing *preparing =
                preparing_of(product, r, form);
            if (!preparing)
                continue;
            struct sl_form wanted = form_of(product, r, form);
            sluice_status st =
                preparing->prepare(&wanted, &product->made[r][form]);
            if (st) {
                sl_product_fini(product);
                return refused(st, product, form, why);
            }
        }
    return SLUICE_OK;
}

void sl_product_fini(struct sluice_product *product)
{
    for (int r = 0; r < SL_PRODUCT_ROWS; r++)
        for (int form = 0; form < SL_PRODUCT_FORMS; form++) {
            if (product->made[r][form])
                preparing_of(product, r, form)->release(product->made[r][form]);
            product->made[r][form] = NULL;
        }
}
