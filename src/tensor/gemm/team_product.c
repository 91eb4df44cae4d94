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

sluice_status sl_team_product_run(struct sluice_product *product,
                                  enum sl_gemm_kind kind, int64_t rows,
                                  struct sl_operands operands,
                                  const float *const *shards, bool accumulate)
{
    const struct sl_gemm_backend *backend = product->ruling.backend[kind];
    struct sl_gemm size = sl_product_size(product, kind, rows);
    bool packs = kind != SL_GEMM_WEIGHT && product->packed_bytes[kind] > 0;
    bool is_packed = packs && product->packs[kind];
    if (size.in == 0 || size.out == 0)
        return SLUICE_OK; /* fewer columns than devices */
    if (!sl_gemm_is_valid(size) || product->rows[0] == 0)
        return SLUICE_INVALID;
    if (packs) {
        const struct sl_product_weights weights = {operands.right, shards};
        sluice_status st =
            sl_product_packed(product, kind, NULL, weights, &operands.right);
        if (st)
            return st;
    }
    operands = aim(product, kind, operands);
    if (backend->paneling)
        return backend->paneling->run(kind, size, operands, is_packed,
                                      accumulate, product->scratch);
    struct sl_strided p = strided(kind, size, operands, accumulate);
    return backend->strided(&p);
}
