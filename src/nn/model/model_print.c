/* A model as text.  Any thread, as long as the model does not change. */
#include <sluice/model.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text/option_value.h"
#include "base/text/text_out.h"
#include "nn/layers/composite.h"
#include "nn/model/model.h"

enum { OPTIONS = 1024 }; /* bytes of the options of one layer */

static bool is_equal_list(const struct sl_layer_list *a,
                          const struct sl_layer_list *b);

static bool has_equal_options(const struct sl_layer *a,
                              const struct sl_layer *b)
{
    for (int i = 0; i < a->ops->n_options; i++)
        if (!sl_option_equal(&a->ops->options[i], a->config, b->config))
            return false;
    return true;
}

/* Whether both are written as the same text.  A layer without a table of
 * options may have settings that no text shows: then all bytes of the configs
 * must be equal. */
static bool is_equal(const struct sl_layer *a, const struct sl_layer *b)
{
    if (a->ops != b->ops)
        return false;
    if (sl_is_composite(a->ops)) {
        const struct sl_composite *in_a = a->config, *in_b = b->config;
        return is_equal_list(&in_a->inside, &in_b->inside);
    }
    if (a->ops->n_options == 0)
        return !memcmp(a->config, b->config, a->ops->config_bytes);
    return has_equal_options(a, b);
}

static bool is_equal_list(const struct sl_layer_list *a,
                          const struct sl_layer_list *b)
{
    if (a->n != b->n)
        return false;
    for (int i = 0; i < a->n; i++)
        if (!is_equal(a->at[i], b->at[i]))
            return false;
    return true;
}

static void print_list(struct sl_text_out *out,
                       const struct sl_layer_list *list);

static void print_layer(struct sl_text_out *out, const struct sl_layer *layer)
{
    char options[OPTIONS];
    sluice_option_table table = sluice_layer_options(layer->ops);
    sl_text_add(out, layer->ops->name);
    if (sl_is_composite(layer->ops)) {
        const struct sl_composite *composite = layer->config;
        sl_text_add(out, "{");
        print_list(out, &composite->inside);
        sl_text_add(out, "}");
    } else if (sluice_options_print(&table, layer->config, options,
                                    sizeof options)) {
        sl_text_add(out, "(");
        sl_text_add(out, options);
        sl_text_add(out, ")");
    }
}

/* Equal neighbours are written once, with their number. */
static void print_list(struct sl_text_out *out,
                       const struct sl_layer_list *list)
{
    char times[16];
    for (int i = 0, n; i < list->n; i += n) {
        for (n = 1; i + n < list->n; n++)
            if (!is_equal(list->at[i], list->at[i + n]))
                break;
        sl_text_add(out, i ? "; " : "");
        print_layer(out, list->at[i]);
        snprintf(times, sizeof times, " x%d", n);
        sl_text_add(out, n > 1 ? times : "");
    }
}

/* What is tied to what: "; tie(13.weight, 0.weight)". */
static void print_ties(struct sl_text_out *out, const sluice_model *model)
{
    char tie[2 * SLUICE_PARAMETER_NAME + 16];
    for (int i = 0; i < sluice_model_n_layers(model); i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        for (int p = 0; p < plan->n_params; p++) {
            const struct sl_parameter_use use = {i, p};
            struct sl_parameter_use first = sl_model_first_use(model, use);
            if (!plan->params[p].tied)
                continue;
            snprintf(tie, sizeof tie, "; tie(%d.%s, %d.%s)", i,
                     plan->params[p].name, first.layer,
                     sl_model_spec(model, first)->name);
            sl_text_add(out, tie);
        }
    }
}

size_t sluice_model_print(const sluice_model *model, char *text, size_t size)
{
    struct sl_text_out out = {text, size, 0};
    sluice_shape input = sluice_model_input(model);
    const struct sl_layer_list *list = sl_model_layers(model);
    char number[32];
    sl_text_add(&out, "input(");
    for (int i = 0; i < input.n_dims; i++) {
        snprintf(number, sizeof number, "%s%" PRId64, i ? "x" : "",
                 input.dims[i]);
        sl_text_add(&out, number);
    }
    if (sluice_model_input_type(model) != SLUICE_F32) {
        sl_text_add(&out, ", ");
        sl_text_add(&out, sluice_element_name(sluice_model_input_type(model)));
    }
    sl_text_add(&out, list->n ? "); " : ")");
    print_list(&out, list);
    print_ties(&out, model);
    return out.length;
}
