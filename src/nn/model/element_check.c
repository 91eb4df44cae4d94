/* Types of elements from layer to layer.  The thread that builds a model. */
#include "nn/model/element_check.h"

#include <stdio.h>

enum { SOURCE_TEXT = 96 };

/* A composite hands its rows to the first layer inside, which may take integers
 * unless the composite itself adds them. */
static bool adds_its_input(const struct sl_layer *open)
{
    const struct sl_composite *composite = open->config;
    return composite->is_residual || composite->is_parallel;
}

/* Name the layer that hands on rows; false: it is the model's input. */
static bool find_source(const struct sl_source_of_rows *before,
                        char text[SOURCE_TEXT])
{
    const struct sl_layer_list *list = before->layers;
    const struct sl_layer *open = before->open;
    for (; open; open = ((const struct sl_composite *)open->config)->outer) {
        const struct sl_composite *composite = open->config;
        if (composite->inside.n > 0) {
            list = &composite->inside;
            break;
        }
        if (adds_its_input(open)) {
            snprintf(text, SOURCE_TEXT, "the %s around it", open->ops->name);
            return true;
        }
    }
    if (list->n == 0)
        return false;
    snprintf(text, SOURCE_TEXT, "layer %d (%s)%s%s before it", list->n - 1,
             list->at[list->n - 1]->ops->name, open ? " inside " : "",
             open ? open->ops->name : "");
    return true;
}

sluice_status sl_check_element(const struct sl_source_of_rows *before,
                               const sluice_layer_ops *ops,
                               sluice_element takes, sluice_diag *why)
{
    char source[SOURCE_TEXT];
    bool is_layer = find_source(before, source);
    sluice_element handed = is_layer ? SLUICE_F32 : before->input;
    const char *wants = sluice_element_name(takes);
    const char *gets = sluice_element_name(handed);
    if (takes == handed)
        return SLUICE_OK;
    if (is_layer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "layer %s takes %s, but %s hands on %s; make it "
                               "the first layer of the model",
                               ops->name, wants, source, gets);
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "layer %s takes %s, but the model's input is %s; set the model's "
        "`input_type` to %s, in a text input(SIZE, %s), or begin with a layer "
        "that takes %s",
        ops->name, wants, gets, wants, wants, gets);
}
