/* Models from text. */
#include "nn/layers/composite.h"
#include "nn/model/model.h"

#include <stdio.h>
#include <string.h>

#include "support/parse_model.h"
#include "support/runner.h"

static sluice_diag why;

static int64_t out(const sluice_model *model, int i)
{
    return sluice_model_layer_plan(model, i)->out.dims[0];
}

static sluice_activation activation(const sluice_model *model, int i)
{
    const sluice_linear_config *config = sl_model_layer_config(model, i);
    ck_assert_ptr_eq(sluice_model_layer(model, i), sluice_linear());
    return config->activation;
}

START_TEST(a_perceptron)
{
    sluice_model *model = sl_test_parse("784-256-128-10");
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    ck_assert_int_eq(sluice_model_input(model).dims[0], 784);
    ck_assert_int_eq(out(model, 0), 256);
    ck_assert_int_eq(out(model, 1), 128);
    ck_assert_int_eq(out(model, 2), 10);
    ck_assert_int_eq(activation(model, 0), SLUICE_RELU);
    ck_assert_int_eq(activation(model, 1), SLUICE_RELU);
    ck_assert_int_eq(activation(model, 2), SLUICE_IDENTITY);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(repeated_layers)
{
    sluice_model *model = sl_test_parse("128-256x10-10");
    ck_assert_int_eq(sluice_model_n_layers(model), 11);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(out(model, i), 256);
        ck_assert_int_eq(activation(model, i), SLUICE_RELU);
    }
    ck_assert_int_eq(activation(model, 10), SLUICE_IDENTITY);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(the_last_of_repeated_layers_has_no_activation)
{
    sluice_model *model = sl_test_parse("1024-1024x16:tanh");
    ck_assert_int_eq(sluice_model_n_layers(model), 16);
    for (int i = 0; i < 15; i++)
        ck_assert_int_eq(activation(model, i), SLUICE_TANH);
    ck_assert_int_eq(activation(model, 15), SLUICE_IDENTITY);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(every_activation_by_name)
{
    for (int i = 0; i < SLUICE_N_ACTIVATIONS; i++) {
        char text[32] = "2-3-1:";
        strcat(text, sluice_activation_name((sluice_activation)i));
        sluice_model *model = sl_test_parse(text);
        ck_assert_int_eq(activation(model, 0), i);
        sluice_model_destroy(model);
    }
}
END_TEST

static void check_dropout(const char *text, double rate)
{
    sluice_model *model = sl_test_parse(text);
    ck_assert_int_eq(sluice_model_n_layers(model), 5);
    for (int i = 1; i < 4; i += 2) {
        const sluice_dropout_config *config = sl_model_layer_config(model, i);
        ck_assert_ptr_eq(sluice_model_layer(model, i), sluice_dropout());
        ck_assert_double_eq_tol((double)config->rate, rate, 1e-7);
    }
    ck_assert_int_eq(activation(model, 4), SLUICE_IDENTITY);
    sluice_model_destroy(model);
}

START_TEST(dropout_stands_after_each_hidden_layer)
{
    check_dropout("4-3x2-2:dropout=0.25", 0.25);
    check_dropout("4-3x2-2:tanh,dropout=0.1", 0.1);
    check_dropout("4-3x2-2:dropout=0.9,gelu", 0.9);
    check_dropout("4-3x2-2:dropout=0", 0);
    check_dropout("4-3x2-2:dropout=0.", 0);
    check_dropout("4-3x2-2:dropout=0.333333333333333333333333333333", 1.0 / 3);
}
END_TEST

/* The layers inside layer `i`, by the widths of their biases. */
static void check_inside(const sluice_model *model, int i, int n,
                         const int64_t widths[])
{
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
    ck_assert_ptr_eq(sluice_model_layer(model, i), sluice_residual());
    ck_assert_int_eq(plan->n_params, 2 * n);
    for (int k = 0; k < n; k++)
        ck_assert_int_eq(plan->params[2 * k + 1].shape.dims[0], widths[k]);
}

START_TEST(residual_blocks)
{
    sluice_model *model = sl_test_parse("8-4-res(6-3x2-4)x2-res(4)-2");
    ck_assert_int_eq(sluice_model_n_layers(model), 5);
    check_inside(model, 1, 4, (const int64_t[]){6, 3, 3, 4});
    check_inside(model, 2, 4, (const int64_t[]){6, 3, 3, 4});
    check_inside(model, 3, 1, (const int64_t[]){4});
    ck_assert_int_eq(activation(model, 0), SLUICE_RELU);
    ck_assert_int_eq(activation(model, 4), SLUICE_IDENTITY);
    sluice_model_destroy(model);
    model = sl_test_parse("4-res(4)");
    ck_assert_int_eq(sluice_model_n_layers(model), 1);
    sluice_model_destroy(model);
}
END_TEST

static const struct sl_layer_list *inside(const sluice_model *model, int i)
{
    const struct sl_composite *block = sl_model_layer_config(model, i);
    return &block->inside;
}

START_TEST(a_block_has_activations_and_dropout_but_at_its_end)
{
    sluice_model *model = sl_test_parse("8-4-res(6-3-4)-2:tanh,dropout=0.5");
    ck_assert_int_eq(sluice_model_n_layers(model), 4);
    const struct sl_layer_list *list = inside(model, 2);
    ck_assert_int_eq(list->n, 5);
    for (int k = 0; k < list->n; k++) {
        const sluice_linear_config *linear = list->at[k]->config;
        if (k % 2)
            ck_assert_ptr_eq(list->at[k]->ops, sluice_dropout());
        else
            ck_assert_int_eq(linear->activation,
                             k == 4 ? SLUICE_IDENTITY : SLUICE_TANH);
    }
    sluice_model_destroy(model);
}
END_TEST

/* A text, and where it goes wrong. */
struct bad {
    const char *text;
    int position;
};

static const struct bad bad_lists[] = {
    {"", 0},
    {"x", 0},
    {"-3", 0},
    {"0-3", 0},
    {"+4-3", 0},
    {" 4-3", 0},
    {"4", 1},
    {"4:relu", 1},
    {"4x2-3", 1},
    {"4.5-3", 1},
    {"4-", 2},
    {"4-0", 2},
    {"4--3", 2},
    {"4-2147483648", 2},
    {"4-99999999999999999999", 2},
    {"99999999999999999999-4", 0},
    {"4-3x", 4},
    {"4-3x0", 4},
    {"4-3x-2", 4},
    {"4-3x65537", 4},
    {"4-3x40000-3x40000", 10},
    {"4-3 -2", 3},
    {"4-3-2 ", 5},
    {"4-3,relu", 3},
    {"4-3:", 4},
    {"4-3:rel", 4},
    {"4-3:relux", 4},
    {"4-3:relu,", 9},
    {"4-3:relu tanh", 4},
    {"4-3:relu,tanh", 9},
    {"4-3:dropout", 4},
    {"4-3:dropout=", 12},
    {"4-3:dropout=1", 12},
    {"4-3:dropout=1.0", 12},
    {"4-3:dropout=-0.1", 12},
    {"4-3:dropout=.5", 12},
    {"4-3:dropout=0,5", 14},
    {"4-3:dropout=0.5x", 15},
    {"4-3:dropout=nan", 12},
    {"4-3:dropout=0.99999999999", 12},
    {"4-3:dropout=0.1,dropout=0.2", 16},
};

static const struct bad bad_blocks[] = {
    {"res(4)-4", 0},      {"4-res", 2},
    {"4-res(", 6},        {"4-res()", 6},
    {"4-res(4", 7},       {"4-res(4-", 8},
    {"4-res(4:tanh)", 7}, {"4-res(res(4))", 6},
    {"4-res(3)", 6},      {"4-res(4-3)", 8},
    {"4-res(4-3x2)", 8},  {"4-3-res(4)", 8},
    {"4-res(4)3", 8},     {"4-res(4)x", 9},
    {"4-res(4)x0", 9},    {"4-res(4)x40000-res(4)x40000", 15},
    {"4-res(4))", 8},     {"4-3)", 3},
};

static void check_refused(size_t n, const struct bad bad[])
{
    for (size_t i = 0; i < n; i++) {
        sluice_model *model = NULL;
        char position[32];
        snprintf(position, sizeof position, "at position %d,", bad[i].position);
        ck_assert_msg(sluice_model_parse(bad[i].text, NULL, &model, &why) ==
                          SLUICE_INVALID,
                      "\"%s\" was accepted", bad[i].text);
        ck_assert_msg(strstr(why.text, position), "%s", why.text);
        ck_assert_ptr_null(model);
    }
}

START_TEST(an_option_twice_is_told_what_may_stand_there)
{
    sluice_model *model = NULL;
    ck_assert(sluice_model_parse("4-3:relu,tanh", NULL, &model, &why));
    ck_assert_msg(strstr(why.text, "an activation or dropout=RATE, each once"),
                  "%s", why.text);
}
END_TEST

START_TEST(what_is_not_understood_is_refused_with_its_position)
{
    check_refused(sizeof bad_lists / sizeof *bad_lists, bad_lists);
    check_refused(sizeof bad_blocks / sizeof *bad_blocks, bad_blocks);
}
END_TEST

START_TEST(as_many_layers_as_the_limit)
{
    sluice_model *model = sl_test_parse("1-1x65535-1");
    ck_assert_int_eq(sluice_model_n_layers(model), SLUICE_MODEL_MAX_LAYERS);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(dropout_counts_as_layers)
{
    sluice_model *model = NULL;
    ck_assert_int_eq(
        sluice_model_parse("1-1x40000:dropout=0.5", NULL, &model, &why),
        SLUICE_INVALID);
    ck_assert(strstr(why.text, "65536 layers"));
    ck_assert_ptr_null(model);
}
END_TEST

START_TEST(a_layer_that_refuses_is_the_reason)
{
    sluice_model *model = NULL;
    ck_assert_int_eq(
        sluice_model_parse("2147483647-2147483647", NULL, &model, &why),
        SLUICE_INVALID);
    ck_assert(strstr(why.text, "a weight of 2147483647 x 2147483647"));
    ck_assert_ptr_null(model);
}
END_TEST

START_TEST(a_block_of_many_layers)
{
    sluice_model *model = sl_test_parse("4-res(4x300)");
    ck_assert_int_eq(sluice_model_layer_plan(model, 0)->n_params, 600);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.model_parse", a_perceptron, repeated_layers,
                 the_last_of_repeated_layers_has_no_activation,
                 every_activation_by_name,
                 dropout_stands_after_each_hidden_layer, residual_blocks,
                 a_block_has_activations_and_dropout_but_at_its_end,
                 an_option_twice_is_told_what_may_stand_there,
                 what_is_not_understood_is_refused_with_its_position,
                 as_many_layers_as_the_limit, dropout_counts_as_layers,
                 a_layer_that_refuses_is_the_reason, a_block_of_many_layers)
