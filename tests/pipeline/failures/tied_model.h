/* A model of tokens whose embedding and head have one table: trials put layers
 * of their own there. */
#ifndef SL_TEST_PIPELINE_FAILURES_TIED_MODEL_H
#define SL_TEST_PIPELINE_FAILURES_TIED_MODEL_H

#include <check.h>
#include <stdio.h>

#include <sluice/across_layers.h>
#include <sluice/layer.h>
#include <sluice/model.h>
#include <sluice/sequence_layers.h>

enum { SL_TEST_TIED_WIDTH = 2 };

/* The ends, and between them so many linear layers. */
struct sl_test_tied {
    const sluice_layer_ops *embedding;
    const sluice_layer_ops *head;
    int vocabulary;
    int layers;
};

static inline sluice_model *sl_test_tied_model(struct sl_test_tied tied)
{
    const sluice_model_config input = {.input = sluice_shape_vector(1),
                                       .input_type = SLUICE_I32};
    const sluice_embedding_config rows = {tied.vocabulary, SL_TEST_TIED_WIDTH};
    const sluice_linear_config linear = {.out = SL_TEST_TIED_WIDTH,
                                         .per_position = true};
    const sluice_head_config scores = {.vocabulary = tied.vocabulary};
    sluice_model *model;
    char weight[32];
    snprintf(weight, sizeof weight, "%d.weight", tied.layers + 1);
    ck_assert(!sluice_model_create(&input, &model, NULL));
    ck_assert(!sluice_model_add(model, tied.embedding, &rows, NULL));
    for (int i = 0; i < tied.layers; i++)
        ck_assert(!sluice_model_add(model, sluice_linear(), &linear, NULL));
    ck_assert(!sluice_model_add(model, tied.head, &scores, NULL));
    ck_assert(!sluice_model_tie(model, weight, "0.weight", NULL));
    return model;
}

#endif
