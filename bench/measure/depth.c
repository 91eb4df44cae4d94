/* How deep a network can be.  The main thread. */
#include "bench/measure/depth.h"

#include <inttypes.h>
#include <stdio.h>

#include <sluice/layer.h>
#include <sluice/shape.h>

enum { TEXT = 512 };

static sluice_status linear_model(int64_t width, int layers,
                                  sluice_model **model, sluice_diag *why)
{
    const sluice_model_config config = {.input = sluice_shape_vector(width)};
    const sluice_linear_config linear = {.out = width,
                                         .activation = SLUICE_RELU};
    sluice_model *made;
    sluice_status st = sluice_model_create(&config, &made, why);
    if (st)
        return st;
    for (int i = 0; i < layers && !st; i++)
        st = sluice_model_add(made, sluice_linear(), &linear, why);
    if (st)
        sluice_model_destroy(made);
    else
        *model = made;
    return st;
}

/* Blocks with the norm in front, as GPT-2's; rows are what an embedding makes
 * of tokens. */
static sluice_status block_model(const struct depth_layer *layer, int layers,
                                 sluice_model **model, sluice_diag *why)
{
    char text[TEXT];
    snprintf(text, sizeof text,
             "input(%" PRId64 "x%" PRId64
             "); sequence{residual{layer_norm(per-position); "
             "attention(%" PRId64
             ", causal)}; residual{layer_norm(per-position); linear(%" PRId64
             ", per-position, activation=relu); linear(%" PRId64
             ", per-position)}} x%d",
             layer->positions, layer->width, layer->heads, 4 * layer->width,
             layer->width, layers);
    return sluice_model_parse(text, NULL, model, why);
}

sluice_status depth_model(const struct depth_layer *layer, int layers,
                          sluice_model **model, sluice_diag *why)
{
    return layer->positions ? block_model(layer, layers, model, why)
                            : linear_model(layer->width, layers, model, why);
}

sluice_status depth_peak(const sluice_pipeline_config *config,
                         const sluice_model *model, size_t *bytes,
                         sluice_diag *why)
{
    sluice_memory_plan plans[SLUICE_MAX_DEVICES];
    sluice_status st = sluice_pipeline_plan(model, config, plans, why);
    if (st)
        return st;
    *bytes = 0;
    for (int d = 0; d < config->schedule.devices; d++)
        if (plans[d].total > *bytes)
            *bytes = plans[d].total;
    return SLUICE_OK;
}

/* What a search varies: a number of layers, and what it does to memory. */
struct question {
    const sluice_pipeline_config *config;
    const struct depth_layer *layer;
    size_t cap;
    struct depth depth; /* the other positions */
    int *varied;        /* in `depth`; NULL: all layers, cut uniformly */
};

static sluice_status fits(struct question *q, int layers, bool *answer,
                          sluice_diag *why)
{
    size_t bytes = 0;
    sluice_status st;
    if (q->varied) {
        *q->varied = layers;
        st =
            depth_peak_by_position(q->config, q->layer, &q->depth, &bytes, why);
    } else {
        sluice_model *model;
        st = depth_model(q->layer, layers, &model, why);
        if (st)
            return st;
        st = depth_peak(q->config, model, &bytes, why);
        sluice_model_destroy(model);
    }
    *answer = bytes <= q->cap;
    return st;
}

/* The most layers, at least `least`, that fit; least - 1 if none do.  First by
 * doubling steps: a plan takes time with its number of layers. */
static sluice_status search(struct question *q, int least, int *layers,
                            sluice_diag *why)
{
    int good = least - 1;
    int bad = SLUICE_MODEL_MAX_LAYERS / 3 + 1;
    bool bounded = false; /* `bad` was tried */
    for (int step = 1; bad - good > 1; step *= 2) {
        int at = bounded || step >= bad - good ? good + (bad - good) / 2
                                               : good + step;
        bool fit;
        sluice_status st = fits(q, at, &fit, why);
        if (st)
            return st;
        if (fit) {
            good = at;
        } else {
            bad = at;
            bounded = true;
        }
    }
    *layers = good;
    return SLUICE_OK;
}

/* The layers of the shallowest network: one for each stage of a copy. */
static sluice_status shallowest(const sluice_pipeline_config *config,
                                int *layers, sluice_diag *why)
{
    sluice_schedule *made = NULL;
    const sluice_schedule *schedule = config->custom;
    if (!schedule) {
        sluice_status st =
            sluice_schedule_generate(&config->schedule, &made, why);
        if (st)
            return st;
        schedule = made;
    }
    *layers =
        sluice_schedule_n_stages(schedule) / sluice_schedule_n_copies(schedule);
    sluice_schedule_destroy(made);
    return SLUICE_OK;
}

sluice_status depth_search(const sluice_pipeline_config *config,
                           const struct depth_layer *layer, size_t cap,
                           int *layers, sluice_diag *why)
{
    struct question q = {.config = config, .layer = layer, .cap = cap};
    int least, found;
    sluice_status st = shallowest(config, &least, why);
    if (!st)
        st = search(&q, least, &found, why);
    if (st)
        return st;
    *layers = found < least ? 0 : found;
    return SLUICE_OK;
}

struct depth depth_one(int devices)
{
    return (struct depth){1, devices > 2, devices > 1};
}

int depth_layers(const struct depth *depth, int devices)
{
    int inner = devices > 2 ? devices - 2 : 0;
    return depth->first + inner * depth->inner + depth->last;
}

sluice_status depth_peak_by_position(const sluice_pipeline_config *config,
                                     const struct depth_layer *layer,
                                     const struct depth *depth, size_t *bytes,
                                     sluice_diag *why)
{
    int n = config->schedule.devices < 3 ? config->schedule.devices : 3;
    const int three[] = {depth->first, n == 3 ? depth->inner : depth->last,
                         depth->last};
    sluice_pipeline_config small = *config;
    small.schedule.devices = n;
    small.cut = SLUICE_CUT_LIST;
    small.partition = three;
    sluice_model *model;
    sluice_status st = depth_model(layer, depth_layers(depth, n), &model, why);
    if (st)
        return st;
    st = depth_peak(&small, model, bytes, why);
    sluice_model_destroy(model);
    return st;
}

sluice_status depth_best(const sluice_pipeline_config *config,
                         const struct depth_layer *layer, size_t cap,
                         struct depth *best, sluice_diag *why)
{
    const struct depth one = depth_one(config->schedule.devices);
    struct depth found = {0, 0, 0};
    sluice_status st = SLUICE_OK;
    int n = one.first + one.last + one.inner;
    for (int i = 0; i < n && !st; i++) {
        struct question q = {
            .config = config, .layer = layer, .cap = cap, .depth = one};
        int *const varied[] = {&q.depth.first, &q.depth.last, &q.depth.inner};
        int *const results[] = {&found.first, &found.last, &found.inner};
        q.varied = varied[i];
        st = search(&q, 1, results[i], why);
    }
    if (!st)
        *best = found;
    return st;
}
