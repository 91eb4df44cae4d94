/*
 * A decoder: the model once more for rows of one position, whose layers run one
 * after the other on the caller's thread, with the pipeline's parameters.
 */
#include <sluice/decode.h>

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/denormals.h"
#include "base/memory.h"
#include "nn/model/model.h"
#include "pipeline/parameters.h"
#include "pipeline/pipeline.h"

#define INPUT "input(1, int32); "

/* Of a layer. */
struct sl_decoded {
    const float **params; /* [n_params], in the pipeline */
    float **grads;        /* [n_params], all NULL */
    void *cache;
};

struct sluice_decoder {
    const sluice_allocator *allocator;
    const sluice_pipeline *pipe; /* whose parameters it reads */
    sluice_model *model;         /* for rows of one position */
    struct sl_decoded *layers;   /* [n_layers] */
    const float **params;        /* [n_params], of all layers */
    float **grads;               /* the same */
    float **copies;              /* the same, of those that lie in parts */
    float *y[2];                 /* of a layer, in turn */
    char *caches;
    void *saved;
    void *workspace;
    void *scratch;
    int n_layers;
    size_t n_params;
    size_t y_elements; /* these are sizes of the above */
    size_t cache_bytes;
    size_t saved_bytes;
    size_t workspace_bytes;
    size_t scratch_bytes;
    uint64_t n_reshapes; /* of the pipeline when the parameters were found */
    int64_t context;     /* positions of a sequence */
    int64_t position;
};

static sluice_status check_model(const sluice_model *model, sluice_diag *why)
{
    sluice_shape in = sluice_model_input(model);
    if (sluice_model_input_type(model) != SLUICE_I32 || in.n_dims != 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a decoder needs a model of tokens: "
                               "input(n, int32)");
    for (int i = 0; i < sluice_model_n_layers(model); i++)
        if (!sluice_model_layer_plan(model, i)->by_position)
            return sluice_diag_set(
                why, SLUICE_INVALID,
                "layer %d (%.40s) does not work position by position: a "
                "decoder needs causal attention, and per-position of linear "
                "layers and norms",
                i, sluice_model_layer(model, i)->name);
    return SLUICE_OK;
}

/* The same layers for rows of one position, by way of the model's text. */
static sluice_status make_model(sluice_decoder *d, const sluice_model *model,
                                sluice_diag *why)
{
    size_t size = sluice_model_print(model, NULL, 0) + 1;
    size_t room = size + sizeof INPUT;
    char *text = sl_alloc(d->allocator, room, 1);
    if (!text)
        return sl_no_memory(why, "the text of a model");
    char *printed = text + sizeof INPUT;
    sluice_model_print(model, printed, size);
    const char *layers = strstr(printed, "; ") + 2;
    memmove(text + sizeof INPUT - 1, layers, strlen(layers) + 1);
    memcpy(text, INPUT, sizeof INPUT - 1);
    sluice_status st = sluice_model_parse(text, d->allocator, &d->model, why);
    sl_free(d->allocator, text, room, 1);
    return st;
}

static size_t larger(size_t a, int64_t b)
{
    return a > (size_t)b ? a : (size_t)b;
}

static void measure(sluice_decoder *d)
{
    d->n_layers = sluice_model_n_layers(d->model);
    for (int i = 0; i < d->n_layers; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(d->model, i);
        d->n_params += (size_t)plan->n_params;
        d->y_elements =
            larger(d->y_elements, sluice_shape_elements(&plan->out));
        d->cache_bytes += sl_round_up((size_t)(plan->cache_bytes * d->context));
        d->saved_bytes = larger(d->saved_bytes, plan->saved_row_bytes);
        d->workspace_bytes =
            larger(d->workspace_bytes, plan->workspace_row_bytes);
        d->scratch_bytes = larger(d->scratch_bytes, plan->scratch_bytes);
    }
}

static sluice_status make_room(sluice_decoder *d, sluice_diag *why)
{
    measure(d);
    d->layers = sl_alloc(d->allocator, (size_t)d->n_layers, sizeof *d->layers);
    d->params = sl_alloc(d->allocator, d->n_params, sizeof *d->params);
    d->grads = sl_alloc(d->allocator, d->n_params, sizeof *d->grads);
    for (int i = 0; i < 2; i++)
        d->y[i] = sl_alloc(d->allocator, d->y_elements, sizeof *d->y[i]);
    d->caches = sl_alloc(d->allocator, d->cache_bytes, 1);
    d->saved = sl_alloc(d->allocator, d->saved_bytes, 1);
    d->workspace = sl_alloc(d->allocator, d->workspace_bytes, 1);
    d->scratch = sl_alloc(d->allocator, d->scratch_bytes, 1);
    d->copies = sl_alloc(d->allocator, d->n_params, sizeof *d->copies);
    bool is_there = d->copies && d->layers && d->params && d->grads &&
                    d->y[0] && d->y[1] && d->caches && d->saved &&
                    d->workspace && d->scratch;
    return is_there ? SLUICE_OK : sl_no_memory(why, "a decoder");
}

/* The number of a parameter among those of all layers. */
static size_t number_of(const sluice_model *model, int layer, int param)
{
    size_t n = (size_t)param;
    for (int i = 0; i < layer; i++)
        n += (size_t)sluice_model_layer_plan(model, i)->n_params;
    return n;
}

/* Where a parameter lies as a whole: in the pipeline, or in the copy, which is
 * made again.  NULL: there is no memory for one. */
static const float *find_whole(sluice_decoder *d, size_t number,
                               const sluice_state_tensor *at)
{
    const float *lies = sl_pipeline_tensor(d->pipe, 0, at);
    size_t n = (size_t)sluice_shape_elements(&at->parameter.spec->shape);
    if (lies)
        return lies;
    if (!d->copies[number])
        d->copies[number] = sl_alloc(d->allocator, n, sizeof(float));
    if (d->copies[number])
        sl_pipeline_copy_tensor(d->pipe, at, d->copies[number]);
    return d->copies[number];
}

static sluice_status find_params(sluice_decoder *d, sluice_diag *why)
{
    sluice_state_tensor at = {.state = 0};
    while (sluice_pipeline_next_tensor(d->pipe, &at)) {
        size_t i = number_of(d->model, at.parameter.layer, at.parameter.index);
        if (at.state >= 0)
            continue;
        d->params[i] = find_whole(d, i, &at);
        if (!d->params[i])
            return sl_no_memory(why, "a parameter that lies in parts");
    }
    return SLUICE_OK;
}

/* Parameters have the same shapes for one position: that is what by_position
 * means.  A use of a tied one is where the first use is. */
static sluice_status bind_layers(sluice_decoder *d, sluice_diag *why)
{
    sluice_status st = find_params(d, why);
    if (st)
        return st;
    const sluice_pipeline *pipe = d->pipe;
    size_t cache = 0, n = 0;
    for (int i = 0; i < d->n_layers; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(d->model, i);
        d->layers[i].params = d->params + n;
        d->layers[i].grads = d->grads + n;
        d->layers[i].cache = d->caches + cache;
        cache += sl_round_up((size_t)(plan->cache_bytes * d->context));
        for (int p = 0; p < plan->n_params; p++) {
            assert(sluice_shape_equal(
                &plan->params[p].shape,
                &sluice_model_layer_plan(pipe->blueprint.model, i)
                     ->params[p]
                     .shape));
            const struct sl_parameter_use first = sl_model_first_use(
                pipe->blueprint.model, (struct sl_parameter_use){i, p});
            d->params[n++] =
                d->params[number_of(d->model, first.layer, first.param)];
        }
    }
    d->n_reshapes = pipe->n_reshapes;
    return SLUICE_OK;
}

static sluice_status check_shape(const sluice_pipeline *pipe, sluice_diag *why)
{
    if (pipe->world)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a decoder reads all parameters where they lie, "
                               "and other processes have some of them; load "
                               "the weights into a pipeline of one process");
    return SLUICE_OK;
}

/* Find the parameters again if a reshape has moved them. */
static sluice_status follow(sluice_decoder *d, sluice_diag *why)
{
    if (d->n_reshapes == d->pipe->n_reshapes)
        return SLUICE_OK;
    sluice_status st = check_shape(d->pipe, why);
    return st ? st : bind_layers(d, why);
}

static sluice_status create(const sluice_pipeline *pipe, sluice_decoder **out,
                            sluice_diag *why)
{
    const sluice_model *model = pipe->blueprint.model;
    sluice_shape in = sluice_model_input(model);
    sluice_status st = check_shape(pipe, why);
    if (!st)
        st = check_model(model, why);
    if (st)
        return st;
    sluice_decoder *d = sl_alloc(pipe->allocator, 1, sizeof *d);
    if (!d)
        return sl_no_memory(why, "a decoder");
    d->allocator = pipe->allocator;
    d->pipe = pipe;
    d->context = in.dims[0];
    st = make_model(d, model, why);
    if (!st)
        st = make_room(d, why);
    if (!st)
        st = bind_layers(d, why);
    if (st) {
        sluice_decoder_destroy(d);
        return st;
    }
    *out = d;
    return SLUICE_OK;
}

sluice_status sluice_decoder_create(const sluice_pipeline *pipe,
                                    sluice_decoder **out, sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = create(pipe, out, why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

static void free_copies(sluice_decoder *d)
{
    for (int i = 0; i < d->n_layers && d->copies; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(d->model, i);
        for (int p = 0; p < plan->n_params; p++)
            sl_free(d->allocator, d->copies[number_of(d->model, i, p)],
                    (size_t)sluice_shape_elements(&plan->params[p].shape),
                    sizeof(float));
    }
    sl_free(d->allocator, d->copies, d->n_params, sizeof *d->copies);
}

void sluice_decoder_destroy(sluice_decoder *d)
{
    if (!d)
        return;
    sl_free(d->allocator, d->scratch, d->scratch_bytes, 1);
    sl_free(d->allocator, d->workspace, d->workspace_bytes, 1);
    sl_free(d->allocator, d->saved, d->saved_bytes, 1);
    sl_free(d->allocator, d->caches, d->cache_bytes, 1);
    for (int i = 0; i < 2; i++)
        sl_free(d->allocator, d->y[i], d->y_elements, sizeof *d->y[i]);
    free_copies(d);
    sl_free(d->allocator, d->grads, d->n_params, sizeof *d->grads);
    sl_free(d->allocator, d->params, d->n_params, sizeof *d->params);
    sl_free(d->allocator, d->layers, (size_t)d->n_layers, sizeof *d->layers);
    sluice_model_destroy(d->model);
    sl_free(d->allocator, d, 1, sizeof *d);
}

/* The outputs go through two buffers in turn; those of the last layer to y. */
static sluice_status run(sluice_decoder *d, const int32_t *token, float *y,
                         sluice_diag *why)
{
    const void *x = token;
    for (int i = 0; i < d->n_layers; i++) {
        float *to = i + 1 == d->n_layers ? y : d->y[i % 2];
        sluice_layer_call call = {
            .config = sl_model_layer_config(d->model, i),
            .plan = sluice_model_layer_plan(d->model, i),
            .layer = i,
            .rows = 1,
            .x = x,
            .y = to,
            .params = d->layers[i].params,
            .grads = d->layers[i].grads,
            .saved = d->saved,
            .workspace = d->workspace,
            .scratch = d->scratch,
            .cache = d->layers[i].cache,
            .position = d->position,
            .cache_positions = d->context,
            .why = why,
        };
        sluice_status st = sluice_model_layer(d->model, i)->forward(&call);
        if (st)
            return st;
        x = to;
    }
    return SLUICE_OK;
}

sluice_status sluice_decoder_next(sluice_decoder *d, int32_t token, float *y,
                                  sluice_diag *why)
{
    if (d->position == d->context)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the sequence has %" PRId64
                               " positions, as many as a row of the model: "
                               "begin another one with "
                               "sluice_decoder_rewind()",
                               d->position);
    sluice_status st = follow(d, why);
    if (st)
        return st;
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    uint64_t denormals = sl_denormals_off(); /* as on a device */
    st = run(d, &token, y, why);
    sl_denormals_restore(denormals);
    pthread_setcancelstate(cancel_state, NULL);
    d->position += !st;
    return st;
}

void sluice_decoder_rewind(sluice_decoder *d)
{
    /* Steps have changed what was copied, and those with weight versions have
     * moved the parameters. */
    d->n_reshapes = d->pipe->n_reshapes - 1;
    follow(d, NULL);
    d->position = 0;
}
