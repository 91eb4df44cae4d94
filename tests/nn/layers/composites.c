/* Composite layers for tests. */
#include "nn/layers/composites.h"

#include <stdlib.h>

static const struct twin_part one[] = {{twin_linear, 2, {.out = 5}}, {0}};
static const struct twin_part one_tanh[] = {
    {twin_linear, 2, {.out = 5, .activation = SLUICE_TANH}}, {0}};
static const struct twin_part one_gelu[] = {
    {twin_linear, 2, {.out = 5, .activation = SLUICE_GELU}}, {0}};
static const struct twin_part no_params[] = {
    {twin_activate, 0, {.activation = SLUICE_GELU}}, {0}};
static const struct twin_part two[] = {
    {twin_linear, 2, {.out = 7, .activation = SLUICE_TANH}},
    {twin_linear, 2, {.out = 5}},
    {0}};
static const struct twin_part relus[] = {
    {twin_linear, 2, {.out = 8, .activation = SLUICE_RELU}},
    {twin_linear, 2, {.out = 5, .activation = SLUICE_RELU}},
    {0}};
static const struct twin_part norm[] = {
    {twin_layer_norm, 2, {.epsilon = 1e-5}},
    {twin_linear, 2, {.out = 9, .activation = SLUICE_GELU}},
    {twin_linear, 2, {.out = 5}},
    {0}};
static const struct twin_part norm_last[] = {
    {twin_linear, 2, {.out = 6, .activation = SLUICE_GELU}},
    {twin_linear, 2, {.out = 5, .activation = SLUICE_TANH}},
    {twin_layer_norm, 2, {.epsilon = 1e-5}},
    {0}};
static const struct twin_part activations[] = {
    {twin_activate, 0, {.activation = SLUICE_TANH}},
    {twin_linear, 2, {.out = 3}},
    {twin_activate, 0, {.activation = SLUICE_GELU}},
    {twin_activate, 0, {.activation = SLUICE_TANH}},
    {twin_linear, 2, {.out = 5}},
    {twin_activate, 0, {.activation = SLUICE_TANH}},
    {0}};
static const struct twin_part nested[] = {
    {twin_linear, 2, {.out = 6, .activation = SLUICE_TANH}},
    {twin_composite,
     4,
     {.parts =
          (const struct twin_part[]){
              {twin_linear, 2, {.out = 4, .activation = SLUICE_GELU}},
              {twin_linear, 2, {.out = 6, .activation = SLUICE_TANH}},
              {0}},
      .adds_x = true}},
    {twin_composite,
     0,
     {.parts =
          (const struct twin_part[]){
              {twin_activate, 0, {.activation = SLUICE_TANH}},
              {twin_activate, 0, {.activation = SLUICE_GELU}},
              {0}}}},
    {twin_linear, 2, {.out = 5}},
    {0}};

const struct twin_part *const composites_residual[] = {
    one,  one_tanh,  one_gelu,    no_params, two, relus,
    norm, norm_last, activations, nested,    NULL};

const struct twin_part composites_narrowing[] = {
    {twin_linear, 2, {.out = 4, .activation = SLUICE_GELU}},
    {twin_layer_norm, 2, {.epsilon = 1e-5}},
    {twin_linear, 2, {.out = 2, .activation = SLUICE_TANH}},
    {0}};

static sluice_status add_parts(sluice_model *model,
                               const struct twin_part *parts);

static sluice_status add_part(sluice_model *model, const struct twin_part *part)
{
    sluice_linear_config linear = {
        .out = part->size.out,
        .activation = part->size.activation,
    };
    sluice_activate_config activate = {part->size.activation};
    if (part->f == twin_linear)
        return sluice_model_add(model, sluice_linear(), &linear, NULL);
    if (part->f == twin_activate)
        return sluice_model_add(model, sluice_activate(), &activate, NULL);
    if (part->f == twin_layer_norm)
        return sluice_model_add(model, sluice_layer_norm(), NULL, NULL);
    sluice_status st = sluice_model_begin(
        model, part->size.adds_x ? sluice_residual() : sluice_sequence(), NULL);
    if (!st)
        st = add_parts(model, part->size.parts);
    return st ? st : sluice_model_end(model, NULL);
}

static sluice_status add_parts(sluice_model *model,
                               const struct twin_part *parts)
{
    sluice_status st = SLUICE_OK;
    for (; parts->f && !st; parts++)
        st = add_part(model, parts);
    return st;
}

sluice_model *composites_make(const sluice_layer_ops *ops,
                              const struct twin_part *parts)
{
    sluice_model *model;
    sluice_model_config config = {.input = sluice_shape_vector(composites_in)};
    if (sluice_model_create(&config, &model, NULL) ||
        sluice_model_begin(model, ops, NULL) || add_parts(model, parts) ||
        sluice_model_end(model, NULL))
        abort();
    return model;
}
