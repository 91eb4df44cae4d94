/* The only file that includes cblas.h.  Any thread. */
#include "tensor/gemm.h"

#include <stdlib.h>
#include <string.h>

#include <cblas.h>

#include "tensor/blas_calls.h"

/* NUM_BUFFERS in OpenBLAS's driver/others/memory.c, from the number of threads
 * it was built for, since version 0.2.20. */
enum { LEAST_BUFFERS = 50, BUFFERS_PER_THREAD = 2 };

/* What OpenBLAS exports for its own LAPACK, without a header of its own. */
void *blas_memory_alloc(int purpose);
void blas_memory_free(void *buffer);

static bool is_size(int64_t n)
{
    return n >= 1 && n <= SL_GEMM_MAX_SIZE;
}

bool sl_gemm_is_valid(struct sl_gemm size)
{
    return is_size(size.rows) && is_size(size.in) && is_size(size.out);
}

sluice_status sl_gemm_forward(struct sl_gemm size, const float *x,
                              const float *w, bool accumulate, float *y)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    int rows = (int)size.rows, in = (int)size.in, out = (int)size.out;
    sl_blas_call_begin();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, out, in, 1, x,
                in, w, out, accumulate ? 1 : 0, y, out);
    sl_blas_call_end();
    return SLUICE_OK;
}

sluice_status sl_gemm_input(struct sl_gemm size, const float *dy,
                            const float *w, float *dx)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    int rows = (int)size.rows, in = (int)size.in, out = (int)size.out;
    sl_blas_call_begin();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, in, out, 1, dy,
                out, w, out, 0, dx, in);
    sl_blas_call_end();
    return SLUICE_OK;
}

sluice_status sl_gemm_weight(struct sl_gemm size, const float *x,
                             const float *dy, bool accumulate, float *dw)
{
    if (!sl_gemm_is_valid(size))
        return SLUICE_INVALID;
    int rows = (int)size.rows, in = (int)size.in, out = (int)size.out;
    sl_blas_call_begin();
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, rows, 1, x,
                in, dy, out, accumulate ? 1 : 0, dw, out);
    sl_blas_call_end();
    return SLUICE_OK;
}

static bool is_stride(struct sl_matrix m, int64_t rows, int64_t columns)
{
    return is_size(m.stride) && m.stride >= (m.transposed ? rows : columns);
}

bool sl_strided_is_valid(const struct sl_strided *p)
{
    return sl_gemm_is_valid(p->size) &&
           is_stride(p->a, p->size.rows, p->size.in) &&
           is_stride(p->b, p->size.in, p->size.out) && is_size(p->c_stride) &&
           p->c_stride >= p->size.out;
}

sluice_status sl_gemm_strided(const struct sl_strided *p)
{
    if (!sl_strided_is_valid(p))
        return SLUICE_INVALID;
    sl_blas_call_begin();
    cblas_sgemm(CblasRowMajor, p->a.transposed ? CblasTrans : CblasNoTrans,
                p->b.transposed ? CblasTrans : CblasNoTrans, (int)p->size.rows,
                (int)p->size.out, (int)p->size.in, p->alpha, p->a.at,
                (int)p->a.stride, p->b.at, (int)p->b.stride,
                p->accumulate ? 1 : 0, p->c, (int)p->c_stride);
    sl_blas_call_end();
    return SLUICE_OK;
}

sluice_status sl_gemm_multiply(struct sl_gemm size, struct sl_matrix a,
                               struct sl_matrix b, bool accumulate, float *c,
                               int64_t c_stride)
{
    return sl_gemm_strided(
        &(struct sl_strided){size, 1, a, b, c, c_stride, accumulate});
}

int sl_blas_n_threads(void)
{
    return openblas_get_num_threads();
}

void sl_blas_set_n_threads(int n)
{
    openblas_set_num_threads(n);
}

bool sl_blas_is_openmp(void)
{
    return openblas_get_parallel() == OPENBLAS_OPENMP;
}

const char *sl_blas_config(void)
{
    return openblas_get_config();
}

const char *sl_blas_core(void)
{
    return openblas_get_corename();
}

void *sl_blas_take_buffer(void)
{
    return blas_memory_alloc(0);
}

void sl_blas_give_buffer(void *buffer)
{
    blas_memory_free(buffer);
}

/* The number of threads that this BLAS was built for; 0: it does not say. */
static int built_for_n_threads(void)
{
    static const char key[] = "MAX_THREADS=";
    const char *found = strstr(openblas_get_config(), key);
    long n = found ? strtol(found + sizeof key - 1, NULL, 10) : 0;
    return n > 0 && n <= INT16_MAX ? (int)n : 0;
}

int sl_blas_most_callers(void)
{
    int n_threads = built_for_n_threads();
    int n_buffers = BUFFERS_PER_THREAD * n_threads;
    if (n_buffers < LEAST_BUFFERS)
        n_buffers = LEAST_BUFFERS;
    int n_workers = n_threads > 0 ? n_threads - 1 : 0;
    return n_buffers - n_workers;
}
