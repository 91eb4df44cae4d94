/* Types of elements: integers go into the first layer of a model and nowhere
 * else. */
#include <sluice/model.h>

#include <string.h>

#include "support/runner.h"
#include "support/tokens.h"

static sluice_diag why;

static sluice_model *make(sluice_element input)
{
    const sluice_model_config config = {.input = sluice_shape_vector(4),
                                        .input_type = input};
    sluice_model *model = NULL;
    ck_assert(!sluice_model_create(&config, &model, &why));
    return model;
}

static sluice_status add_lookup(sluice_model *model)
{
    return sluice_model_add(model, sl_test_lookup_layer(), NULL, &why);
}

static sluice_status add_linear(sluice_model *model)
{
    const sluice_linear_config config = {.out = 8};
    return sluice_model_add(model, sluice_linear(), &config, &why);
}

static void refused(sluice_status st, const char *says)
{
    ck_assert_int_eq(st, SLUICE_INVALID);
    ck_assert_str_eq(why.text, says);
}

START_TEST(a_models_input_is_float32_unless_it_says_int32)
{
    static const sluice_element given[] = {SLUICE_UNTYPED, SLUICE_F32,
                                           SLUICE_I32};
    static const sluice_element is[] = {SLUICE_F32, SLUICE_F32, SLUICE_I32};
    for (int i = 0; i < 3; i++) {
        sluice_model *model = make(given[i]);
        ck_assert_int_eq(sluice_model_input_type(model), is[i]);
        sluice_model_destroy(model);
    }
}
END_TEST

START_TEST(other_types_of_input_are_refused)
{
    sluice_model *model;
    sluice_model_config config = {.input = sluice_shape_vector(4),
                                  .input_type = SLUICE_U8};
    refused(sluice_model_create(&config, &model, &why),
            "the model's input has elements of type uint8; set `input_type` to "
            "SLUICE_F32 or SLUICE_I32");
    config.input_type = (sluice_element)77;
    refused(sluice_model_create(&config, &model, &why),
            "the model's input has elements of type ?; set `input_type` to "
            "SLUICE_F32 or SLUICE_I32");
}
END_TEST

START_TEST(the_first_layer_may_take_integers_and_the_plan_tells)
{
    sluice_model *model = make(SLUICE_I32);
    ck_assert(!add_lookup(model));
    ck_assert(!add_linear(model));
    ck_assert_int_eq(sluice_model_layer_plan(model, 0)->in_type, SLUICE_I32);
    ck_assert_int_eq(sluice_model_layer_plan(model, 1)->in_type, SLUICE_F32);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_later_layer_that_takes_integers_is_refused_with_both_names)
{
    for (int i = 0; i < 2; i++) {
        sluice_model *model = make(i ? SLUICE_I32 : SLUICE_F32);
        ck_assert(i ? !add_lookup(model) : !add_linear(model));
        refused(add_lookup(model),
                i ? "layer lookup takes int32, but layer 0 (lookup) before it "
                    "hands on float32; make it the first layer of the model"
                  : "layer lookup takes int32, but layer 0 (linear) before it "
                    "hands on float32; make it the first layer of the model");
        ck_assert_int_eq(sluice_model_n_layers(model), 1);
        ck_assert(!add_linear(model));
        sluice_model_destroy(model);
    }
}
END_TEST

START_TEST(a_first_layer_must_take_what_the_input_is)
{
    sluice_model *model = make(SLUICE_I32);
    refused(add_linear(model),
            "layer linear takes float32, but the model's input is int32; set "
            "the model's `input_type` to float32, in a text input(SIZE, "
            "float32), or begin with a layer that takes int32");
    sluice_model_destroy(model);
    model = make(SLUICE_F32);
    refused(add_lookup(model),
            "layer lookup takes int32, but the model's input is float32; set "
            "the model's `input_type` to int32, in a text input(SIZE, int32), "
            "or begin with a layer that takes float32");
    sluice_model_destroy(model);
}
END_TEST

START_TEST(sequences_hand_integers_to_their_first_layer)
{
    sluice_model *model = make(SLUICE_I32);
    ck_assert(!sluice_model_begin(model, sluice_sequence(), &why));
    ck_assert(!sluice_model_begin(model, sluice_sequence(), &why));
    ck_assert(!add_lookup(model));
    refused(add_lookup(model),
            "layer lookup takes int32, but layer 0 (lookup) inside sequence "
            "before it hands on float32; make it the first layer of the model");
    ck_assert(!sluice_model_end(model, &why));
    ck_assert(!add_linear(model));
    ck_assert(!sluice_model_end(model, &why));
    ck_assert_int_eq(sluice_model_layer_plan(model, 0)->in_type, SLUICE_I32);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(the_first_layer_inside_a_later_sequence_is_not_the_first)
{
    sluice_model *model = make(SLUICE_F32);
    ck_assert(!add_linear(model));
    ck_assert(!sluice_model_begin(model, sluice_sequence(), &why));
    refused(add_lookup(model),
            "layer lookup takes int32, but layer 0 (linear) before it hands on "
            "float32; make it the first layer of the model");
    sluice_model_destroy(model);
}
END_TEST

/* x + f(x): x is added as floats, whatever layer is inside. */
START_TEST(a_residual_takes_no_integers_and_has_none_inside)
{
    sluice_model *model = make(SLUICE_I32);
    refused(sluice_model_begin(model, sluice_residual(), &why),
            "layer residual takes float32, but the model's input is int32; set "
            "the model's `input_type` to float32, in a text input(SIZE, "
            "float32), or begin with a layer that takes int32");
    ck_assert(!sluice_model_is_open(model));
    sluice_model_destroy(model);
    model = make(SLUICE_F32);
    ck_assert(!sluice_model_begin(model, sluice_residual(), &why));
    refused(add_lookup(model),
            "layer lookup takes int32, but the residual around it hands on "
            "float32; make it the first layer of the model");
    sluice_model_destroy(model);
}
END_TEST

static sluice_status infer_bytes(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *said)
{
    (void)config;
    (void)said;
    plan->out = plan->in;
    plan->in_type = SLUICE_U8;
    return SLUICE_OK;
}

static sluice_status do_nothing(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

START_TEST(a_layer_that_takes_another_type_is_refused)
{
    static const sluice_layer_ops bytes = {.name = "bytes",
                                           .infer = infer_bytes,
                                           .forward = do_nothing,
                                           .backward_input = do_nothing};
    sluice_model *model = make(SLUICE_F32);
    refused(sluice_model_add(model, &bytes, NULL, &why),
            "layer bytes: its input is of type uint8; let infer() set "
            "plan->in_type to SLUICE_F32 or SLUICE_I32");
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.model_elements",
                 a_models_input_is_float32_unless_it_says_int32,
                 other_types_of_input_are_refused,
                 the_first_layer_may_take_integers_and_the_plan_tells,
                 a_later_layer_that_takes_integers_is_refused_with_both_names,
                 a_first_layer_must_take_what_the_input_is,
                 sequences_hand_integers_to_their_first_layer,
                 the_first_layer_inside_a_later_sequence_is_not_the_first,
                 a_residual_takes_no_integers_and_has_none_inside,
                 a_layer_that_takes_another_type_is_refused)
