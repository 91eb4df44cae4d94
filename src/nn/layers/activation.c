/* The table of activations.  Any thread. */
#include "nn/layers/activation.h"

#include <string.h>

static const struct sl_activation activations[SLUICE_N_ACTIVATIONS] = {
    [SLUICE_IDENTITY] =
        {
            .name = "identity",
            .init = SLUICE_INIT_XAVIER,
            .forward = sl_identity_forward,
            .backward = sl_identity_backward,
        },
    [SLUICE_RELU] =
        {
            .name = "relu",
            .from_y = true,
            .init = SLUICE_INIT_HE,
            .flops = 1,
            .forward = sl_relu_forward,
            .backward = sl_relu_backward,
        },
    [SLUICE_TANH] =
        {
            .name = "tanh",
            .from_y = true,
            .init = SLUICE_INIT_XAVIER,
            .flops = 20,
            .forward = sl_tanh_forward,
            .backward = sl_tanh_backward,
        },
    [SLUICE_GELU] =
        {
            .name = "gelu",
            .from_z = true,
            .init = SLUICE_INIT_HE,
            .flops = 40,
            .forward = sl_gelu_forward,
            .backward = sl_gelu_backward,
        },
    [SLUICE_GELU_TANH] =
        {
            .name = "gelu_tanh",
            .from_z = true,
            .init = SLUICE_INIT_HE,
            .flops = 40,
            .forward = sl_gelu_tanh_forward,
            .backward = sl_gelu_tanh_backward,
        },
    [SLUICE_SIGMOID] =
        {
            .name = "sigmoid",
            .from_y = true,
            .init = SLUICE_INIT_XAVIER,
            .flops = 20,
            .forward = sl_sigmoid_forward,
            .backward = sl_sigmoid_backward,
        },
    [SLUICE_SILU] =
        {
            .name = "silu",
            .from_z = true,
            .init = SLUICE_INIT_HE,
            .flops = 25,
            .forward = sl_silu_forward,
            .backward = sl_silu_backward,
        },
};

const struct sl_activation *sl_activation_get(sluice_activation activation)
{
    if ((unsigned)activation >= SLUICE_N_ACTIVATIONS)
        return NULL;
    return &activations[activation];
}

const char *sluice_activation_name(sluice_activation activation)
{
    const struct sl_activation *row = sl_activation_get(activation);
    return row ? row->name : NULL;
}

const char *sl_activation_word(int i)
{
    return sluice_activation_name((sluice_activation)i);
}

sluice_status sluice_activation_find(const char *name, sluice_activation *out)
{
    for (int i = 0; i < SLUICE_N_ACTIVATIONS; i++)
        if (!strcmp(activations[i].name, name)) {
            *out = (sluice_activation)i;
            return SLUICE_OK;
        }
    return SLUICE_NOT_FOUND;
}
