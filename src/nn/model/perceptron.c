/* Perceptrons from text.  The thread that builds a model. */
#include "nn/model/perceptron.h"

#include <stdint.h>
#include <string.h>

#include "nn/model/model_text.h"

/* What stands behind the colon. */
struct options {
    sluice_activation activation;
    bool has_activation;
    sluice_dropout_config dropout;
    bool has_dropout;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/*
 * A decimal fraction like 0.25, whatever the locale.  More digits than a float
 * can tell apart are read and do not matter.
 */
static sluice_status read_rate(struct sl_model_text *in, float *rate)
{
    double value = 0, place = 1;
    const char *start = in->at;
    while (sl_text_skip(in, '0'))
        continue;
    if (in->at > start && sl_text_skip(in, '.'))
        for (; is_digit(*in->at); in->at++) {
            place /= 10;
            value += place * (*in->at - '0');
        }
    if (in->at == start || (float)value >= 1) {
        in->at = start;
        return sl_text_refuse(in,
                              "a rate of at least 0 and less than 1, as 0.25,");
    }
    *rate = (float)value;
    return SLUICE_OK;
}

/* Step over `word` if it is next and ends there. */
static bool skip_word(struct sl_model_text *in, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(in->at, word, n) != 0)
        return false;
    if (in->at[n] && in->at[n] != ',')
        return false;
    in->at += n;
    return true;
}

static sluice_status read_option(struct sl_model_text *in,
                                 struct options *options)
{
    static const char dropout[] = "dropout=";
    size_t n = sizeof dropout - 1;
    if (!options->has_dropout && !strncmp(in->at, dropout, n)) {
        in->at += n;
        options->has_dropout = true;
        return read_rate(in, &options->dropout.rate);
    }
    for (int i = 0; i < SLUICE_N_ACTIVATIONS && !options->has_activation; i++)
        if (skip_word(in, sluice_activation_name((sluice_activation)i))) {
            options->activation = (sluice_activation)i;
            options->has_activation = true;
            return SLUICE_OK;
        }
    return sl_text_refuse(in, "an activation or dropout=RATE, each once,");
}

static sluice_status read_options(struct sl_model_text *in,
                                  struct options *options)
{
    *options = (struct options){.activation = SLUICE_RELU};
    if (!sl_text_skip(in, ':'))
        return *in->at ? sl_text_refuse(in, "\"-\", \"x\", \":\" or the end")
                       : SLUICE_OK;
    do {
        sluice_status st = read_option(in, options);
        if (st)
            return st;
    } while (sl_text_skip(in, ','));
    return *in->at ? sl_text_refuse(in, "\",\" or the end") : SLUICE_OK;
}

/* Step over "res(" if it is next. */
static bool skip_block(struct sl_model_text *in)
{
    static const char block[] = "res(";
    size_t n = sizeof block - 1;
    if (strncmp(in->at, block, n) != 0)
        return false;
    in->at += n;
    return true;
}

/* "256" or "256x10": a size and how many layers have it. */
static sluice_status read_group(struct sl_model_text *in, int64_t *size,
                                int64_t *times)
{
    sluice_status st = sl_text_number(in, INT32_MAX, sl_size_text, size);
    return st ? st : sl_text_times(in, times);
}

/* The inside of a block up to its ")"; the last size must be that of its
 * input, for they are added. */
static sluice_status check_block(struct sl_model_text *in, int64_t width)
{
    int64_t size = 0, times = 0;
    const char *last;
    sluice_status st;
    do {
        last = in->at;
        st = read_group(in, &size, &times);
        if (st)
            return st;
    } while (sl_text_skip(in, '-'));
    if (*in->at != ')')
        return sl_text_refuse(in, "\"-\", \"x\" or \")\"");
    if (size != width) {
        in->at = last;
        return sl_text_refuse(in,
                              "the size of the block's input, for x + f(x),");
    }
    in->at++;
    return SLUICE_OK;
}

/* A group or a block; `*width` is the size before and behind it. */
static sluice_status check_item(struct sl_model_text *in, int64_t *width,
                                int64_t *times)
{
    if (!skip_block(in))
        return read_group(in, width, times);
    sluice_status st = check_block(in, *width);
    return st ? st : sl_text_times(in, times);
}

/* Everything once, to know the options before the first layer is made. */
static sluice_status read_all(struct sl_model_text *in, int64_t *input,
                              struct options *options)
{
    sluice_status st = SLUICE_OK;
    if (*input < 1 || *in->at != '-')
        st = sl_text_number(in, INT32_MAX, sl_size_text, input);
    if (!st && *in->at != '-')
        return sl_text_refuse(in, "\"-\" and a layer");
    int64_t n_layers = 0, width = *input;
    while (!st && sl_text_skip(in, '-')) {
        int64_t times = 0;
        const char *item = in->at;
        st = check_item(in, &width, &times);
        n_layers += times;
        if (!st && n_layers > SLUICE_MODEL_MAX_LAYERS) {
            in->at = item;
            return sl_text_refuse(in,
                                  "no more layers, for 65536 is the limit,");
        }
    }
    return st ? st : read_options(in, options);
}

static sluice_status add_layer(sluice_model *model, int64_t size, bool is_last,
                               const struct options *options, sluice_diag *why)
{
    sluice_linear_config linear = {
        .out = size,
        .activation = is_last ? SLUICE_IDENTITY : options->activation,
    };
    sluice_status st = sluice_model_add(model, sluice_linear(), &linear, why);
    if (st || is_last || !options->has_dropout)
        return st;
    return sluice_model_add(model, sluice_dropout(), &options->dropout, why);
}

/* The second time; the syntax is known good.  The last layer of the model, or
 * of a block, is a linear end. */
static sluice_status add_group(sluice_model *model, struct sl_model_text *in,
                               const struct options *options)
{
    int64_t size = 0, times = 0;
    sluice_status st = read_group(in, &size, &times);
    bool ends = *in->at != '-';
    for (int64_t i = 0; i < times && !st; i++)
        st = add_layer(model, size, ends && i + 1 == times, options, in->why);
    return st;
}

static sluice_status add_block(sluice_model *model, struct sl_model_text *in,
                               const struct options *options)
{
    sluice_status st = sluice_model_begin(model, sluice_residual(), in->why);
    while (!st) {
        st = add_group(model, in, options);
        if (!sl_text_skip(in, '-'))
            break;
    }
    return st ? st : sluice_model_end(model, in->why);
}

static sluice_status add_blocks(sluice_model *model, struct sl_model_text *in,
                                const struct options *options)
{
    const char *inside = in->at;
    int64_t times = 1;
    sluice_status st = SLUICE_OK;
    for (int64_t i = 0; i < times && !st; i++) {
        in->at = inside;
        st = add_block(model, in, options);
        sl_text_skip(in, ')');
        if (!st)
            st = sl_text_times(in, &times);
    }
    return st;
}

static sluice_status add_layers(sluice_model *model, struct sl_model_text *in,
                                const struct options *options)
{
    sluice_status st = SLUICE_OK;
    while (!st && sl_text_skip(in, '-'))
        st = skip_block(in) ? add_blocks(model, in, options)
                            : add_group(model, in, options);
    return st;
}

sluice_status sl_perceptron_parse(const char *text, int64_t input,
                                  const sluice_allocator *allocator,
                                  sluice_model **out, sluice_diag *why)
{
    struct sl_model_text in = {.text = text, .at = text, .why = why};
    struct options options;
    sluice_model *model;
    sluice_status st = read_all(&in, &input, &options);
    if (st)
        return st;
    sluice_model_config config = {
        .input = sluice_shape_vector(input),
        .allocator = allocator,
    };
    st = sluice_model_create(&config, &model, why);
    if (st)
        return st;
    in.at = strchr(text, '-');
    st = add_layers(model, &in, &options);
    if (st) {
        sluice_model_destroy(model);
        return st;
    }
    *out = model;
    return SLUICE_OK;
}
