/* Shapes of tensors.  Any thread; no state. */
#include "checkpoint/tensor_shape.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

enum { SHAPE_TEXT = 192 };

/* A shape as text, "[256, 10]". */
static const char *shape_text(const sluice_shape *shape, char text[SHAPE_TEXT])
{
    size_t n = 0;
    for (int i = 0; i < shape->n_dims; i++)
        n += (size_t)snprintf(text + n, SHAPE_TEXT - n, "%s%" PRId64,
                              i ? ", " : "[", shape->dims[i]);
    snprintf(text + n, SHAPE_TEXT - n, "%s", shape->n_dims ? "]" : "[]");
    return text;
}

bool sl_tensor_shape_turned(const sluice_shape *a, const sluice_shape *b)
{
    return a->n_dims == 2 && b->n_dims == 2 && a->dims[0] == b->dims[1] &&
           a->dims[1] == b->dims[0];
}

static bool is_number(const sluice_shape *shape)
{
    return shape->n_dims < 2 && sluice_shape_elements(shape) == 1;
}

sluice_status sl_tensor_shape_check(const char *name, const sluice_shape *has,
                                    const sluice_shape *wants,
                                    const char *layouts, sluice_diag *why)
{
    char text[2][SHAPE_TEXT];
    if (sluice_shape_equal(has, wants) || (is_number(has) && is_number(wants)))
        return SLUICE_OK;
    bool turned = sl_tensor_shape_turned(has, wants);
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "tensor \"%s\" of the weights has shape %s, but the model wants "
        "%s%s%s",
        name, shape_text(has, text[0]), shape_text(wants, text[1]),
        turned ? "; it fits transposed: " : "", turned ? layouts : "");
}
