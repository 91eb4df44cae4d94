/* Forms as oneDNN describes them.  See the header for threads. */
#include "tensor/gemm/onednn/onednn_form.h"

#include "base/memory.h"
#include "tensor/bfloat16.h"

static dnnl_data_type_t type_of(enum sl_precision precision)
{
    return precision == SL_BF16 ? dnnl_bf16 : dnnl_f32;
}

/* A matrix of dims[2] whose element [i][j] is i * strides[0] + j * strides[1]
 * elements from the start; of any layout if both are 0. */
struct matrix {
    dnnl_dims_t dims;
    dnnl_dims_t strides;
};

static dnnl_status_t describe_matrix(const struct matrix *m,
                                     dnnl_data_type_t type,
                                     dnnl_memory_desc_t *desc)
{
    if (m->strides[0] == 0 && m->strides[1] == 0)
        return dnnl_memory_desc_init_by_tag(desc, 2, m->dims, type,
                                            dnnl_format_tag_any);
    return dnnl_memory_desc_init_by_strides(desc, 2, m->dims, type, m->strides);
}

struct matrices {
    struct matrix source;
    struct matrix weights;
    struct matrix result;
};

static struct matrices matrices_of(const struct sl_form *form)
{
    int64_t rows = form->size.rows, in = form->size.in, out = form->size.out;
    switch (form->kind) {
    case SL_GEMM_FORWARD:
        return (struct matrices){
            .source = {{rows, in}, {in, 1}},
            .weights = {{in, out}, {out, 1}},
            .result = {{rows, out}, {out, 1}},
        };
    case SL_GEMM_INPUT:
        return (struct matrices){
            .source = {{rows, out}, {out, 1}},
            .weights = {{out, in}, {1, out}},
            .result = {{rows, in}, {in, 1}},
        };
    default:
        return (struct matrices){
            .source = {{in, rows}, {1, in}},
            .weights = {{rows, out}, {out, 1}},
            .result = {{in, out}, {out, 1}},
        };
    }
}

static dnnl_status_t shapes_of(const struct sl_form *form,
                               struct sl_onednn_shapes *s)
{
    struct matrices of = matrices_of(form);
    dnnl_data_type_t type = type_of(form->precision);
    dnnl_status_t st = describe_matrix(&of.source, type, &s->source);
    if (!st)
        st = describe_matrix(&of.weights, dnnl_f32, &s->unpacked);
    if (!st)
        st = describe_matrix(&of.result, dnnl_f32, &s->result);
    if (form->packs)
        of.weights.strides[0] = of.weights.strides[1] = 0;
    return st ? st : describe_matrix(&of.weights, type, &s->weights);
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
                                     const struct sl_onednn_shapes *shapes,
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
    struct sl_onednn_shapes shapes;
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

dnnl_status_t sl_onednn_describe(const struct sl_form *form,
                                 dnnl_engine_t engine,
                                 struct sl_onednn_shapes *shapes,
                                 dnnl_primitive_desc_t *desc)
{
    dnnl_status_t st = shapes_of(form, shapes);
    if (!st && form->packs)
        st = choose_layout(form, engine, &shapes->weights);
    return st ? st : describe_shapes(form, engine, shapes, desc);
}

const dnnl_memory_desc_t *sl_onednn_scratch(const_dnnl_primitive_desc_t desc)
{
    return dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
}

struct sl_onednn_rounded sl_onednn_rounded_of(const struct sl_form *form)
{
    int64_t rows = form->size.rows, in = form->size.in, out = form->size.out;
    if (form->precision == SL_FLOAT32)
        return (struct sl_onednn_rounded){0};
    if (form->kind == SL_GEMM_WEIGHT)
        return (struct sl_onednn_rounded){rows * in, rows * out};
    return (struct sl_onednn_rounded){
        .left = rows * (form->kind == SL_GEMM_FORWARD ? in : out),
        .right = form->packs ? 0 : in * out,
    };
}

size_t sl_onednn_rounded_bytes(int64_t n)
{
    return sl_round_up((size_t)n * sizeof(sl_bfloat16));
}
