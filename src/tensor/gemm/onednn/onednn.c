/*
 * oneDNN's matrix products.
 *
 * A form is a primitive of fixed sizes, with memory objects whose addresses are
 * set before each run.  Operands that oneDNN reads as bfloat16 are rounded to
 * the scratch first, weights that are packed as they are packed.  oneDNN takes
 * a few hundred bytes of the C heap for the argument list of every run; scratch
 * and packed weights are ours.
 *
 * Each function of the table is one call in the sense of blas_calls.h: oneDNN
 * keeps the primitives of the whole process behind a lock, which a child of
 * fork() must not inherit taken.
 */
#include "tensor/gemm/onednn/onednn_form.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdio.h>
#include <stdlib.h>

#include "tensor/bfloat16.h"
#include "tensor/blas_calls.h"
#include "tensor/elementwise.h"

/* Of OpenMP's runtime, on which oneDNN stands; its header is a compiler's. */
int omp_get_max_threads(void);
void omp_set_num_threads(int n);

enum { SOURCE, WEIGHTS, RESULT, SCRATCH, N_MEMORIES };

static const int arguments[N_MEMORIES] = {
    [SOURCE] = DNNL_ARG_SRC,
    [WEIGHTS] = DNNL_ARG_WEIGHTS,
    [RESULT] = DNNL_ARG_DST,
    [SCRATCH] = DNNL_ARG_SCRATCHPAD,
};

struct sl_prepared {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t product;
    dnnl_primitive_t reorder; /* w to packed; NULL unless it packs */
    dnnl_memory_t memories[N_MEMORIES];
    dnnl_memory_t unpacked; /* w as it is; NULL as reorder */
    struct sl_onednn_rounded rounded;
};

static sluice_status status_of(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success:
        return SLUICE_OK;
    case dnnl_out_of_memory:
        return SLUICE_NO_MEMORY;
    case dnnl_unimplemented:
        return SLUICE_NOT_FOUND;
    default:
        return SLUICE_SYSTEM;
    }
}

/* A call that may use OpenMP's threads: this one only. */
static int enter(void)
{
    sl_blas_call_begin();
    return sl_gemm_one_thread();
}

static void leave(int before)
{
    sl_gemm_restore_threads(before);
    sl_blas_call_end();
}

static struct sl_form_needs needs_of(const struct sl_form *form,
                                     const struct sl_onednn_shapes *shapes,
                                     const_dnnl_primitive_desc_t desc)
{
    struct sl_onednn_rounded rounded = sl_onednn_rounded_of(form);
    return (struct sl_form_needs){
        .packed_bytes =
            form->packs ? dnnl_memory_desc_get_size(&shapes->weights) : 0,
        .scratch_bytes = sl_onednn_rounded_bytes(rounded.left) +
                         sl_onednn_rounded_bytes(rounded.right) +
                         dnnl_memory_desc_get_size(sl_onednn_scratch(desc)),
    };
}

static sluice_status onednn_needs(const struct sl_form *form,
                                  struct sl_form_needs *needs)
{
    dnnl_engine_t engine;
    dnnl_primitive_desc_t desc = NULL;
    struct sl_onednn_shapes shapes;
    int before = enter();
    dnnl_status_t st = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (!st) {
        st = sl_onednn_describe(form, engine, &shapes, &desc);
        if (!st)
            *needs = needs_of(form, &shapes, desc);
        dnnl_primitive_desc_destroy(desc);
        dnnl_engine_destroy(engine);
    }
    leave(before);
    return status_of(st);
}

static dnnl_status_t make_memories(struct sl_prepared *p,
                                   const struct sl_onednn_shapes *shapes,
                                   const_dnnl_primitive_desc_t desc)
{
    const dnnl_memory_desc_t *descs[N_MEMORIES] = {
        [SOURCE] = &shapes->source,
        [WEIGHTS] = &shapes->weights,
        [RESULT] = &shapes->result,
        [SCRATCH] = sl_onednn_scratch(desc),
    };
    dnnl_status_t st = dnnl_success;
    for (int i = 0; i < N_MEMORIES && !st; i++)
        st = dnnl_memory_create(&p->memories[i], descs[i], p->engine,
                                DNNL_MEMORY_NONE);
    return st;
}

static dnnl_status_t make_reorder(struct sl_prepared *p,
                                  const struct sl_onednn_shapes *shapes)
{
    dnnl_primitive_desc_t desc;
    dnnl_status_t st = dnnl_reorder_primitive_desc_create(
        &desc, &shapes->unpacked, p->engine, &shapes->weights, p->engine, NULL);
    if (st)
        return st;
    st = dnnl_primitive_create(&p->reorder, desc);
    if (!st)
        st = dnnl_memory_create(&p->unpacked, &shapes->unpacked, p->engine,
                                DNNL_MEMORY_NONE);
    dnnl_primitive_desc_destroy(desc);
    return st;
}

static dnnl_status_t build(struct sl_prepared *p, const struct sl_form *form)
{
    struct sl_onednn_shapes shapes;
    dnnl_primitive_desc_t desc = NULL;
    p->rounded = sl_onednn_rounded_of(form);
    dnnl_status_t st = dnnl_engine_create(&p->engine, dnnl_cpu, 0);
    if (!st)
        st = dnnl_stream_create(&p->stream, p->engine,
                                dnnl_stream_default_flags);
    if (!st)
        st = sl_onednn_describe(form, p->engine, &shapes, &desc);
    if (!st)
        st = dnnl_primitive_create(&p->product, desc);
    if (!st)
        st = make_memories(p, &shapes, desc);
    if (!st && form->packs)
        st = make_reorder(p, &shapes);
    dnnl_primitive_desc_destroy(desc);
    return st;
}

static void destroy(struct sl_prepared *p)
{
    dnnl_memory_destroy(p->unpacked);
    for (int i = 0; i < N_MEMORIES; i++)
        dnnl_memory_destroy(p->memories[i]);
    dnnl_primitive_destroy(p->reorder);
    dnnl_primitive_destroy(p->product);
    dnnl_stream_destroy(p->stream);
    dnnl_engine_destroy(p->engine);
    free(p);
}

static sluice_status onednn_prepare(const struct sl_form *form,
                                    struct sl_prepared **prepared)
{
    struct sl_prepared *p = calloc(1, sizeof *p);
    if (!p)
        return SLUICE_NO_MEMORY;
    int before = enter();
    dnnl_status_t st = build(p, form);
    if (st)
        destroy(p);
    else
        *prepared = p;
    leave(before);
    return status_of(st);
}

static void onednn_release(struct sl_prepared *p)
{
    if (!p)
        return;
    sl_blas_call_begin();
    destroy(p);
    sl_blas_call_end();
}

/* oneDNN reads through it, and has no type that says so. */
static void *unconst(const void *values)
{
    return (void *)(uintptr_t)values;
}

static sluice_status onednn_pack(struct sl_prepared *p, const float *w,
                                 void *packed)
{
    const dnnl_exec_arg_t args[] = {
        {DNNL_ARG_FROM, p->unpacked},
        {DNNL_ARG_TO, p->memories[WEIGHTS]},
    };
    sl_blas_call_begin();
    dnnl_status_t st = dnnl_memory_set_data_handle(p->unpacked, unconst(w));
    if (!st)
        st = dnnl_memory_set_data_handle(p->memories[WEIGHTS], packed);
    if (!st)
        st = dnnl_primitive_execute(p->reorder, p->stream, 2, args);
    sl_blas_call_end();
    return status_of(st);
}

/* Round n floats, if any, to *scratch, which goes on behind them; returns what
 * is to be multiplied. */
static const void *rounded(const float *x, int64_t n, char **scratch)
{
    sl_bfloat16 *to = (sl_bfloat16 *)(void *)*scratch;
    if (n == 0)
        return x;
    sl_bf16_round(n, x, to);
    *scratch += sl_onednn_rounded_bytes(n);
    return to;
}

static sluice_status onednn_run(struct sl_prepared *p, struct sl_operands at,
                                void *room)
{
    char *scratch = room;
    const void *left = rounded(at.left, p->rounded.left, &scratch);
    const void *right = rounded(at.right, p->rounded.right, &scratch);
    void *handles[N_MEMORIES] = {
        [SOURCE] = unconst(left),
        [WEIGHTS] = unconst(right),
        [RESULT] = at.result,
        [SCRATCH] = scratch,
    };
    dnnl_exec_arg_t args[N_MEMORIES];
    dnnl_status_t st = dnnl_success;
    sl_blas_call_begin();
    for (int i = 0; i < N_MEMORIES && !st; i++) {
        args[i] = (dnnl_exec_arg_t){arguments[i], p->memories[i]};
        st = dnnl_memory_set_data_handle(p->memories[i], handles[i]);
    }
    if (!st)
        st = dnnl_primitive_execute(p->product, p->stream, N_MEMORIES, args);
    sl_blas_call_end();
    return status_of(st);
}

static void onednn_describe(char *text, size_t bytes)
{
    const dnnl_version_t *is = dnnl_version();
    snprintf(text, bytes, "%d.%d.%d, instruction set %#x", is->major, is->minor,
             is->patch, (unsigned)dnnl_get_effective_cpu_isa());
}

static const struct sl_preparing preparing = {
    .needs = onednn_needs,
    .prepare = onednn_prepare,
    .pack = onednn_pack,
    .run = onednn_run,
    .release = onednn_release,
};

const struct sl_gemm_backend *sl_gemm_onednn(void)
{
    static const struct sl_gemm_backend backend = {
        .name = "onednn",
        .preparing = &preparing,
        .describe = onednn_describe,
    };
    return &backend;
}

/* oneDNN would multiply bfloat16 without such instructions, too, by floats. */
const struct sl_gemm_backend *sl_gemm_onednn_bf16(void)
{
    const unsigned needed = dnnl_cpu_isa_avx512_core_bf16;
    static const struct sl_gemm_backend backend = {
        .name = "onednn",
        .preparing = &preparing,
        .describe = onednn_describe,
    };
    unsigned has = (unsigned)dnnl_get_effective_cpu_isa();
    return (has & needed) == needed ? &backend : NULL;
}

/* Those cores are told from others that have vdpbf16ps by their instructions
 * for half precision, bit 23 of CPUID's word for leaf 7. */
bool sl_gemm_onednn_bf16_is_slow(void)
{
#if defined(__x86_64__)
    enum { LEAF = 7, HALF_PRECISION = 1 << 23 };
    const unsigned amx = dnnl_cpu_isa_avx512_core_amx;
    unsigned has = (unsigned)dnnl_get_effective_cpu_isa();
    unsigned a, b, c, d;
    return (has & amx) != amx && __builtin_cpu_is("intel") &&
           __get_cpuid_count(LEAF, 0, &a, &b, &c, &d) && (d & HALF_PRECISION);
#else
    return false;
#endif
}

int sl_gemm_one_thread(void)
{
    int before = omp_get_max_threads();
    if (before != 1)
        omp_set_num_threads(1);
    return before;
}

void sl_gemm_restore_threads(int before)
{
    if (before > 1)
        omp_set_num_threads(before);
}
