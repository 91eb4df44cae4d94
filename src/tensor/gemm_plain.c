/* Matrix products by plain loops.  Any thread. */
#include "tensor/gemm_plain.h"

#include "tensor/bfloat16.h"

/* A matrix read by strides, so that a transposed one is the same memory. */
struct view {
    const float *at;
    int64_t row_stride;
    int64_t col_stride;
    bool rounds; /* its elements are read as bfloat16 */
};

static double value_of(struct view v, int64_t row, int64_t col)
{
    float x = v.at[row * v.row_stride + col * v.col_stride];
    return (double)(v.rounds ? sl_bf16_value(sl_bf16_of(x)) : x);
}

static double dot(struct view a, int64_t row, struct view b, int64_t col,
                  int64_t n)
{
    double sum = 0;
    for (int64_t k = 0; k < n; k++)
        sum += value_of(a, row, k) * value_of(b, k, col);
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

static sluice_status forward(struct sl_gemm size, const float *x,
                             const float *w, bool accumulate, bool rounds,
                             float *y)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.rows, size.out, size.in, (struct view){x, size.in, 1, rounds},
             (struct view){w, size.out, 1, rounds}, accumulate, y);
    return SLUICE_OK;
}

static sluice_status input(struct sl_gemm size, const float *dy, const float *w,
                           bool rounds, float *dx)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.rows, size.in, size.out,
             (struct view){dy, size.out, 1, rounds},
             (struct view){w, 1, size.out, rounds}, false, dx);
    return SLUICE_OK;
}

static sluice_status weight(struct sl_gemm size, const float *x,
                            const float *dy, bool accumulate, bool rounds,
                            float *dw)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    multiply(size.in, size.out, size.rows, (struct view){x, 1, size.in, rounds},
             (struct view){dy, size.out, 1, rounds}, accumulate, dw);
    return SLUICE_OK;
}

sluice_status sl_gemm_plain_forward(struct sl_gemm size, const float *x,
                                    const float *w, bool accumulate, float *y)
{
    return forward(size, x, w, accumulate, false, y);
}

sluice_status sl_gemm_plain_input(struct sl_gemm size, const float *dy,
                                  const float *w, float *dx)
{
    return input(size, dy, w, false, dx);
}

sluice_status sl_gemm_plain_weight(struct sl_gemm size, const float *x,
                                   const float *dy, bool accumulate, float *dw)
{
    return weight(size, x, dy, accumulate, false, dw);
}

sluice_status sl_gemm_plain_bf16_forward(struct sl_gemm size, const float *x,
                                         const float *w, bool accumulate,
                                         float *y)
{
    return forward(size, x, w, accumulate, true, y);
}

sluice_status sl_gemm_plain_bf16_input(struct sl_gemm size, const float *dy,
                                       const float *w, float *dx)
{
    return input(size, dy, w, true, dx);
}

sluice_status sl_gemm_plain_bf16_weight(struct sl_gemm size, const float *x,
                                        const float *dy, bool accumulate,
                                        float *dw)
{
    return weight(size, x, dy, accumulate, true, dw);
}

static struct view view_of(struct sl_matrix matrix, bool rounds)
{
    if (matrix.transposed)
        return (struct view){matrix.at, 1, matrix.stride, rounds};
    return (struct view){matrix.at, matrix.stride, 1, rounds};
}

static sluice_status strided(const struct sl_strided *p, bool rounds)
{
    if (!sl_strided_is_valid(p))
        return SLUICE_INVALID;
    struct view a = view_of(p->a, rounds), b = view_of(p->b, rounds);
    for (int64_t i = 0; i < p->size.rows; i++)
        for (int64_t j = 0; j < p->size.out; j++) {
            float *c = &p->c[i * p->c_stride + j];
            double old = p->accumulate ? (double)*c : 0;
            *c = (float)(old + (double)p->alpha * dot(a, i, b, j, p->size.in));
        }
    return SLUICE_OK;
}

sluice_status sl_gemm_plain_strided(const struct sl_strided *p)
{
    return strided(p, false);
}

sluice_status sl_gemm_plain_bf16_strided(const struct sl_strided *p)
{
    return strided(p, true);
}
