/* The backend whose products are made by tiles.  Any thread. */
#include "tensor/gemm/backend.h"

#include "tensor/gemm/panels.h"
#include "tensor/gemm/turned.h"

/* w[in][out] as the kind reads it: its depth by its columns. */
static struct sl_view weights(enum sl_gemm_kind kind, const float *w,
                              int64_t out)
{
    if (kind == SL_GEMM_FORWARD)
        return (struct sl_view){w, out, 1};
    return (struct sl_view){w, 1, out};
}

/* What a kind of product multiplies.  The last operand of a weight gradient is
 * dy[rows][out], which lies as the weights of a forward do. */
static struct sl_panel_product
product_of(enum sl_gemm_kind kind, struct sl_gemm s, struct sl_operands at)
{
    switch (kind) {
    case SL_GEMM_FORWARD:
        return (struct sl_panel_product){
            .m = s.rows,
            .depth = s.in,
            .n = s.out,
            .a = {at.left, s.in, 1},
            .b = weights(kind, at.right, s.out),
            .c = at.result,
            .c_row = at.result_row,
        };
    case SL_GEMM_INPUT:
        return (struct sl_panel_product){
            .m = s.rows,
            .depth = s.out,
            .n = s.in,
            .a = {at.left, s.out, 1},
            .b = weights(kind, at.right, s.out),
            .c = at.result,
            .c_row = at.result_row,
        };
    default:
        return (struct sl_panel_product){
            .m = s.in,
            .depth = s.rows,
            .n = s.out,
            .a = {at.left, 1, s.in},
            .b = {at.right, at.dy_row ? at.dy_row : s.out, 1},
            .c = at.result,
            .c_row = at.result_row,
        };
    }
}

/* Of any number of rows: only the operand that is packed counts. */
static struct sl_panel_product any_rows(enum sl_gemm_kind kind, int64_t in,
                                        int64_t out)
{
    struct sl_gemm size = {SL_TILE_DEPTH, in, out};
    return product_of(kind, size, (struct sl_operands){0});
}

static bool packs(enum sl_gemm_kind kind, struct sl_gemm size, int n_uses)
{
    struct sl_panel_product p = product_of(kind, size, (struct sl_operands){0});
    return sl_panels_pay(&p, n_uses) &&
           !sl_turned_is_fastest(sl_tiles(), &p, n_uses);
}

static size_t packed_bytes(enum sl_gemm_kind kind, int64_t in, int64_t out)
{
    struct sl_panel_product p = any_rows(kind, in, out);
    return (size_t)sl_panels_floats(sl_tiles(), p.depth, p.n) * sizeof(float);
}

static size_t scratch_bytes(enum sl_gemm_kind kind, int64_t in, int64_t out,
                            bool is_packed)
{
    struct sl_panel_product p = any_rows(kind, in, out);
    size_t bytes = sl_panels_scratch_bytes(sl_tiles(), p.depth, p.n, is_packed);
    size_t turned = sl_turned_scratch_bytes(sl_tiles(), p.depth);
    bool may_turn = kind == SL_GEMM_INPUT && !is_packed;
    return may_turn && turned > bytes ? turned : bytes;
}

static void pack(enum sl_gemm_kind kind, int64_t in, int64_t out,
                 const float *w, void *packed)
{
    struct sl_panel_product p = any_rows(kind, in, out);
    sl_panels_pack(sl_tiles(), weights(kind, w, out), p.depth, p.n, packed);
}

static sluice_status run(enum sl_gemm_kind kind, struct sl_gemm size,
                         struct sl_operands operands, bool is_packed,
                         bool accumulate, void *scratch)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    struct sl_panel_product p = product_of(kind, size, operands);
    p.panels = is_packed ? operands.right : NULL;
    p.add = accumulate;
    if (sl_turned_pays(sl_tiles(), &p))
        sl_turned_multiply(sl_tiles(), &p, scratch);
    else
        sl_panels_multiply(sl_tiles(), &p, scratch);
    return SLUICE_OK;
}

/* ---- parts ---------------------------------------------------------------
 *
 * Forward and input gradient: of panels, or turned round.  Weight gradient:
 * rows of dw, a tile each, from panels of dy that each thread makes for itself.
 */

enum {
    LEAST_WORK = 1 << 19, /* multiply-adds: some microseconds */
    WEIGHT_COLUMNS = 1024 /* of which the panels stay in the second cache */
};

static int64_t n_parts(enum sl_gemm_kind kind, struct sl_gemm size,
                       bool is_packed)
{
    struct sl_panel_product p = product_of(kind, size, (struct sl_operands){0});
    if (p.m * p.depth < LEAST_WORK / p.n)
        return 0;
    if (is_packed)
        return sl_panels_n_parts(sl_tiles(), &p);
    if (kind == SL_GEMM_FORWARD)
        return 0;
    if (kind == SL_GEMM_INPUT)
        return sl_turned_pays(sl_tiles(), &p) ? sl_turned_n_parts(&p) : 0;
    if (p.depth > SL_TILE_DEPTH || p.n > WEIGHT_COLUMNS)
        return 0;
    return (p.m + sl_tiles()->rows - 1) / sl_tiles()->rows;
}

static size_t parts_bytes(enum sl_gemm_kind kind, int64_t in, int64_t out)
{
    if (kind == SL_GEMM_WEIGHT)
        return scratch_bytes(kind, in, out, false);
    return sl_panels_parts_bytes(kind == SL_GEMM_INPUT ? out : in);
}

/* Some rows of dw. */
static void make_rows(struct sl_panel_product p, struct sl_parts parts,
                      struct sl_left_kept *kept, void *scratch)
{
    int64_t rows = sl_tiles()->rows, first = parts.first * rows;
    int64_t end = first + parts.n * rows;
    float *panels = sl_panels_room(scratch);
    if (kept->of != p.b.at)
        sl_panels_pack_block(sl_tiles(), p.b, p.depth, p.n, panels);
    kept->of = p.b.at;
    p.panels = panels;
    p.a.at += first;
    p.c += first * (p.c_row ? p.c_row : p.n);
    p.m = (end < p.m ? end : p.m) - first;
    sl_panels_multiply(sl_tiles(), &p, scratch);
}

static void make_parts(enum sl_gemm_kind kind, struct sl_gemm size,
                       struct sl_operands operands, bool is_packed,
                       bool accumulate, struct sl_parts parts,
                       struct sl_left_kept *kept, void *scratch)
{
    struct sl_panel_product p = product_of(kind, size, operands);
    p.panels = is_packed ? operands.right : NULL;
    p.add = accumulate;
    if (kind == SL_GEMM_WEIGHT) {
        make_rows(p, parts, kept, scratch);
        return;
    }
    if (!kept->of)
        kept->number = -1;
    if (is_packed)
        sl_panels_make_parts(sl_tiles(), &p, parts.first, parts.n,
                             &kept->number, scratch);
    else
        sl_turned_make_parts(sl_tiles(), &p, parts.first, parts.n,
                             kept->of != NULL, scratch);
    kept->of = operands.left;
}

const struct sl_gemm_backend *sl_gemm_packed(void)
{
    static const struct sl_paneling paneling = {
        .packs = packs,
        .packed_bytes = packed_bytes,
        .scratch_bytes = scratch_bytes,
        .pack = pack,
        .run = run,
        .n_parts = n_parts,
        .parts_bytes = parts_bytes,
        .make_parts = make_parts,
    };
    static const struct sl_gemm_backend backend = {
        .name = "packed",
        .paneling = &paneling,
    };
    return sl_tiles() ? &backend : NULL;
}
