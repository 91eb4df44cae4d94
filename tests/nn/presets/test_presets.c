/* Presets: what they stand for, and what is printed reads back. */
#include <sluice/model.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model/model_promises.h"
#include "support/parse_model.h"
#include "support/runner.h"

static sluice_diag why;

static void check_printed(const char *text, const char *want)
{
    sluice_model *model = sl_test_parse(text);
    char *printed = promise_print(model);
    ck_assert_str_eq(printed, want);
    ck_assert_int_eq(promise_model(printed), SLUICE_OK);
    free(printed);
    sluice_model_destroy(model);
}

START_TEST(a_preset_is_printed_as_the_layers_that_it_stands_for)
{
    check_printed(
        "gpt2(layers=2,heads=4,width=64,vocabulary=65,context=16)",
        "input(16, int32); sequence{embedding(vocabulary=65,width=64,std=0.02);"
        " position_embedding(context=16,std=0.02)}; "
        "sequence{residual{layer_norm(per-position); "
        "attention(heads=4,causal,std=0.02,out-std=0.01)}; "
        "residual{layer_norm(per-position); "
        "linear(out=256,activation=gelu_tanh,per-position,std=0.02); "
        "linear(out=64,per-position,std=0.01)}} x2; "
        "sequence{layer_norm(per-position); head(vocabulary=65)}; "
        "tie(3.1.weight, 0.0.weight)");
    check_printed(
        "input(8, int32); llama(layers=8,heads=4,kv-heads=2,width=24,"
        "vocabulary=10,hidden=32)",
        "input(8, int32); embedding(vocabulary=10,width=24,std=0.02); "
        "sequence{residual{rms_norm(per-position); "
        "attention(heads=4,kv-heads=2,causal,rotary=1e+04,no-bias,std=0.02,"
        "out-std=0.005)}; residual{rms_norm(per-position); "
        "linear(out=64,no-bias,per-position,std=0.02); glu(activation=silu); "
        "linear(out=24,no-bias,per-position,std=0.005)}} x8; "
        "sequence{rms_norm(per-position); head(vocabulary=10,std=0.02)}");
}
END_TEST

START_TEST(resnet_is_printed_as_its_blocks)
{
    check_printed(
        "input(1x8x8); resnet(blocks=2,width=4,classes=3,stages=2)",
        "input(1x8x8); sequence{conv2d(channels=4,padding=1,no-bias); "
        "batch_norm(activation=relu)}; "
        "sequence{residual{conv2d(channels=4,padding=1,no-bias); "
        "batch_norm(activation=relu); conv2d(channels=4,padding=1,no-bias); "
        "batch_norm}; activate(activation=relu)} x2; "
        "sequence{branches{sequence{"
        "conv2d(channels=8,stride=2,padding=1,no-bias); "
        "batch_norm(activation=relu); conv2d(channels=8,padding=1,no-bias); "
        "batch_norm}; sequence{conv2d(channels=8,kernel=1,stride=2,no-bias); "
        "batch_norm}}; activate(activation=relu)}; "
        "sequence{residual{conv2d(channels=8,padding=1,no-bias); "
        "batch_norm(activation=relu); conv2d(channels=8,padding=1,no-bias); "
        "batch_norm}; activate(activation=relu)}; "
        "sequence{global_average_pool; linear(out=3)}");
}
END_TEST

START_TEST(unet_is_printed_as_its_levels)
{
    check_printed(
        "input(1x4x8); flatten; reshape(1, height=4, width=8); "
        "unet(depth=1,convolutions=2,width=3)",
        "input(1x4x8); flatten; reshape(channels=1,height=4,width=8); "
        "sequence{conv2d(channels=3,padding=1,no-bias); "
        "batch_norm(activation=relu)} x2; stash(name=u2_0); "
        "max_pool(kernel=2); "
        "sequence{conv2d(channels=6,padding=1,no-bias); "
        "batch_norm(activation=relu)} x2; "
        "sequence{upsample; conv2d(channels=3,padding=1,no-bias); "
        "batch_norm(activation=relu)}; pop(name=u2_0,concat); "
        "sequence{conv2d(channels=3,padding=1,no-bias); "
        "batch_norm(activation=relu)} x2; conv2d(channels=1,kernel=1)");
}
END_TEST

#define NORMED "; batch_norm(activation=relu)"
#define PIXELS "conv2d(channels=2,kernel=1,no-bias)" NORMED
#define SEPARABLE(kernel, padding)                                             \
    "sequence{conv2d(channels=2," kernel "padding=" padding                    \
    ",groups=2,no-bias); " PIXELS "}"
#define CELL                                                                   \
    "sequence{" PIXELS "; concat{branches{" SEPARABLE(                         \
        "", "1") "; average_pool(kernel=3,stride=1,padding=1)}; "              \
                 "branches{" SEPARABLE(                                        \
                     "kernel=5,",                                              \
                     "2") "; max_pool(kernel=3,stride=1,padding=1)}}; " PIXELS \
                          "}"

START_TEST(amoebanet_hands_each_cell_the_outputs_of_two)
{
    check_printed(
        "input(3x4x4); amoebanet(cells=3,width=2,classes=5,stages=1)",
        "input(3x4x4); sequence{conv2d(channels=2,padding=1,no-bias)" NORMED
        "}; stash(name=a0_0_0); " CELL
        "; stash(name=a0_0_1); pop(name=a0_0_0,concat); " CELL
        "; pop(name=a0_0_1,concat); " CELL
        "; sequence{global_average_pool; linear(out=5)}");
}
END_TEST

/*
 * By hand.  A norm of C channels has 4 C + 1 numbers.  A cell of C channels has
 * a convolution of pixels of C channels, or 2 C where two tensors come in; of
 * each channel by itself 9 and 25 weights, and C^2 behind both; one of pixels
 * from 2 C channels; and four norms.
 */
START_TEST(amoebanet_has_the_parameters_of_its_cells)
{
    int64_t n = 0, c = 32, in = 3;
    sluice_model *model = sl_test_parse("amoebanet");
    for (int stage = 0; stage < 3; stage++, c *= 2) {
        n += 9 * in * c + 4 * c + 1;
        for (int cell = 0; cell < 3; cell++)
            n += (cell ? 2 : 1) * c * c + 4 * c * c + 50 * c + 4;
        in = c;
    }
    n += 10 * in + 10;
    ck_assert_int_eq(sluice_model_n_parameters(model), n);
    sluice_model_destroy(model);
}
END_TEST

/* The learned parameters of ResNet-18 with a 3 x 3 stem and 10 classes; and of
 * its 20 norms, with 4800 channels in all, two statistics of a channel and a
 * count. */
START_TEST(resnet_has_the_parameters_of_resnet_18)
{
    sluice_model *model = sl_test_parse("resnet");
    ck_assert_int_eq(sluice_model_n_layers(model), 10);
    ck_assert_int_eq(sluice_model_n_parameters(model),
                     11173962 + 2 * 4800 + 20);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(dropout_stands_in_the_usual_places)
{
    sluice_model *model =
        sl_test_parse("gpt2(layers=1,heads=1,width=4,vocabulary=5,"
                      "context=3,dropout=0.1)");
    char *printed = promise_print(model);
    int n = 0;
    for (const char *at = printed; (at = strstr(at, "dropout(rate=0.1)")); at++)
        n++;
    ck_assert_int_eq(n, 3);
    ck_assert_ptr_nonnull(strstr(printed, "causal,dropout=0.1,"));
    free(printed);
    sluice_model_destroy(model);
}
END_TEST

/* The sizes that are published, with the output layer of GPT-2 tied. */
START_TEST(the_published_sizes_are_the_defaults)
{
    sluice_model *gpt2 = sl_test_parse("gpt2"), *llama = sl_test_parse("llama");
    ck_assert_int_eq(sluice_model_n_parameters(gpt2), INT64_C(124439808));
    ck_assert_int_eq(sluice_model_n_parameters(llama), INT64_C(6738415616));
    ck_assert_int_eq(sluice_model_n_layers(gpt2), 14);
    ck_assert_int_eq(sluice_model_n_layers(llama), 34);
    sluice_model_destroy(gpt2);
    sluice_model_destroy(llama);
}
END_TEST

START_TEST(an_untied_output_layer_has_a_table_of_its_own)
{
    const sluice_param_spec *spec;
    sluice_model *model = sl_test_parse("gpt2(untied)");
    ck_assert_int_eq(sluice_model_n_parameters(model),
                     INT64_C(124439808) + 50257 * 768);
    ck_assert(!sluice_model_find_parameter(model, "13.1.weight", NULL, NULL,
                                           &spec, &why));
    ck_assert_int_eq(spec->init, SLUICE_INIT_NORMAL);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_caller_gives_the_rows_and_the_preset_their_type)
{
    const sluice_shape input = sluice_shape_vector(7);
    sluice_model *model = NULL;
    ck_assert_msg(
        !sluice_model_parse_for("gpt2(layers=1,heads=1,width=4,vocabulary=5)",
                                &input, NULL, &model, &why),
        "%s", why.text);
    sluice_shape shape = sluice_model_input(model);
    ck_assert(sluice_shape_equal(&shape, &input));
    ck_assert_int_eq(sluice_model_input_type(model), SLUICE_I32);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(weights_before_a_sum_start_smaller_by_the_root_of_the_sums)
{
    const sluice_param_spec *spec;
    sluice_model *model = sl_test_parse("gpt2");
    static const struct {
        const char *name;
        double std;
    } starts[] = {{"0.0.weight", 0.02},
                  {"0.1.weight", 0.02},
                  {"1.0.1.qkv_weight", 0.02},
                  {"1.1.1.weight", 0.02},
                  {"12.0.1.out_weight", 0.02 / sqrt(24)},
                  {"12.1.2.weight", 0.02 / sqrt(24)}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        ck_assert_msg(!sluice_model_find_parameter(model, starts[i].name, NULL,
                                                   NULL, &spec, &why),
                      "%s", why.text);
        ck_assert_int_eq(spec->init, SLUICE_INIT_NORMAL);
        ck_assert_double_eq_tol(spec->std, starts[i].std, 1e-9);
    }
    sluice_model_destroy(model);
}
END_TEST

START_TEST(what_a_preset_refuses_is_named_with_its_position)
{
    static const struct {
        const char *text;
        const char *sentence;
    } bad[] = {
        {"gpt2(layers=0)", "position 5"},
        {"gpt2(heads=5)", "a width of 768 and 5 heads"},
        {"gpt2(depth=5)", "no option \"depth\"; it has layers"},
        {"gpt2(layers=1", "\",\" or \")\""},
        {"input(4); gpt2(layers=1)", "at position 10"},
        {"input(2000, int32); gpt2(layers=1)", "2000 positions and the table"},
        {"llama(width=36,heads=4)", "heads of 9 elements"},
        {"llama(layers=65536,width=4,heads=1)", "65536 layers"},
        {"input(4); gpt3", "there are linear"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sluice_model *model = NULL;
        ck_assert_int_eq(sluice_model_parse(bad[i].text, NULL, &model, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, bad[i].sentence), "%s: %s", bad[i].text,
                      why.text);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.presets",
                 a_preset_is_printed_as_the_layers_that_it_stands_for,
                 resnet_is_printed_as_its_blocks, unet_is_printed_as_its_levels,
                 amoebanet_hands_each_cell_the_outputs_of_two,
                 amoebanet_has_the_parameters_of_its_cells,
                 resnet_has_the_parameters_of_resnet_18,
                 dropout_stands_in_the_usual_places,
                 the_published_sizes_are_the_defaults,
                 an_untied_output_layer_has_a_table_of_its_own,
                 a_caller_gives_the_rows_and_the_preset_their_type,
                 weights_before_a_sum_start_smaller_by_the_root_of_the_sums,
                 what_a_preset_refuses_is_named_with_its_position)
