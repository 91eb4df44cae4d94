/* The least time of a step.  The main thread. */
#include "bench/roofline/bound.h"

#include <math.h>
#include <stdlib.h>

#include <sluice/pipeline.h>
#include <sluice/simulate.h>

#include "bench/measure/measure_config.h"
#include "bench/order/schedule_source.h"
#include "bench/roofline/crew.h"
#include "bench/roofline/peak.h"
#include "bench/roofline/product_times.h"
#include "bench/roofline/step_costs.h"

/* Sizes at which bandwidth is measured: not below what a loop needs to show a
 * rate, and not so much that touching it takes longer than the step. */
static const double least_bytes = 1 << 16;
static const double most_bytes = 1 << 28;

static double clamp(double bytes)
{
    return bytes < least_bytes  ? least_bytes
           : bytes > most_bytes ? most_bytes
                                : bytes;
}

/* A crew_work. */
static double stream(void *bytes, int i)
{
    (void)i;
    return peak_bandwidth((size_t) * (double *)bytes);
}

/* Bytes per second and core, `cores` at once. */
static sluice_status measure_bandwidth(double bytes, int cores, double *rate,
                                       sluice_diag *why)
{
    double rates[SLUICE_MAX_DEVICES];
    double size = clamp(bytes);
    sluice_status st = crew_run(0, cores, stream, &size, rates, why);
    *rate = 0;
    for (int i = 0; i < cores && !st; i++) {
        if (rates[i] <= 0)
            return sluice_diag_set(why, SLUICE_NO_MEMORY,
                                   "out of memory to measure bandwidth");
        *rate += rates[i] / cores;
    }
    return st;
}

struct bound_loops {
    struct bound_config config;
    int cores; /* that compute at once */
    const sluice_schedule *schedule;
    sluice_schedule *generated; /* NULL: it was given */
    struct product_loops *loops;
    struct product_times products; /* of the last turn */
    struct step_rates rates;       /* the same */
    int64_t *costs_ns;             /* the same */
};

static double all_update_bytes(const sluice_model *model, double n_states)
{
    double bytes = 0;
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        bytes += update_bytes_of(sluice_model_layer_plan(model, i), n_states);
    return bytes;
}

static int or_one(int n)
{
    return n > 0 ? n : 1;
}

/* States of the optimizer for each parameter. */
static double n_states(const struct bound_config *config)
{
    sluice_memory_plan plan;
    sluice_pipeline_config one = plain_pipeline_config(1, 1, config->batch);
    if (config->trains) {
        one.optimizer = config->trains->optimizer;
        one.optimizer_config = config->trains->optimizer_config;
        one.loss = config->trains->loss;
        one.loss_config = config->trains->loss_config;
    }
    if (sluice_pipeline_plan(config->model, &one, &plan, NULL) ||
        plan.parameters == 0)
        return 0;
    return round((double)plan.optimizer / (double)plan.parameters);
}

static sluice_status measure_rates(struct bound_loops *w, struct bound *out,
                                   sluice_diag *why)
{
    const struct bound_config *c = &w->config;
    struct step_rates *rates = &w->rates;
    product_times_fini(&w->products);
    sluice_status st = product_loops_measure(w->loops, &w->products, why);
    if (!st)
        st = measure_bandwidth((double)rates->rows *
                                   element_bytes_most(c->model),
                               w->cores, &out->bandwidth, why);
    if (!st)
        st = measure_bandwidth(all_update_bytes(c->model, rates->n_states) /
                                   (c->devices * or_one(c->team)),
                               w->cores, &out->bandwidth_update, why);
    rates->bandwidth = out->bandwidth / 1e9;
    rates->bandwidth_update = out->bandwidth_update / 1e9;
    return st;
}

/* Time of the products of one micro-batch. */
static double products_ns(const struct product_times *times, bool alone)
{
    double ns = 0;
    for (int l = 0; l < times->n_layers; l++)
        for (int k = 0; k < N_PRODUCT_KINDS; k++)
            ns += alone ? times->layers[l].alone_ns[k]
                        : times->layers[l].together_ns[k];
    return ns;
}

static void set_rates(const struct bound_loops *w, struct bound *out)
{
    const struct bound_config *c = &w->config;
    double flops = 0;
    double bytes = 0;
    for (int k = 0; k < N_PRODUCT_KINDS; k++)
        flops += product_row_flops(c->model, k) * (double)w->rates.rows;
    for (int i = 0; i < sluice_model_n_layers(c->model); i++) {
        struct element_bytes b =
            element_bytes_of(sluice_model_layer_plan(c->model, i));
        bytes += b.forward + b.input + b.weight;
    }
    double together = products_ns(&w->products, false);
    out->products_together = 1e9 * flops / together;
    out->products_alone =
        c->each_alone ? 1e9 * flops / products_ns(&w->products, true) : NAN;
    out->products_ns = c->microbatches * or_one(c->replicas) * together;
    out->elements_ns = (double)c->batch * bytes / w->rates.bandwidth;
}

/* What the device that updates most takes for it. */
static double update_most(const struct bound_loops *w)
{
    double most = 0;
    int stages = sluice_schedule_n_stages(w->schedule);
    double devices[SLUICE_SCHEDULE_MAX_DEVICES] = {0};
    for (int s = 0; s < stages; s++) {
        double *ns = &devices[sluice_schedule_stage_device(w->schedule, s)];
        *ns += (double)w->costs_ns[s * SLUICE_N_ACTION_KINDS + SLUICE_UPDATE];
        most = *ns > most ? *ns : most;
    }
    return most;
}

/* A team takes its part of what one device would, and so do replicas of an
 * update with ZeRO. */
static void divide_costs(struct bound_loops *w)
{
    const struct bound_config *c = &w->config;
    int n = sluice_schedule_n_stages(w->schedule) * SLUICE_N_ACTION_KINDS;
    for (int i = 0; i < n; i++) {
        bool shared = c->zero && i % SLUICE_N_ACTION_KINDS == SLUICE_UPDATE;
        w->costs_ns[i] /= or_one(c->team) * (shared ? or_one(c->replicas) : 1);
    }
}

static sluice_status simulate(struct bound_loops *w, struct bound *out,
                              sluice_diag *why)
{
    double copies = or_one(w->config.team) * or_one(w->config.replicas);
    const sluice_simulate_config config = {
        .stage_costs_ns = w->costs_ns,
        .queue_capacity = w->config.order->capacity,
        .no_barrier = true, /* a device may update ahead of the commit */
    };
    sluice_simulation *simulation;
    sluice_status st = sluice_simulate(w->schedule, &config, &simulation, why);
    if (st)
        return st;
    sluice_time_share all;
    const sluice_trace *trace = sluice_simulation_trace(simulation);
    sluice_simulation_account(simulation, NULL, &all);
    out->bubble = all.bubble;
    out->update_ns = update_most(w);
    out->step_ns = (double)(trace->end_ns - trace->start_ns);
    double work_ns = copies * (double)all.busy_ns / crew_cores();
    out->step_ns = fmax(out->step_ns, work_ns);
    sluice_simulation_destroy(simulation);
    return SLUICE_OK;
}

static sluice_status take_schedule(struct bound_loops *w, sluice_diag *why)
{
    const struct bound_config *c = &w->config;
    sluice_status st = SLUICE_OK;
    w->schedule = c->schedule;
    if (!c->schedule) {
        st = order_schedule(c->order, c->devices, c->microbatches,
                            &w->generated, why);
        w->schedule = w->generated;
    }
    return st;
}

/* What does not change from turn to turn. */
static sluice_status prepare(struct bound_loops *w, sluice_diag *why)
{
    const struct bound_config *c = &w->config;
    int parts = c->microbatches * or_one(c->replicas);
    sluice_status st = take_schedule(w, why);
    if (st)
        return st;
    w->costs_ns = calloc((size_t)sluice_schedule_n_stages(w->schedule) *
                             SLUICE_N_ACTION_KINDS,
                         sizeof *w->costs_ns);
    if (!w->costs_ns)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the costs of a schedule");
    w->rates = (struct step_rates){
        .products = &w->products,
        .rows = (c->batch + parts - 1) / parts,
        .microbatches = c->microbatches,
        .n_states = n_states(c),
    };
    const struct product_times_config products = {
        .model = c->model,
        .rows = w->rates.rows,
        .microbatches = c->microbatches,
        .gemm = c->order->gemm,
        .precision = c->order->precision,
        .steps = c->steps,
        .cores = w->cores,
        .each_alone = c->each_alone,
    };
    return product_loops_create(&products, &w->loops, why);
}

sluice_status bound_loops_create(const struct bound_config *config,
                                 struct bound_loops **out, sluice_diag *why)
{
    int cores = crew_cores();
    int devices =
        config->devices * or_one(config->replicas) * or_one(config->team);
    struct bound_loops *w = calloc(1, sizeof *w);
    if (!w)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for a bound");
    w->config = *config;
    w->cores = devices < cores ? devices : cores;
    sluice_status st = prepare(w, why);
    if (st)
        bound_loops_destroy(w);
    else
        *out = w;
    return st;
}

void bound_loops_destroy(struct bound_loops *loops)
{
    if (!loops)
        return;
    product_loops_destroy(loops->loops);
    product_times_fini(&loops->products);
    free(loops->costs_ns);
    sluice_schedule_destroy(loops->generated);
    free(loops);
}

sluice_status bound_loops_measure(struct bound_loops *loops, struct bound *out,
                                  sluice_diag *why)
{
    struct bound bound = {0};
    sluice_status st = measure_rates(loops, &bound, why);
    if (!st)
        st = step_costs(loops->config.model, loops->schedule, &loops->rates,
                        loops->costs_ns, why);
    if (st)
        return st;
    divide_costs(loops);
    set_rates(loops, &bound);
    loops->config.each_alone = false;
    st = simulate(loops, &bound, why);
    if (!st)
        *out = bound;
    return st;
}

sluice_status bound_measure(const struct bound_config *config,
                            struct bound *out, sluice_diag *why)
{
    struct bound_loops *loops;
    sluice_status st = bound_loops_create(config, &loops, why);
    if (st)
        return st;
    st = bound_loops_measure(loops, out, why);
    bound_loops_destroy(loops);
    return st;
}

double bound_step_ns(const struct bound_config *config)
{
    struct bound bound;
    return bound_measure(config, &bound, NULL) ? NAN : bound.step_ns;
}
