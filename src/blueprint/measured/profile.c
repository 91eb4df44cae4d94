/* Measuring layers.  The thread that creates the pipeline. */
#include "blueprint/measured/profile.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rng.h"
#include "nn/model/init.h"
#include "nn/model/model.h"
#include "tensor/blas_threads.h"

enum { REPETITIONS = 5, DRAWN = 1 << 16 /* values of a parameter */ };

/* The buffers of one layer: one block, handed out in order. */
struct bench {
    sluice_layer_call call;
    const float **params; /* [n_params] */
    float **grads;        /* [n_params] */
    struct sl_arena arena;
    struct sluice_product *products; /* [n_products] */
};

/* Scratch comes after the packed copies of each product. */
static size_t product_bytes(const struct sluice_product *product)
{
    return sl_product_packed_bytes(product) + product->scratch_bytes;
}

/* Of what a stash leaves for a pop. */
static int64_t skip_elements(const sluice_layer_plan *plan)
{
    return plan->skip.n_dims ? sluice_shape_elements(&plan->skip) : 0;
}

static size_t bench_bytes(const struct bench *bench,
                          const sluice_layer_plan *plan, int64_t rows)
{
    int64_t in = sluice_shape_elements(&plan->in);
    int64_t out = sluice_shape_elements(&plan->out);
    size_t bytes =
        sl_round_up((size_t)(rows * in) * sluice_element_bytes(plan->in_type)) +
        sl_round_up((size_t)(rows * in) * sizeof(float)) +
        2 * sl_round_up((size_t)(rows * out) * sizeof(float)) +
        sl_round_up((size_t)(rows * plan->saved_row_bytes)) +
        sl_round_up((size_t)(rows * plan->workspace_row_bytes)) +
        sl_round_up((size_t)plan->scratch_bytes) +
        sl_round_up((size_t)(rows * skip_elements(plan)) * sizeof(float));
    bytes += 2 * sl_round_up((size_t)plan->n_params * sizeof(float *));
    for (int p = 0; p < plan->n_params; p++)
        bytes += 2 * sl_round_up(
                         (size_t)sluice_shape_elements(&plan->params[p].shape) *
                         sizeof(float));
    for (int k = 0; k < plan->n_products; k++)
        bytes += product_bytes(&bench->products[k]);
    return bytes;
}

static void fill(float *values, int64_t n)
{
    uint32_t bits[8];
    for (int64_t i = 0; i < n; i++) {
        if (i % 8 == 0)
            sl_rng_block(1, SL_RNG_TEST,
                         (struct sl_rng_counter){{(uint64_t)i / 8}}, bits);
        values[i] = sl_rng_unit(bits[i % 8]) - 0.5f;
    }
}

static float *take_floats(struct sl_arena *arena, int64_t n)
{
    return sl_arena_take(arena, (size_t)n * sizeof(float));
}

/* Numbers; or integers, all 0, which any layer that counts from 0 takes. */
static const void *make_input(struct sl_arena *arena,
                              const sluice_layer_plan *plan, int64_t rows)
{
    int64_t n = rows * sluice_shape_elements(&plan->in);
    size_t bytes = (size_t)n * sluice_element_bytes(plan->in_type);
    void *x = sl_arena_take(arena, bytes);
    if (plan->in_type == SLUICE_F32)
        fill(x, n);
    else
        memset(x, 0, bytes);
    return x;
}

/* As a training starts.  What a layer takes does not depend on which values
 * these are, so that a block of them is drawn and repeated. */
static void fill_param(const sluice_param_spec *spec, int layer, int param,
                       float *values)
{
    int64_t n = sluice_shape_elements(&spec->shape);
    const struct sl_rows drawn = {.n = n < DRAWN ? n : DRAWN};
    sl_param_init_run(spec, 1, layer, param, drawn, values);
    for (int64_t i = drawn.n; i < n; i += drawn.n) {
        int64_t more = n - i < drawn.n ? n - i : drawn.n;
        memcpy(values + i, values, (size_t)more * sizeof *values);
    }
}

static void prepare(struct bench *bench, const sluice_model *model, int layer,
                    int64_t rows)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    int64_t in = sluice_shape_elements(&plan->in);
    int64_t out = sluice_shape_elements(&plan->out);
    struct sl_arena *arena = &bench->arena;
    bench->params =
        sl_arena_take(arena, (size_t)plan->n_params * sizeof(float *));
    bench->grads =
        sl_arena_take(arena, (size_t)plan->n_params * sizeof(float *));
    bench->call = (sluice_layer_call){
        .config = sl_model_layer_config(model, layer),
        .plan = plan,
        .layer = layer,
        .rows = rows,
        .training = true,
        .x = make_input(arena, plan, rows),
        .dx = layer > 0 ? take_floats(arena, rows * in) : NULL,
        .y = take_floats(arena, rows * out),
        .dy = take_floats(arena, rows * out),
        .saved = sl_arena_take(arena, (size_t)(rows * plan->saved_row_bytes)),
        .workspace =
            sl_arena_take(arena, (size_t)(rows * plan->workspace_row_bytes)),
        .scratch = sl_arena_take(arena, (size_t)plan->scratch_bytes),
        .skip = take_floats(arena, rows * skip_elements(plan)),
        .params = bench->params,
        .grads = bench->grads,
    };
    for (int p = 0; p < plan->n_params; p++) {
        int64_t n = sluice_shape_elements(&plan->params[p].shape);
        float *values = take_floats(arena, n);
        fill_param(&plan->params[p], layer, p, values);
        bench->params[p] = values;
        bench->grads[p] = take_floats(arena, n);
    }
    for (int k = 0; k < plan->n_products; k++) {
        struct sluice_product *product = &bench->products[k];
        void *packed = sl_arena_take(arena, sl_product_packed_bytes(product));
        sl_product_bind(product, packed,
                        sl_arena_take(arena, product->scratch_bytes));
    }
    bench->call.products = bench->products;
}

static sluice_status time_once(const struct bench *bench,
                               const sluice_layer_ops *ops, double *ns)
{
    sluice_layer_call call = bench->call;
    fill(call.dy, call.rows * sluice_shape_elements(&call.plan->out));
    int64_t start = sl_now_ns();
    sluice_status st = ops->forward(&call);
    if (!st)
        st = ops->backward_input(&call);
    call.y = NULL;
    call.dx = NULL;
    if (!st && ops->backward_weight)
        st = ops->backward_weight(&call);
    *ns = (double)(sl_now_ns() - start);
    return st;
}

/*
 * Settle the products for as many rows as there is room for, halved until all
 * of it fits.  `rows` becomes 0 if not even one does.
 */
static sluice_status fit(struct bench *bench, const sluice_layer_plan *plan,
                         const struct sl_products_choice *products, size_t cap,
                         int64_t *rows, sluice_diag *why)
{
    struct sl_products_choice choice = *products;
    for (;;) {
        sluice_status st = sl_products_settle_layer(
            plan, &choice, 1, bench->products, bench->products, why);
        if (st || !cap || bench_bytes(bench, plan, *rows) <= cap)
            return st;
        *rows /= 2;
        if (*rows == 0)
            return SLUICE_OK;
        choice.rows[0] = *rows;
        choice.rows[1] = 0;
    }
}

/* `bench` is settled for one row. */
static sluice_status refuse_cap(const struct bench *bench,
                                const sluice_model *model, int layer,
                                size_t cap, sluice_diag *why)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    return sluice_diag_set(why, SLUICE_OVER_CAP,
                           "%zu bytes are needed to measure one row of layer "
                           "%d (%s) but the cap of a device is %zu; cut by "
                           "operations, or raise the cap",
                           bench_bytes(bench, plan, 1), layer,
                           sluice_model_layer(model, layer)->name, cap);
}

/* Keep a failing layer's own sentence; give it one if it has none. */
static sluice_status explain(sluice_status st, const char *name, int layer,
                             const sluice_diag *said, sluice_diag *why)
{
    if (!st)
        return SLUICE_OK;
    if (said->text[0])
        return sluice_diag_set(why, st, "%.*s", SLUICE_DIAG_TEXT - 1,
                               said->text);
    return sluice_diag_set(why, st,
                           "layer %d (%s) returned %s while its time was "
                           "measured",
                           layer, name, sluice_status_name(st));
}

static sluice_status time_often(const struct bench *bench,
                                const sluice_layer_ops *ops, double *cost)
{
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < REPETITIONS && !st; i++) {
        double ns;
        st = time_once(bench, ops, &ns);
        if (i == 0 || ns < *cost)
            *cost = ns;
    }
    return st;
}

/* Time a layer whose products are settled for so many rows. */
static sluice_status time_layer(struct bench *bench, const sluice_model *model,
                                int layer, int64_t rows,
                                const sluice_allocator *allocator, double *cost,
                                sluice_diag *why)
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, layer);
    const sluice_layer_ops *ops = sluice_model_layer(model, layer);
    if (sl_arena_init(&bench->arena, bench_bytes(bench, plan, rows), allocator))
        return sl_no_memory(why, "buffers to measure a layer");
    prepare(bench, model, layer, rows);
    sluice_diag said = {.text = ""};
    bench->call.why = &said;
    sluice_status st = SLUICE_OK;
    for (int k = 0; k < plan->n_products && !st; k++)
        st = sl_product_prepare(&bench->products[k], why);
    if (!st) {
        st = time_often(bench, ops, cost);
        st = explain(st, ops->name, layer, &said, why);
    }
    for (int k = 0; k < plan->n_products; k++)
        sl_product_fini(&bench->products[k]);
    sl_arena_fini(&bench->arena);
    return st;
}

/* With room for the products in `bench`. */
static sluice_status fit_and_time(struct bench *bench,
                                  const sluice_model *model, int layer,
                                  const struct sl_products_choice *products,
                                  size_t cap, const sluice_allocator *allocator,
                                  double *cost, sluice_diag *why)
{
    int64_t rows = products->rows[0];
    sluice_status st = fit(bench, sluice_model_layer_plan(model, layer),
                           products, cap, &rows, why);
    if (!st && rows == 0)
        st = refuse_cap(bench, model, layer, cap, why);
    if (!st)
        st = time_layer(bench, model, layer, rows, allocator, cost, why);
    if (!st)
        *cost *= (double)products->rows[0] / (double)rows;
    return st;
}

static sluice_status profile_layer(const sluice_model *model, int layer,
                                   const struct sl_products_choice *products,
                                   size_t cap,
                                   const sluice_allocator *allocator,
                                   double *cost, sluice_diag *why)
{
    size_t n = (size_t)sluice_model_layer_plan(model, layer)->n_products;
    struct bench bench = {0};
    bench.products = sl_alloc(allocator, n, sizeof *bench.products);
    if (!bench.products)
        return sl_no_memory(why, "the products of a layer");
    sluice_status st =
        fit_and_time(&bench, model, layer, products, cap, allocator, cost, why);
    sl_free(allocator, bench.products, n, sizeof *bench.products);
    return st;
}

sluice_status sl_profile_model(const sluice_model *model,
                               const struct sl_products_choice *products,
                               size_t cap_bytes,
                               const sluice_allocator *allocator,
                               double *costs_ns, sluice_diag *why)
{
    sluice_status st = sl_blas_reserve(1, why);
    if (st)
        return st;
    sl_blas_enter();
    int n_threads = sl_gemm_one_thread();
    for (int i = 0; i < sluice_model_n_layers(model) && !st; i++)
        st = profile_layer(model, i, products, cap_bytes, allocator,
                           &costs_ns[i], why);
    sl_gemm_restore_threads(n_threads);
    sl_blas_leave();
    sl_blas_unreserve(1);
    return st;
}
