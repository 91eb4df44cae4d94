/*
 * The seam to BLAS: the products that layers need, and the few questions the
 * library asks of BLAS itself.  All matrices are dense, in C order.
 *
 * Threads: any, for the products; the others say so themselves.
 */
#ifndef SL_TENSOR_GEMM_H
#define SL_TENSOR_GEMM_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

/* A linear map of `rows` vectors from `in` to `out` elements; each at least 1
 * and, as BLAS counts in int, at most SL_GEMM_MAX_SIZE. */
struct sl_gemm {
    int64_t rows;
    int64_t in;
    int64_t out;
};

enum { SL_GEMM_MAX_SIZE = INT32_MAX };

/* Whether all three are in range. */
bool sl_gemm_is_valid(struct sl_gemm size);

/*
 * y (+)= x * w.
 *
 * Shapes   x[rows][in], w[in][out], y[rows][out].
 * Returns  SLUICE_OK, or SLUICE_INVALID, having touched nothing, if a size is
 *          out of range.
 * Accumulates if `accumulate`, else overwrites.
 */
sluice_status sl_gemm_forward(struct sl_gemm size, const float *x,
                              const float *w, bool accumulate, float *y);

/*
 * dx = dy * transpose(w).
 *
 * Shapes   dy[rows][out], w[in][out], dx[rows][in].
 * Returns  as sl_gemm_forward().
 */
sluice_status sl_gemm_input(struct sl_gemm size, const float *dy,
                            const float *w, float *dx);

/*
 * dw (+)= transpose(x) * dy.
 *
 * Shapes   x[rows][in], dy[rows][out], dw[in][out].
 * Returns  as sl_gemm_forward().
 * Accumulates if `accumulate`, else overwrites.
 */
sluice_status sl_gemm_weight(struct sl_gemm size, const float *x,
                             const float *dy, bool accumulate, float *dw);

/* A matrix inside an array: element (i, j) lies at i * stride + j, or the
 * other way round if it is transposed. */
struct sl_matrix {
    const float *at;
    int64_t stride;
    bool transposed;
};

/*
 * c (+)= a * b, of matrices that lie in others.
 *
 * Shapes   a[rows][in], b[in][out], c[rows][out], c's rows c_stride apart.
 * Returns  SLUICE_OK, or SLUICE_INVALID, having touched nothing, if a size or
 *          stride is out of range.
 * Accumulates if `accumulate`, else overwrites.
 */
sluice_status sl_gemm_multiply(struct sl_gemm size, struct sl_matrix a,
                               struct sl_matrix b, bool accumulate, float *c,
                               int64_t c_stride);

/* c (+)= alpha * a * b, of matrices that lie in others, in the shapes of
 * sl_gemm_multiply(): products of activations with each other. */
struct sl_strided {
    struct sl_gemm size;
    float alpha;
    struct sl_matrix a;
    struct sl_matrix b;
    float *c;
    int64_t c_stride;
    bool accumulate;
};

/* Whether sizes and strides are in range, and no row reaches into the next. */
bool sl_strided_is_valid(const struct sl_strided *product);

/*
 * Multiply.  What lies between the rows of c is not touched.
 *
 * Returns  as sl_gemm_multiply().
 */
sluice_status sl_gemm_strided(const struct sl_strided *product);

/* Threads that BLAS uses for one call, of the whole process. */
int sl_blas_n_threads(void);

/* Set it.  Not while another thread is inside BLAS. */
void sl_blas_set_n_threads(int n);

/* Whether this BLAS was built with OpenMP; it then ignores
 * sl_blas_set_n_threads(). */
bool sl_blas_is_openmp(void);

/* Its configuration and core type; constant strings. */
const char *sl_blas_config(void);
const char *sl_blas_core(void);

/*
 * A packing buffer of BLAS, as a product takes one for the time it computes.
 * BLAS keeps released buffers and reuses them; for a new one it maps
 * SL_BLAS_BUFFER_BYTES of address space, and tries for ever if it cannot.
 *
 * Its table has a fixed number of entries.  If more buffers are taken at once,
 * BLAS prints a warning and then writes outside of the table: take at most
 * sl_blas_most_callers().
 */
enum { SL_BLAS_BUFFER_BYTES = 128 << 20 };
void *sl_blas_take_buffer(void);
void sl_blas_give_buffer(void *buffer);

/*
 * How many threads may call this BLAS at once: the entries of its table, less
 * one for each thread of the largest pool that the host may ask for.  A worker
 * of the pool holds its buffer for as long as it lives.
 */
int sl_blas_most_callers(void);

#endif
