/* A layer of products alone.  Its device's thread. */
#include "bench/roofline/product_layer.h"

#include <string.h>
#include <time.h>

#include "bench/measure/samples.h"

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void note(const sluice_layer_call *call, enum product_kind kind,
                 double start)
{
    const struct product_layer_config *config = call->config;
    struct product_calls *calls = config->calls;
    calls->ns[kind][calls->n[kind]++ % PRODUCT_CALLS] = now_ns() - start;
}

/* The most elements that an operand has for a row. */
static int64_t operand_elements(const sluice_layer_plan *like)
{
    int64_t most = 1;
    for (int k = 0; k < like->n_products; k++) {
        const sluice_product_spec *product = &like->products[k];
        int64_t n = product->rows_per_row ? product->rows_per_row : 1;
        n *= product->in > product->out ? product->in : product->out;
        most = n > most ? n : most;
    }
    return most;
}

static sluice_status infer(const void *of, sluice_layer_plan *plan,
                           sluice_diag *why)
{
    (void)why;
    const struct product_layer_config *config = of;
    const sluice_layer_plan *like = config->like;
    plan->out = like->out;
    plan->in_type = like->in_type;
    plan->n_params = like->n_products;
    plan->n_products = like->n_products;
    for (int k = 0; k < like->n_products; k++) {
        sluice_product_spec product = like->products[k];
        sluice_param_spec *param = &plan->params[k];
        param->name[0] = 'w';
        param->name[1] = (char)('0' + k / 10);
        param->name[2] = (char)('0' + k % 10);
        param->shape = sluice_shape_matrix(product.in, product.out);
        param->init = SLUICE_INIT_XAVIER;
        param->fan_in = product.in;
        param->fan_out = product.out;
        product.param = k;
        product.own = false;
        plan->products[k] = product;
    }
    plan->workspace_row_bytes =
        2 * operand_elements(like) * (int64_t)sizeof(float);
    return SLUICE_OK;
}

/* Operands of numbers that are neither denormal nor NaN, which could be slower;
 * in the cache, as what the layer before has just written. */
struct rows {
    float *from;
    float *to;
};

static struct rows rows_of(const sluice_layer_call *call)
{
    const struct product_layer_config *config = call->config;
    int64_t n = call->rows * operand_elements(config->like);
    float *from = call->workspace;
    for (int64_t i = 0; i < 2 * n; i++)
        from[i] = 1;
    return (struct rows){from, from + n};
}

/* What the next layer reads. */
static void fill(float *y, int64_t rows, const sluice_shape *shape)
{
    int64_t n = rows * sluice_shape_elements(shape);
    for (int64_t i = 0; i < n; i++)
        y[i] = 1;
}

static sluice_status forward(const sluice_layer_call *call)
{
    struct rows r = rows_of(call);
    sluice_status st = SLUICE_OK;
    double start = now_ns();
    for (int k = 0; k < call->plan->n_products && !st; k++)
        st = sluice_product_forward(call, k, r.from, r.to);
    note(call, PRODUCT_FORWARD, start);
    fill(call->y, call->rows, &call->plan->out);
    return st;
}

/* Without dx the layer's first product has none either. */
static sluice_status backward_input(const sluice_layer_call *call)
{
    struct rows r = rows_of(call);
    sluice_status st = SLUICE_OK;
    double start = now_ns();
    for (int k = call->dx ? 0 : 1; k < call->plan->n_products && !st; k++)
        st = sluice_product_input(call, k, r.from, r.to);
    note(call, PRODUCT_INPUT, start);
    if (call->dx)
        fill(call->dx, call->rows, &call->plan->in);
    return st;
}

static sluice_status backward_weight(const sluice_layer_call *call)
{
    struct rows r = rows_of(call);
    sluice_status st = SLUICE_OK;
    double start = now_ns();
    for (int k = 0; k < call->plan->n_products && !st; k++)
        st = sluice_product_weight(call, k, r.from, r.to, call->accumulate,
                                   call->grads[k]);
    note(call, PRODUCT_WEIGHT, start);
    return st;
}

const sluice_layer_ops *product_layer(void)
{
    static const sluice_layer_ops ops = {
        .name = "products",
        .config_bytes = sizeof(struct product_layer_config),
        .infer = infer,
        .forward = forward,
        .backward_input = backward_input,
        .backward_weight = backward_weight,
    };
    return &ops;
}

double product_calls_median(const struct product_calls *calls,
                            enum product_kind kind)
{
    int n = calls->n[kind] < PRODUCT_CALLS ? calls->n[kind] : PRODUCT_CALLS;
    return n ? median_of(calls->ns[kind], n) : 0;
}
