/* Products of the whole batch by BLAS.  The main thread. */
#include "bench/teams/whole_batch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <sluice/layer.h>

/* As cblas.h has them, which the library alone includes. */
enum { ROW_MAJOR = 101, AS_IT_IS = 111, TRANSPOSED = 112 };
void cblas_sgemm(int order, int a_is, int b_is, int m, int n, int k,
                 float alpha, const float *a, int a_row, const float *b,
                 int b_row, float beta, float *c, int c_row);
void openblas_set_num_threads(int n);
int openblas_get_num_threads(void);

/* Threads of OpenBLAS that have nothing to do poll for so long, and would take
 * a core from what is measured next: 2^26 ticks of the clock, mostly. */
enum { REST_NS = 60 * 1000 * 1000 };

/* x[rows][in], w[in][out], dy[rows][out]; what is made of them. */
struct product {
    int rows;
    int in;
    int out;
    bool is_first; /* of the model: nothing reads its dx */
    float *x, *w, *dy;
    float *y, *dx, *dw;
};

struct whole_batch {
    int n;
    struct product *products; /* [n] in the order of the layers */
};

/* Numbers that are neither denormal nor NaN, which could be slower. */
static float *make(int64_t n, bool *failed)
{
    float *values = malloc((size_t)n * sizeof *values);
    for (int64_t i = 0; values && i < n; i++)
        values[i] = 1;
    *failed = *failed || !values;
    return values;
}

static bool product_init(struct product *p, const sluice_product_spec *spec,
                         int64_t rows, bool is_first)
{
    bool failed = false;
    rows *= spec->rows_per_row ? spec->rows_per_row : 1;
    *p = (struct product){
        .rows = (int)rows,
        .in = (int)spec->in,
        .out = (int)spec->out,
        .is_first = is_first,
        .x = make(rows * spec->in, &failed),
        .w = make(spec->in * spec->out, &failed),
        .dy = make(rows * spec->out, &failed),
        .y = make(rows * spec->out, &failed),
        .dx = make(rows * spec->in, &failed),
        .dw = make(spec->in * spec->out, &failed),
    };
    return !failed;
}

static int count_products(const sluice_model *model)
{
    int n = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        n += sluice_model_layer_plan(model, i)->n_products;
    return n;
}

static bool fill(struct whole_batch *batch, const sluice_model *model,
                 int64_t rows)
{
    int n = 0;
    bool made = true;
    for (int i = 0; i < sluice_model_n_layers(model) && made; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int k = 0; k < plan->n_products && made; k++, n++)
            made = product_init(&batch->products[n], &plan->products[k], rows,
                                n == 0);
    }
    return made;
}

sluice_status whole_batch_create(const sluice_model *model, int64_t rows,
                                 struct whole_batch **out, sluice_diag *why)
{
    struct whole_batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        batch->n = count_products(model);
        batch->products = calloc((size_t)batch->n + 1, sizeof *batch->products);
    }
    sluice_status st = SLUICE_OK;
    if (!batch || !batch->products || !fill(batch, model, rows))
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for the products of %lld rows",
                             (long long)rows);
    if (st)
        whole_batch_destroy(batch);
    else
        *out = batch;
    return st;
}

void whole_batch_destroy(struct whole_batch *batch)
{
    for (int i = 0; batch && batch->products && i < batch->n; i++) {
        struct product *p = &batch->products[i];
        free(p->x);
        free(p->w);
        free(p->dy);
        free(p->y);
        free(p->dx);
        free(p->dw);
    }
    if (batch)
        free(batch->products);
    free(batch);
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void forward(const struct product *p)
{
    cblas_sgemm(ROW_MAJOR, AS_IT_IS, AS_IT_IS, p->rows, p->out, p->in, 1, p->x,
                p->in, p->w, p->out, 0, p->y, p->out);
}

static void backward(const struct product *p)
{
    if (!p->is_first)
        cblas_sgemm(ROW_MAJOR, AS_IT_IS, TRANSPOSED, p->rows, p->in, p->out, 1,
                    p->dy, p->out, p->w, p->out, 0, p->dx, p->in);
    cblas_sgemm(ROW_MAJOR, TRANSPOSED, AS_IT_IS, p->in, p->out, p->rows, 1,
                p->x, p->in, p->dy, p->out, 0, p->dw, p->out);
}

double whole_batch_run(struct whole_batch *batch, int threads)
{
    const struct timespec rest = {.tv_nsec = REST_NS};
    int had = openblas_get_num_threads();
    openblas_set_num_threads(threads);
    double start = now_ns();
    for (int i = 0; i < batch->n; i++)
        forward(&batch->products[i]);
    for (int i = batch->n - 1; i >= 0; i--)
        backward(&batch->products[i]);
    double ns = now_ns() - start;
    openblas_set_num_threads(had);
    nanosleep(&rest, NULL);
    return ns;
}
