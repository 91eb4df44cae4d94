/* The speed of a model's products.  The main thread creates the pipelines; a
 * crew steps them. */
#include "bench/roofline/product_times.h"

#include <stdlib.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/pipeline.h>

#include "bench/measure/workload.h"
#include "bench/roofline/crew.h"

/* The backend `packed` has all its copies of weights from five uses on: fewer
 * micro-batches than the step has must not be fewer than that, or other
 * products than the step's would be measured. */
enum { MICROBATCHES = 5 };

/* The products of all layers on one core. */
struct runner {
    sluice_model *model;
    struct product_calls *calls; /* [layers] */
    struct workload work;
    sluice_pipeline *pipe;
    int cpu; /* that its device is pinned to; -1: any */
    int steps;
    sluice_status status; /* of its last run */
    sluice_diag why;
};

struct product_loops {
    struct product_times_config config;
    struct runner *runners; /* [config.cores] */
};

static sluice_status make_model(struct runner *r, const sluice_model *like,
                                sluice_diag *why)
{
    const sluice_model_config config = {
        .input = sluice_model_input(like),
        .input_type = sluice_model_input_type(like),
    };
    sluice_status st = sluice_model_create(&config, &r->model, why);
    for (int i = 0; i < sluice_model_n_layers(like) && !st; i++) {
        const struct product_layer_config layer = {
            .like = sluice_model_layer_plan(like, i),
            .calls = &r->calls[i],
        };
        st = sluice_model_add(r->model, product_layer(), &layer, why);
    }
    return st;
}

static sluice_status make_pipeline(struct runner *r,
                                   const struct product_times_config *c,
                                   sluice_diag *why)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.01};
    int m = c->microbatches < MICROBATCHES ? c->microbatches : MICROBATCHES;
    const sluice_pipeline_config config = {
        .schedule = {.devices = 1, .microbatches = m},
        .batch = c->rows * m,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .gemm = c->gemm,
        .precision = c->precision,
        .finite = SLUICE_FINITE_OFF,
        .pinning = r->cpu < 0 ? SLUICE_PIN_OFF : SLUICE_PIN_LIST,
        .pin_cpus = &r->cpu,
        .n_pin_cpus = 1,
    };
    sluice_status st =
        workload_fill(&r->work, r->model, false, config.batch, 1, why);
    if (!st)
        st = sluice_pipeline_create(&config, r->model, &r->pipe, why);
    return st ? st : sluice_pipeline_set_learning_rate(r->pipe, 0);
}

static sluice_status runner_init(struct runner *r, int i,
                                 const struct product_times_config *c,
                                 sluice_diag *why)
{
    r->steps = c->steps;
    r->cpu = crew_cpu(i);
    r->calls =
        calloc((size_t)sluice_model_n_layers(c->model), sizeof *r->calls);
    if (!r->calls)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the times of products");
    sluice_status st = make_model(r, c->model, why);
    return st ? st : make_pipeline(r, c, why);
}

static void runner_fini(struct runner *r)
{
    sluice_pipeline_destroy(r->pipe);
    workload_fini(&r->work);
    sluice_model_destroy(r->model);
    free(r->calls);
}

/* A crew_work: one step to warm up, then those that are measured. */
static double step_runner(void *runners, int i)
{
    struct runner *r = (struct runner *)runners + i;
    r->status = SLUICE_OK;
    for (int s = -1; s < r->steps && !r->status; s++) {
        for (int l = 0; l < sluice_model_n_layers(r->model) && s == 0; l++)
            r->calls[l] = (struct product_calls){0};
        r->status = sluice_pipeline_step(r->pipe, r->work.x, r->work.targets,
                                         r->work.rows, NULL, &r->why);
    }
    return 0;
}

static sluice_status run(struct runner *runners, int first, int n,
                         sluice_diag *why)
{
    double none[SLUICE_MAX_DEVICES];
    sluice_status st = crew_run(first, n, step_runner, runners, none, why);
    for (int i = first; i < first + n && !st; i++) {
        st = runners[i].status;
        if (st && why)
            *why = runners[i].why;
    }
    return st;
}

/* Add a core's share of the mean. */
static void add_times(const struct runner *r, int n_cores, int n_layers,
                      struct product_time *layers, bool alone)
{
    for (int l = 0; l < n_layers; l++)
        for (int k = 0; k < N_PRODUCT_KINDS; k++) {
            double *ns = alone ? layers[l].alone_ns : layers[l].together_ns;
            ns[k] += product_calls_median(&r->calls[l], k) / n_cores;
        }
}

static sluice_status run_all(struct runner *runners,
                             const struct product_times_config *config,
                             struct product_times *times, sluice_diag *why)
{
    int n = config->cores;
    sluice_status st = SLUICE_OK;
    for (int i = 0; i < n && config->each_alone && !st; i++) {
        st = run(runners, i, 1, why);
        add_times(&runners[i], n, times->n_layers, times->layers, true);
    }
    if (!st)
        st = run(runners, 0, n, why);
    for (int i = 0; i < n && !st; i++)
        add_times(&runners[i], n, times->n_layers, times->layers, false);
    return st;
}

sluice_status product_loops_measure(struct product_loops *loops,
                                    struct product_times *out, sluice_diag *why)
{
    struct product_times_config *config = &loops->config;
    struct product_times times = {
        .n_layers = sluice_model_n_layers(config->model),
        .gemm = sluice_pipeline_gemm(loops->runners[0].pipe),
    };
    times.layers = calloc((size_t)times.n_layers, sizeof *times.layers);
    if (!times.layers)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the times of %d layers",
                               times.n_layers);
    sluice_status st = run_all(loops->runners, config, &times, why);
    config->each_alone = false;
    if (st)
        product_times_fini(&times);
    else
        *out = times;
    return st;
}

sluice_status product_loops_create(const struct product_times_config *config,
                                   struct product_loops **out, sluice_diag *why)
{
    struct product_loops *loops = calloc(1, sizeof *loops);
    sluice_status st = SLUICE_OK;
    if (loops) {
        loops->config = *config;
        loops->runners = calloc((size_t)config->cores, sizeof *loops->runners);
    }
    if (!loops || !loops->runners)
        st = sluice_diag_set(why, SLUICE_NO_MEMORY,
                             "out of memory for %d pipelines", config->cores);
    for (int i = 0; i < config->cores && !st; i++)
        st = runner_init(&loops->runners[i], i, config, why);
    if (st)
        product_loops_destroy(loops);
    else
        *out = loops;
    return st;
}

void product_loops_destroy(struct product_loops *loops)
{
    if (!loops)
        return;
    for (int i = 0; loops->runners && i < loops->config.cores; i++)
        runner_fini(&loops->runners[i]);
    free(loops->runners);
    free(loops);
}

void product_times_fini(struct product_times *times)
{
    free(times->layers);
    *times = (struct product_times){0};
}

double product_row_flops(const sluice_model *model, enum product_kind kind)
{
    double flops = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        int first = kind == PRODUCT_INPUT && i == 0;
        for (int k = first; k < plan->n_products; k++) {
            const sluice_product_spec *product = &plan->products[k];
            int64_t n = product->rows_per_row ? product->rows_per_row : 1;
            flops +=
                2.0 * (double)n * (double)product->in * (double)product->out;
        }
    }
    return flops;
}
