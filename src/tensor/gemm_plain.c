/* Matrix products by plain loops.  Any thread. */
#include "tensor/gemm_plain.h"

/* A matrix read by strides, so that a transposed one is the same memory. */
struct view {
    const float *at;
    int64_t row_stride;
    int64_t col_stride;
};

static double dot(struct view a, int64_t row, struct view b, int64_t col,
                  int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += (double)a.at[row * a.row_stride + k * a.col_stride] *
               (double)b.at[k * b.row_stride + col * b.col_stride];
    return sum;
}

/* c[m][n] (+)= a[m][k] * b[k][n] */
static void multiply(int64_t m, int64_t n, int64_t k, struct view a,
                     struct view b, bool accumulate, float *c)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double old = accumulate ? (double)c[i * n + j] : 0;
            c[i * n + j] = (float)(old + dot(a, i, b, j, k));
        }
}

sluice_status sl_gemm_plain_forward(struct sl_gemm size, const float *x,
                                    const float *w, bool accumulate, float *y)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.rows, size.out, size.in, (struct view){x, size.in, 1},
             (struct view){w, size.out, 1}, accumulate, y);
    return SLUICE_OK;
}

sluice_status sl_gemm_plain_input(struct sl_gemm size, const float *dy,
                                  const float *w, float *dx)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.rows, size.in, size.out, (struct view){dy, size.out, 1},
             (struct view){w, 1, size.out}, false, dx);
    return SLUICE_OK;
}

sluice_status sl_gemm_plain_weight(struct sl_gemm size, const float *x,
                                   const float *dy, bool accumulate, float *dw)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.in, size.out, size.rows, (struct view){x, 1, size.in},
             (struct view){dy, size.out, 1}, accumulate, dw);
    return SLUICE_OK;
}

static struct view view_of(struct sl_matrix matrix)
{
    if (matrix.transposed)
        return (struct view){matrix.at, 1, matrix.stride};
    return (struct view){matrix.at, matrix.stride, 1};
}

sluice_status sl_gemm_plain_strided(const struct sl_strided *p)
{
    if (!sl_strided_is_valid(p))
        return SLUICE_INVALID;
    struct view a = view_of(p->a), b = view_of(p->b);
    for (int64_t i = 0; i < p->size.rows; i++)
        for (int64_t j = 0; j < p->size.out; j++) {
            float *c = &p->c[i * p->c_stride + j];
            double old = p->accumulate ? (double)*c : 0;
            *c = (float)(old + (double)p->alpha * dot(a, i, b, j, p->size.in));
        }
    return SLUICE_OK;
}
