/*
 * Models from the long form: recursive descent, a function for each rule of the
 * grammar in sluice/model.h.  A layer is added as soon as it is read; one that
 * is repeated is read again.  The thread that builds a model.
 */
#include "nn/model/network.h"

#include <assert.h>
#include <string.h>

#include "base/text/options.h"
#include "nn/layers/composite.h"
#include "nn/model/model_text.h"
#include "nn/presets/preset.h"

/* A text and the model that is made of it. */
struct network {
    struct sl_model_text in;
    sluice_model *model;
    int depth; /* braces that are open */
};

bool sl_network_is(const char *text)
{
    return sl_is_letter(text[strspn(text, " \t\n\r")]);
}

/* A sentence of the layer that stands at `at`. */
static sluice_status explain(const struct network *net, const char *at,
                             sluice_status st, const sluice_diag *said)
{
    if (!st)
        return SLUICE_OK;
    if (st == SLUICE_NO_MEMORY)
        return sluice_diag_set(net->in.why, st, "%s", said->text);
    return sluice_diag_set(net->in.why, SLUICE_INVALID,
                           "model \"%.60s\": at position %d, counted from 0: "
                           "%s",
                           net->in.text, (int)(at - net->in.text), said->text);
}

/*
 * option = [ name "=" ] value
 *
 * A word alone is a flag, or the value of the first option.
 */
static sluice_status read_option(struct network *net,
                                 const sluice_option_table *table, int i,
                                 uint64_t *given, void *config)
{
    const char *start = net->in.at;
    struct sl_span name = sl_text_span(&net->in, sl_is_value_char);
    struct sl_span value = {NULL, 0};
    if (name.n == 0)
        return sl_text_refuse(&net->in, "an option, as name=value,");
    if (sl_text_take(&net->in, '=')) {
        value = sl_text_span(&net->in, sl_is_value_char);
    } else if (i == 0 && table->n_options > 0) {
        bool is_flag = false;
        for (int k = 0; k < table->n_options; k++)
            is_flag =
                is_flag || (table->options[k].type == SLUICE_OPTION_FLAG &&
                            sl_option_is(&table->options[k], name));
        value = is_flag ? value : name;
        name = is_flag ? name
                       : (struct sl_span){table->options[0].name,
                                          strlen(table->options[0].name)};
    }
    const sluice_option *option = NULL;
    sluice_diag said;
    sluice_status st = sl_option_name(table, name, given, &option, &said);
    if (!st)
        st = sl_option_value(table, option, value, config, &said);
    return explain(net, start, st, &said);
}

/* [ "(" [ option { "," option } ] ")" ] */
static sluice_status read_options(struct network *net,
                                  const sluice_option_table *table,
                                  void *config)
{
    uint64_t given = 0;
    const char *start = net->in.at;
    sluice_diag said;
    if (sl_text_take(&net->in, '(') && !sl_text_take(&net->in, ')')) {
        int i = 0;
        do {
            sluice_status st = read_option(net, table, i++, &given, config);
            if (st)
                return st;
        } while (sl_text_take(&net->in, ','));
        if (!sl_text_take(&net->in, ')'))
            return sl_text_refuse(&net->in, "\",\" or \")\"");
    }
    sluice_status st = sl_options_complete(table, given, &said);
    return explain(net, start, st, &said);
}

static sluice_status read_layers(struct network *net);

/* "{" layers "}" */
static sluice_status read_inside(struct network *net,
                                 const sluice_layer_ops *ops, const char *start)
{
    sluice_diag said;
    if (!sl_text_take(&net->in, '{'))
        return sl_text_refuse(&net->in, "\"{\" and the layers inside");
    if (net->depth == SLUICE_MODEL_MAX_DEPTH) {
        net->in.at = start;
        return sl_text_refuse(&net->in,
                              "no more layers inside each other, for 16 is "
                              "the limit,");
    }
    sluice_status st = sluice_model_begin(net->model, ops, &said);
    if (st)
        return explain(net, start, st, &said);
    net->depth++;
    st = read_layers(net);
    net->depth--;
    if (st)
        return st;
    if (!sl_text_take(&net->in, '}'))
        return sl_text_refuse(&net->in, "\";\", \"x\" or \"}\"");
    return explain(net, start, sluice_model_end(net->model, &said), &said);
}

/* A preset: the layers that it writes, in its place. */
static sluice_status read_preset(struct network *net,
                                 const struct sl_preset *preset,
                                 const void *config, const char *start)
{
    char text[SL_PRESET_TEXT];
    struct sl_text_out out = {text, sizeof text, 0};
    sluice_diag said;
    preset->write(config, sluice_model_n_layers(net->model), &out);
    assert(out.length < sizeof text);
    struct network inside = {.in = {.text = text, .at = text, .why = &said},
                             .model = net->model,
                             .depth = net->depth};
    return explain(net, start, read_layers(&inside), &said);
}

/* A parameter's name, "13.weight", as a text of its own. */
static sluice_status read_parameter(struct network *net,
                                    char name[SLUICE_PARAMETER_NAME])
{
    const char *start = net->in.at;
    struct sl_span span = sl_text_span(&net->in, sl_is_value_char);
    if (span.n > 0 && span.n < SLUICE_PARAMETER_NAME) {
        memcpy(name, span.at, span.n);
        name[span.n] = '\0';
        return SLUICE_OK;
    }
    net->in.at = start;
    return sl_text_refuse(&net->in, "a parameter's name, as 0.weight,");
}

static bool is_tie(struct sl_span word)
{
    static const char tie[] = "tie";
    return word.n == sizeof tie - 1 && !strncmp(word.at, tie, word.n);
}

/* tie = "tie" "(" parameter "," parameter ")", the word being read */
static sluice_status read_tie(struct network *net, const char *start)
{
    char name[SLUICE_PARAMETER_NAME], first[SLUICE_PARAMETER_NAME];
    sluice_diag said;
    if (net->depth > 0) {
        net->in.at = start;
        return sl_text_refuse(&net->in,
                              "a layer, for ties stand outside of braces,");
    }
    if (!sl_text_take(&net->in, '('))
        return sl_text_refuse(&net->in,
                              "\"(\" and the names of two parameters");
    sluice_status st = read_parameter(net, name);
    if (!st && !sl_text_take(&net->in, ','))
        return sl_text_refuse(&net->in, "\",\" and the first use's parameter");
    if (!st)
        st = read_parameter(net, first);
    if (!st && !sl_text_take(&net->in, ')'))
        return sl_text_refuse(&net->in, "\")\"");
    if (st)
        return st;
    return explain(net, start, sluice_model_tie(net->model, name, first, &said),
                   &said);
}

/* layer = name [ options ] [ inside ], or a tie */
static sluice_status read_layer(struct network *net)
{
    const char *start = net->in.at;
    if (!sl_is_letter(*start))
        return sl_text_refuse(&net->in, "a layer");
    struct sl_span name = sl_text_span(&net->in, sl_is_name_char);
    if (is_tie(name))
        return read_tie(net, start);
    int i = 0;
    sluice_diag said;
    sluice_status st = sl_row_find("layer", sl_named_rows, name, &i, &said);
    if (st)
        return explain(net, start, SLUICE_INVALID, &said);
    struct sl_row row;
    sl_named_rows(i, &row);
    sluice_config_room config = {.bytes = {0}};
    sluice_options_preset(&row.table, &config);
    st = read_options(net, &row.table, &config);
    if (st)
        return st;
    if (sl_named_preset(i))
        return read_preset(net, sl_named_preset(i), &config, start);
    const sluice_layer_ops *ops = sluice_layer_at(i);
    if (sl_is_composite(ops))
        return read_inside(net, ops, start);
    return explain(net, start,
                   sluice_model_add(net->model, ops, &config, &said), &said);
}

/* item = layer [ "x" number ] */
static sluice_status read_item(struct network *net)
{
    const char *start = net->in.at;
    int64_t times = 1;
    sluice_status st = SLUICE_OK;
    for (int64_t i = 0; i < times && !st; i++) {
        net->in.at = start;
        st = read_layer(net);
        sl_text_skip_blanks(&net->in);
        if (!st)
            st = sl_text_times(&net->in, &times);
    }
    sl_text_skip_blanks(&net->in);
    return st;
}

/* layers = item { ";" item } [ ";" ] */
static sluice_status read_layers(struct network *net)
{
    sluice_status st;
    do
        st = read_item(net);
    while (!st && sl_text_take(&net->in, ';') && *net->in.at &&
           *net->in.at != '}');
    return st;
}

/* shape = number { "x" number } */
static sluice_status read_shape(struct sl_model_text *in, sluice_shape *shape)
{
    *shape = (sluice_shape){0};
    do {
        if (shape->n_dims == SLUICE_MAX_DIMS)
            return sl_text_refuse(in, "a shape of at most 8 sizes");
        sluice_status st = sl_text_number(in, INT32_MAX, sl_size_text,
                                          &shape->dims[shape->n_dims]);
        if (st)
            return st;
        shape->n_dims++;
    } while (sl_text_skip(in, 'x'));
    return SLUICE_OK;
}

/* [ "," type ] */
static sluice_status read_type(struct sl_model_text *in, sluice_element *type)
{
    static const sluice_element types[] = {SLUICE_F32, SLUICE_I32};
    *type = SLUICE_F32;
    if (!sl_text_take(in, ','))
        return SLUICE_OK;
    const char *start = in->at;
    struct sl_span word = sl_text_span(in, sl_is_name_char);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const char *name = sluice_element_name(types[i]);
        if (word.n == strlen(name) && !strncmp(word.at, name, word.n)) {
            *type = types[i];
            return SLUICE_OK;
        }
    }
    in->at = start;
    return sl_text_refuse(in, "float32 or int32");
}

/* The input of the preset that is next, if one is; the text stays where it is.
 * Returns SLUICE_NOT_FOUND if there is none. */
static sluice_status preset_input(const struct sl_model_text *in,
                                  sluice_model_config *config)
{
    struct network ahead = {.in = *in};
    struct sl_span name = sl_text_span(&ahead.in, sl_is_name_char);
    int i = 0;
    if (sl_row_find("layer", sl_named_rows, name, &i, NULL) ||
        !sl_named_preset(i))
        return SLUICE_NOT_FOUND;
    struct sl_row row;
    sl_named_rows(i, &row);
    sluice_config_room options = {.bytes = {0}};
    sluice_options_preset(&row.table, &options);
    sluice_status st = read_options(&ahead, &row.table, &options);
    if (!st)
        sl_named_preset(i)->input(&options, config);
    return st;
}

/* The input of a text that does not say it: the caller's shape, the type that
 * a preset takes, or all of it from the preset. */
static sluice_status other_input(const struct sl_model_text *in,
                                 const sluice_shape *given,
                                 sluice_model_config *config)
{
    sluice_status st = preset_input(in, config);
    if (st != SLUICE_NOT_FOUND && st)
        return st;
    if (st && !given)
        return sl_text_refuse(in, "input(SIZE), or a number and \"-\",");
    if (given)
        config->input = *given;
    return SLUICE_OK;
}

/* [ "input" "(" shape [ "," type ] ")" ";" ] */
static sluice_status read_input(struct sl_model_text *in,
                                const sluice_shape *given,
                                sluice_model_config *config)
{
    sluice_shape *shape = &config->input;
    static const char word[] = "input";
    size_t n = sizeof word - 1;
    sl_text_skip_blanks(in);
    const char *start = in->at;
    if (strncmp(in->at, word, n) != 0 || sl_is_name_char(in->at[n]))
        return other_input(in, given, config);
    in->at += n;
    if (!sl_text_take(in, '('))
        return sl_text_refuse(in, "\"(\" and the size of a row");
    sluice_status st = read_shape(in, shape);
    if (!st)
        st = read_type(in, &config->input_type);
    if (st)
        return st;
    if (!sl_text_take(in, ')'))
        return sl_text_refuse(in, "\"x\" or \")\"");
    if (!sl_text_take(in, ';'))
        return sl_text_refuse(in, "\";\" and a layer");
    if (sluice_shape_elements(shape) > 0)
        return SLUICE_OK;
    in->at = start;
    return sl_text_refuse(in, "an input with fewer elements");
}

static sluice_status check_length(const struct sl_model_text *in)
{
    if (strnlen(in->text, SLUICE_MODEL_MAX_TEXT + 1) <= SLUICE_MODEL_MAX_TEXT)
        return SLUICE_OK;
    return sluice_diag_set(in->why, SLUICE_INVALID,
                           "the model's text has more than %d bytes",
                           SLUICE_MODEL_MAX_TEXT);
}

sluice_status sl_network_parse(const char *text, const sluice_shape *input,
                               const sluice_allocator *allocator,
                               sluice_model **out, sluice_diag *why)
{
    struct network net = {.in = {.text = text, .at = text, .why = why}};
    sluice_model_config config = {.allocator = allocator};
    sluice_status st = check_length(&net.in);
    if (!st)
        st = read_input(&net.in, input, &config);
    if (!st)
        st = sluice_model_create(&config, &net.model, why);
    if (st)
        return st;
    st = read_layers(&net);
    if (!st && *net.in.at)
        st = sl_text_refuse(&net.in, "\";\", \"x\" or the end");
    if (st) {
        sluice_model_destroy(net.model);
        return st;
    }
    *out = net.model;
    return SLUICE_OK;
}
