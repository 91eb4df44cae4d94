/*
 * `sluice sample`.  The main thread.
 *
 * A token is drawn from the outputs at the last position.  As long as the text
 * fits a window, a decoder goes on by one position with each token.  From then
 * on the window moves with each, so that all its positions change: it is run
 * again as a whole.  So it is from the start if the model cannot go by
 * position; positions behind the last one then hold token 0, at which a causal
 * model does not look.
 *
 * In several processes each has a device, and all draw the same tokens from the
 * same outputs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/decode.h>
#include <sluice/tokenizer.h>

#include "bench/cli/command.h"
#include "bench/sample/sample.h"
#include "bench/sample/saved_model.h"
#include "bench/world/joined.h"

struct sampling {
    const struct sample_config *config;
    struct joined joined;
    struct saved_model saved;
    sluice_tokenizer *tokenizer;
    sluice_decoder *decoder; /* NULL: the model needs windows */
    int64_t decoded;         /* tokens that it was given */
    int64_t context;         /* tokens of a window */
    int64_t outputs;         /* of a position */
    int64_t n;               /* tokens of the text so far */
    int32_t *tokens;         /* tokens[prompt + n_tokens + 1] */
    int32_t *window;         /* window[context] */
    float *y;                /* y[context][outputs] */
    int32_t *order;          /* room, as draw_token() wants it */
    double *p;
};

static sluice_status check_model(struct sampling *s, sluice_diag *why)
{
    sluice_shape in = sluice_model_input(s->saved.model);
    sluice_shape out = sluice_model_output(s->saved.model);
    int32_t vocabulary = sluice_tokenizer_vocabulary(s->tokenizer);
    s->context = sluice_shape_elements(&in);
    s->outputs = out.n_dims ? out.dims[out.n_dims - 1] : 1;
    if (sluice_model_input_type(s->saved.model) != SLUICE_I32 ||
        sluice_shape_elements(&out) != s->context * s->outputs)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: the model does not tell the next token at "
                               "each of its positions",
                               s->config->saved.load);
    if (s->outputs < vocabulary)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s: the model tells %lld tokens apart, but its "
                               "tokenizer has %d",
                               s->config->saved.load, (long long)s->outputs,
                               vocabulary);
    return SLUICE_OK;
}

static sluice_status make_room(struct sampling *s, sluice_diag *why)
{
    size_t prompt = s->config->prompt ? strlen(s->config->prompt) : 0;
    size_t n = prompt + (size_t)s->config->n_tokens + 1;
    size_t outputs = (size_t)s->outputs, context = (size_t)s->context;
    s->tokens = calloc(n, sizeof *s->tokens);
    s->window = calloc(context, sizeof *s->window);
    s->y = calloc(context * outputs, sizeof *s->y);
    s->order = calloc(outputs, sizeof *s->order);
    s->p = calloc(outputs, sizeof *s->p);
    if (s->tokens && s->window && s->y && s->order && s->p)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a window of outputs");
}

/* A text without a prompt goes on behind the end of a line, or behind the first
 * token if there are no lines. */
static sluice_status begin_text(struct sampling *s, sluice_diag *why)
{
    const char *prompt = s->config->prompt ? s->config->prompt : "";
    size_t n = 0;
    sluice_status st = SLUICE_OK;
    if (*prompt) {
        sluice_diag inner;
        st = sluice_tokenizer_encode(s->tokenizer, prompt, strlen(prompt),
                                     s->tokens, &n, &inner);
        if (st)
            return sluice_diag_set(why, st, "--prompt: %s", inner.text);
    } else if (sluice_tokenizer_encode(s->tokenizer, "\n", 1, s->tokens, &n,
                                       NULL)) {
        s->tokens[0] = 0;
        n = 1;
    }
    s->n = (int64_t)n;
    fputs(prompt, stdout);
    return SLUICE_OK;
}

/* The outputs at the last token. */
static sluice_status run_window(struct sampling *s, const float **y,
                                sluice_diag *why)
{
    int64_t n = s->n < s->context ? s->n : s->context;
    memset(s->window, 0, (size_t)s->context * sizeof *s->window);
    memcpy(s->window, s->tokens + s->n - n, (size_t)n * sizeof *s->window);
    *y = s->y + (n - 1) * s->outputs;
    return sluice_pipeline_infer(s->saved.pipe, s->window, 1, s->y, why);
}

/* The same through the decoder, which takes the tokens that it lacks. */
static sluice_status decode(struct sampling *s, const float **y,
                            sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (; s->decoded < s->n && !st; s->decoded++)
        st = sluice_decoder_next(s->decoder, s->tokens[s->decoded], s->y, why);
    *y = s->y;
    return st;
}

static sluice_status put_token(struct sampling *s, uint64_t number,
                               sluice_diag *why)
{
    const float *y;
    size_t bytes;
    bool goes_on = s->decoder && s->n <= s->context;
    sluice_status st = goes_on ? decode(s, &y, why) : run_window(s, &y, why);
    if (st)
        return st;
    int32_t token =
        draw_token(&s->config->draw, number, y,
                   sluice_tokenizer_vocabulary(s->tokenizer), s->order, s->p);
    const char *text = sluice_tokenizer_decode(s->tokenizer, token, &bytes);
    fwrite(text, 1, bytes, stdout);
    fflush(stdout);
    s->tokens[s->n++] = token;
    return SLUICE_OK;
}

/* What each process does for itself. */
static sluice_status prepare(struct sampling *s, sluice_diag *why)
{
    sluice_status st = s->config->tokenizer
                           ? sluice_tokenizer_parse(s->config->tokenizer, NULL,
                                                    &s->tokenizer, why)
                           : sluice_tokenizer_read(s->config->saved.load, NULL,
                                                   &s->tokenizer, why);
    if (!st)
        st = check_model(s, why);
    if (!st)
        st = make_room(s, why);
    return st ? st : begin_text(s, why);
}

static sluice_status sample(struct sampling *s, sluice_diag *why)
{
    const struct saved_config config = {
        .source = &s->config->saved,
        .batch = 1,
        .labels = true,
        .world = s->joined.world,
    };
    sluice_status st = saved_model_open(&s->saved, &config, why);
    if (st)
        return st;
    st = sluice_world_agree(config.world, prepare(s, why), why);
    if (!st && !s->config->windows &&
        sluice_decoder_create(s->saved.pipe, &s->decoder, NULL))
        s->decoder = NULL;
    for (int64_t i = 0; i < s->config->n_tokens && !st; i++)
        st = put_token(s, (uint64_t)i, why);
    if (!st)
        putchar('\n');
    return st;
}

static int run(const char *called, void *given)
{
    struct sampling s = {.config = given};
    sluice_diag why;
    sluice_status st = joined_begin(&s.joined, &why);
    if (!st)
        st = sample(&s, &why);
    free(s.p);
    free(s.order);
    free(s.y);
    free(s.window);
    free(s.tokens);
    sluice_tokenizer_destroy(s.tokenizer);
    sluice_decoder_destroy(s.decoder);
    saved_model_close(&s.saved);
    if (st)
        joined_before_failure(&s.joined);
    int status = st ? command_fail(called, &why) : EXIT_SUCCESS;
    joined_end(&s.joined);
    return status;
}

static sluice_status check(void *given, sluice_diag *why)
{
    const struct sample_config *config = given;
    if (config->saved.load)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "--load is missing: the file that sluice train "
                           "--save wrote");
}

const struct command sample_command = {
    .name = "sample",
    .does = "Let a trained model write text",
    .doc = "Draw a text, token by token, from a model that was trained on one.",
    .groups = sample_groups,
    .config_bytes = sizeof(struct sample_config),
    .joins = true,
    .check = check,
    .run = run,
};
