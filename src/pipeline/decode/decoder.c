/*
 * A decoder: the model once more for rows of one position, whose layers run one
 * after the other on the caller's thread, with the pipeline's parameters.
 *
 * In several processes each call is one of all callers:
 *
 *   agree    None refuses the call, and all are there.
 *   find     If the sequence is the first, or parameters may have changed, each
 *            process gets those that lie in parts, and the caches of layers
 *            that another one has run before a reshape.
 *   run      Each process runs its layers, and hands the row to that of the
 *            next one.  If a layer fails, the sentence goes on in its place.
 *   share    The process of the last layer gives all of them that sentence, or
 *            the outputs.
 *
 * So every message that is sent is received, and nothing is left for the next
 * call.  Only the loss of a process can come in between.
 */
#include <sluice/decode.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <sluice/world.h>

#include "pipeline/decode/decoder_move.h"
#include "pipeline/decode/decoder_parts.h"
#include "pipeline/decode/decoder_run.h"

#define INPUT "input(1, int32); "

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

/* All that this process alone can fail at. */
static sluice_status build(sluice_decoder *d, sluice_diag *why)
{
    const sluice_model *model = d->pipe->blueprint.model;
    sluice_status st = check_model(model, why);
    if (!st)
        st = make_model(d, model, why);
    if (st)
        return st;
    d->n_layers = sluice_model_n_layers(d->model);
    st = sl_decoded_weights_init(&d->weights, d->pipe, d->model, why);
    if (st)
        return st;
    d->grads = sl_alloc(d->allocator, d->weights.n, sizeof *d->grads);
    if (!d->grads)
        return sl_no_memory(why, "a decoder");
    struct sl_decoder_place place;
    st = sl_decoder_find_place(d, &place, why);
    d->place = place;
    return st ? st
              : sl_decoded_weights_make_room(&d->weights, place.runners, why);
}

static sluice_status create(const sluice_pipeline *pipe, sluice_decoder **out,
                            sluice_diag *why)
{
    sluice_decoder *d = sl_alloc(pipe->allocator, 1, sizeof *d);
    if (d) {
        d->allocator = pipe->allocator;
        d->pipe = pipe;
        d->rank = pipe->blueprint.processes.rank;
        d->context = sluice_model_input(pipe->blueprint.model).dims[0];
        d->n_reshapes = pipe->n_reshapes;
    }
    sluice_status st = d ? build(d, why) : sl_no_memory(why, "a decoder");
    st = sluice_world_agree(pipe->world, st, why);
    if (!st)
        st = sl_decoded_weights_find(&d->weights, d->place.runners, why);
    if (st)
        sluice_decoder_destroy(d);
    else
        *out = d;
    return st;
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

void sluice_decoder_destroy(sluice_decoder *d)
{
    if (!d)
        return;
    sl_decoder_leave_place(d, &d->place);
    sl_free(d->allocator, d->grads, d->weights.n, sizeof *d->grads);
    sl_decoded_weights_fini(&d->weights);
    sluice_model_destroy(d->model);
    sl_free(d->allocator, d, 1, sizeof *d);
}

/* Whether parameters are to be found again. */
static bool is_stale(const sluice_decoder *d)
{
    return d->is_rewound || d->n_reshapes != d->pipe->n_reshapes;
}

/* All that this process alone can refuse. */
static sluice_status prepare(sluice_decoder *d, const float *y,
                             struct sl_decoder_place *place, sluice_diag *why)
{
    if (!y)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "`y` is NULL; give room for the outputs");
    if (d->position == d->context)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the sequence has %" PRId64
                               " positions, as many as a row of the model: "
                               "begin another one with "
                               "sluice_decoder_rewind()",
                               d->position);
    sluice_status st = SLUICE_OK;
    if (d->n_reshapes != d->pipe->n_reshapes)
        st = sl_decoder_find_place(d, place, why);
    if (!st && is_stale(d))
        st = sl_decoded_weights_make_room(
            &d->weights, place->runners ? place->runners : d->place.runners,
            why);
    return st;
}

/* Get what is to be found, as all processes have agreed. */
static sluice_status find(sluice_decoder *d, struct sl_decoder_place *place,
                          sluice_diag *why)
{
    sluice_status st =
        place->runners ? sl_decoder_move(d, place, why) : SLUICE_OK;
    if (!st)
        st = sl_decoded_weights_find(&d->weights, d->place.runners, why);
    if (st)
        return st;
    d->n_reshapes = d->pipe->n_reshapes;
    d->is_rewound = false;
    return SLUICE_OK;
}

static sluice_status go_on(sluice_decoder *d, int32_t token, float *y,
                           sluice_diag *why)
{
    struct sl_decoder_place place = {0};
    bool finds = is_stale(d);
    sluice_status st = prepare(d, y, &place, why);
    st = sluice_world_agree(d->pipe->world, st, why);
    if (!st && finds)
        st = find(d, &place, why);
    sl_decoder_leave_place(d, &place);
    return st ? st : sl_decoder_run(d, &token, y, why);
}

sluice_status sluice_decoder_next(sluice_decoder *d, int32_t token, float *y,
                                  sluice_diag *why)
{
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    sluice_status st = go_on(d, token, y, why);
    pthread_setcancelstate(cancel_state, NULL);
    d->position += !st;
    return st;
}

/* Steps change what was copied, and those with weight versions move the
 * parameters. */
void sluice_decoder_rewind(sluice_decoder *d)
{
    d->is_rewound = true;
    d->position = 0;
}
