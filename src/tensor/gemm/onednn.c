/*
 * oneDNN's matrix products: the only file that includes dnnl.h.
 *
 * A form is a primitive of fixed sizes, with memory objects whose addresses are
 * set before each run.  oneDNN takes a few hundred bytes of the C heap for the
 * argument list of every run; scratch and packed weights are ours.
 *
 * Each function of the table is one call in the sense of blas_calls.h: oneDNN
 * keeps the primitives of the whole process behind a lock, which a child of
 * fork() must not inherit taken.
 */
#include "tensor/gemm/backend.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <dnnl.h>

#include "tensor/blas_calls.h"

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
    dnnl_memory_t unpacked; /* w as it is */
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

/* A matrix whose element [i][j] is i * row + j * column floats from the start;
 * of any layout if both are 0. */
static dnnl_status_t matrix(dnnl_memory_desc_t *desc, int64_t n, int64_t m,
                            int64_t row, int64_t column)
{
    const dnnl_dims_t dims = {n, m};
    const dnnl_dims_t strides = {row, column};
    if (row == 0 && column == 0)
        return dnnl_memory_desc_init_by_tag(desc, 2, dims, dnnl_f32,
                                            dnnl_format_tag_any);
    return dnnl_memory_desc_init_by_strides(desc, 2, dims, dnnl_f32, strides);
}

struct shapes {
    dnnl_memory_desc_t source;
    dnnl_memory_desc_t weights;  /* any layout, if the form packs */
    dnnl_memory_desc_t unpacked; /* the same matrix as it lies in memory */
    dnnl_memory_desc_t result;
};

static dnnl_status_t shapes_of(const struct sl_form *form, struct shapes *s)
{
    int64_t rows = form->size.rows, in = form->size.in, out = form->size.out;
    dnnl_status_t st;
    switch (form->kind) {
    case SL_GEMM_FORWARD:
        st = matrix(&s->source, rows, in, in, 1);
        if (!st)
            st = matrix(&s->unpacked, in, out, out, 1);
        if (!st)
            st = matrix(&s->result, rows, out, out, 1);
        break;
    case SL_GEMM_INPUT:
        st = matrix(&s->source, rows, out, out, 1);
        if (!st)
            st = matrix(&s->unpacked, out, in, 1, out);
        if (!st)
            st = matrix(&s->result, rows, in, in, 1);
        break;
    default:
        st = matrix(&s->source, in, rows, 1, in);
        if (!st)
            st = matrix(&s->unpacked, rows, out, out, 1);
        if (!st)
            st = matrix(&s->result, in, out, out, 1);
    }
    s->weights = s->unpacked;
    if (!st && form->packs)
        st =
            matrix(&s->weights, s->unpacked.dims[0], s->unpacked.dims[1], 0, 0);
    return st;
}

/* Scratch is ours; the result of an accumulating form is added to. */
static dnnl_status_t make_attributes(const struct sl_form *form,
                                     dnnl_primitive_attr_t *attributes)
{
    dnnl_post_ops_t sum = NULL;
    dnnl_status_t st = dnnl_primitive_attr_create(attributes);
    if (st)
        return st;
    st = dnnl_primitive_attr_set_scratchpad_mode(*attributes,
                                                 dnnl_scratchpad_mode_user);
    if (!st && form->accumulate) {
        st = dnnl_post_ops_create(&sum);
        if (!st)
            st = dnnl_post_ops_append_sum(sum, 1);
        if (!st)
            st = dnnl_primitive_attr_set_post_ops(*attributes, sum);
        dnnl_post_ops_destroy(sum);
    }
    if (st)
        dnnl_primitive_attr_destroy(*attributes);
    return st;
}

static dnnl_status_t describe_shapes(const struct sl_form *form,
                                     dnnl_engine_t engine,
                                     const struct shapes *shapes,
                                     dnnl_primitive_desc_t *desc)
{
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes;
    dnnl_status_t st = dnnl_matmul_desc_init(
        &product, &shapes->source, &shapes->weights, NULL, &shapes->result);
    if (!st)
        st = make_attributes(form, &attributes);
    if (st)
        return st;
    st = dnnl_primitive_desc_create(desc, &product, attributes, engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return st;
}

static dnnl_memory_desc_t layout_of(const_dnnl_primitive_desc_t desc)
{
    return *dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
}

/* The packed layout is what oneDNN chooses for `layout_rows`; forms of other
 * row counts read the same. */
static dnnl_status_t choose_layout(const struct sl_form *form,
                                   dnnl_engine_t engine,
                                   dnnl_memory_desc_t *layout)
{
    struct sl_form first = *form;
    struct shapes shapes;
    dnnl_primitive_desc_t desc;
    first.size.rows = form->layout_rows;
    dnnl_status_t st = shapes_of(&first, &shapes);
    if (!st)
        st = describe_shapes(&first, engine, &shapes, &desc);
    if (st)
        return st;
    *layout = layout_of(desc);
    dnnl_primitive_desc_destroy(desc);
    return dnnl_success;
}

static dnnl_status_t describe(const struct sl_form *form, dnnl_engine_t engine,
                              struct shapes *shapes,
                              dnnl_primitive_desc_t *desc)
{
    dnnl_status_t st = shapes_of(form, shapes);
    if (!st && form->packs)
        st = choose_layout(form, engine, &shapes->weights);
    return st ? st : describe_shapes(form, engine, shapes, desc);
}

static const dnnl_memory_desc_t *scratch_of(const_dnnl_primitive_desc_t desc)
{
    return dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
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

static sluice_status onednn_needs(const struct sl_form *form,
                                  struct sl_form_needs *needs)
{
    dnnl_engine_t engine;
    dnnl_primitive_desc_t desc = NULL;
    struct shapes shapes;
    int before = enter();
    dnnl_status_t st = dnnl_engine_create(&engine, dnnl_cpu, 0);
    if (!st) {
        st = describe(form, engine, &shapes, &desc);
        if (!st)
            *needs = (struct sl_form_needs){
                .packed_bytes = form->packs
                                    ? dnnl_memory_desc_get_size(&shapes.weights)
                                    : 0,
                .scratch_bytes = dnnl_memory_desc_get_size(scratch_of(desc)),
            };
        dnnl_primitive_desc_destroy(desc);
        dnnl_engine_destroy(engine);
    }
    leave(before);
    return status_of(st);
}

static dnnl_status_t make_memories(struct sl_prepared *p,
                                   const struct shapes *shapes,
                                   const_dnnl_primitive_desc_t desc)
{
    const dnnl_memory_desc_t *descs[N_MEMORIES] = {
        [SOURCE] = &shapes->source,
        [WEIGHTS] = &shapes->weights,
        [RESULT] = &shapes->result,
        [SCRATCH] = scratch_of(desc),
    };
    dnnl_status_t st = dnnl_success;
    for (int i = 0; i < N_MEMORIES && !st; i++)
        st = dnnl_memory_create(&p->memories[i], descs[i], p->engine,
                                DNNL_MEMORY_NONE);
    if (!st)
        st = dnnl_memory_create(&p->unpacked, &shapes->unpacked, p->engine,
                                DNNL_MEMORY_NONE);
    return st;
}

static dnnl_status_t make_reorder(struct sl_prepared *p,
                                  const struct shapes *shapes)
{
    dnnl_primitive_desc_t desc;
    dnnl_status_t st = dnnl_reorder_primitive_desc_create(
        &desc, &shapes->unpacked, p->engine, &shapes->weights, p->engine, NULL);
    if (st)
        return st;
    st = dnnl_primitive_create(&p->reorder, desc);
    dnnl_primitive_desc_destroy(desc);
    return st;
}

static dnnl_status_t build(struct sl_prepared *p, const struct sl_form *form)
{
    struct shapes shapes;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_status_t st = dnnl_engine_create(&p->engine, dnnl_cpu, 0);
    if (!st)
        st = dnnl_stream_create(&p->stream, p->engine,
                                dnnl_stream_default_flags);
    if (!st)
        st = describe(form, p->engine, &shapes, &desc);
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
static void *unconst(const float *values)
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

static sluice_status onednn_run(struct sl_prepared *p, struct sl_operands at,
                                void *scratch)
{
    void *handles[N_MEMORIES] = {
        [SOURCE] = unconst(at.left),
        [WEIGHTS] = unconst(at.right),
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

const struct sl_gemm_backend *sl_gemm_onednn(void)
{
    static const struct sl_preparing preparing = {
        .needs = onednn_needs,
        .prepare = onednn_prepare,
        .pack = onednn_pack,
        .run = onednn_run,
        .release = onednn_release,
    };
    static const struct sl_gemm_backend backend = {
        .name = "onednn",
        .preparing = &preparing,
        .describe = onednn_describe,
    };
    return &backend;
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
