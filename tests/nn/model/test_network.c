/* Models from the long form of the text, and back. */
#include <sluice/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model/model_promises.h"
#include "support/allocator.h"
#include "support/runner.h"

static sluice_diag why;

static void check_printed(const char *text, const char *want)
{
    sluice_model *model = NULL;
    ck_assert_msg(!sluice_model_parse(text, NULL, &model, &why), "%s",
                  why.text);
    char *printed = promise_print(model);
    ck_assert_str_eq(printed, want);
    ck_assert_int_eq(promise_model(printed), SLUICE_OK);
    free(printed);
    sluice_model_destroy(model);
}

START_TEST(layers_are_named_with_their_options)
{
    check_printed("input(8); linear(out=4,activation=relu)",
                  "input(8); linear(out=4,activation=relu)");
    check_printed("input(4x2);linear(3,init=one,no_bias=true);",
                  "input(4x2); linear(out=3,init=one,no-bias)");
    check_printed("input(3); activate(gelu); dropout(0.1); layer_norm(); "
                  "layer_norm(epsilon=1e-3); timed(5, weight-ns = 7)",
                  "input(3); activate(activation=gelu); dropout(rate=0.1); "
                  "layer_norm; layer_norm(epsilon=0.001); "
                  "timed(forward-ns=5,weight-ns=7)");
    check_printed("input(3x4); linear(2, per-position, std=0.02); "
                  "layer_norm(per-position); rms_norm(0.1, per_position)",
                  "input(3x4); linear(out=2,per-position,std=0.02); "
                  "layer_norm(per-position); "
                  "rms_norm(epsilon=0.1,per-position)");
    check_printed("input(4, int32); embedding(3,width=2,std=0.5); linear(2)",
                  "input(4, int32); embedding(vocabulary=3,width=2,std=0.5); "
                  "linear(out=2)");
    check_printed("input(3x4); position_embedding; position_embedding(8); "
                  "linear(2)",
                  "input(3x4); position_embedding; "
                  "position_embedding(context=8); linear(out=2)");
    check_printed("input(3x4); attention(2, kv_heads=1, causal, rotary=1e4)",
                  "input(3x4); "
                  "attention(heads=2,kv-heads=1,causal,rotary=1e+04)");
    check_printed("input(4, int32); embedding(3,width=2); linear(2)",
                  "input(4, int32); embedding(vocabulary=3,width=2); "
                  "linear(out=2)");
    check_printed("input( 4 ,float32 ); linear(2)", "input(4); linear(out=2)");
    check_printed("input(3); linear(no-bias, out=2)",
                  "input(3); linear(out=2,no-bias)");
}
END_TEST

START_TEST(layers_hold_others_and_are_repeated)
{
    check_printed(" input( 3 ) ;\n\tresidual { linear ( 3 ) ; linear(3)} x2 ;",
                  "input(3); residual{linear(out=3) x2} x2");
    check_printed("input(4); sequence{residual{linear(4); layer_norm} x3; "
                  "linear(2)}; linear(2) x2",
                  "input(4); sequence{residual{linear(out=4); layer_norm} x3; "
                  "linear(out=2)}; linear(out=2) x2");
    check_printed("input(4); dropout(0.5)x2; dropout(0.25)",
                  "input(4); dropout(rate=0.5) x2; dropout(rate=0.25)");
}
END_TEST

START_TEST(the_short_form_is_a_long_one)
{
    check_printed("8-4x2-3:tanh,dropout=0.5",
                  "input(8); linear(out=4,activation=tanh); dropout(rate=0.5); "
                  "linear(out=4,activation=tanh); dropout(rate=0.5); "
                  "linear(out=3)");
    check_printed("4-res(6-4)x3-2",
                  "input(4); residual{linear(out=6,activation=relu); "
                  "linear(out=4)} x3; linear(out=2)");
}
END_TEST

START_TEST(the_input_may_be_given)
{
    static const char *const texts[] = {"linear(2)", "input(2x3); linear(2)",
                                        "-2", "6-2"};
    const sluice_shape input = sluice_shape_matrix(2, 3);
    for (int i = 0; i < 4; i++) {
        sluice_model *model = NULL;
        ck_assert_msg(
            !sluice_model_parse_for(texts[i], &input, NULL, &model, &why), "%s",
            why.text);
        sluice_shape shape = sluice_model_input(model);
        ck_assert_int_eq(sluice_shape_elements(&shape), 6);
        ck_assert_int_eq(shape.n_dims, i < 2 ? 2 : 1);
        ck_assert_int_eq(sluice_model_n_layers(model), 1);
        sluice_model_destroy(model);
    }
}
END_TEST

static const struct {
    const char *text;
    int position;
    const char *sentence;
} bad[] = {
    {"linear(2)", 0, "input(SIZE), or a number"},
    {"input", 5, "the size of a row"},
    {"input(", 6, "a size"},
    {"input(0); linear(2)", 6, "a size"},
    {"input(2x); linear(2)", 8, "a size"},
    {"input(2147483648); linear(2)", 6, "a size"},
    {"input(1x1x1x1x1x1x1x1x1); linear(2)", 22, "at most 8"},
    {"input(99999999x99999999x99999); linear(2)", 0,
     "an input with fewer elements"},
    {"input(2", 7, "\"x\" or \")\""},
    {"input(2,", 8, "float32 or int32"},
    {"input(2, uint8); linear(2)", 9, "float32 or int32"},
    {"input(2, int); linear(2)", 9, "float32 or int32"},
    {"input(2, int32; linear(2)", 14, "\")\""},
    {"input(2, int32); linear(2)", 17,
     "takes float32, but the model's input "
     "is int32"},
    {"input(2); embedding(3,width=2)", 10, "in a text input(SIZE, int32)"},
    {"input(2); linear(3); embedding(3,width=2)", 21,
     "layer 0 (linear) before it hands on float32"},
    {"input(2)", 8, "\";\" and a layer"},
    {"input(2);", 9, "expected a layer"},
    {"input(2); 4", 10, "expected a layer"},
    {"inputs(2); linear(2)", 0, "expected input(SIZE)"},
    {"input(2); liner(2)", 10,
     "no layer is called \"liner\"; there are linear"},
    {"input(2); linear", 16, "out must be given"},
    {"input(2); linear(", 17, "an option, as name=value"},
    {"input(2); linear(2", 18, "\",\" or \")\""},
    {"input(2); linear(2,", 19, "an option"},
    {"input(2); linear(2,3)", 19, "no option \"3\""},
    {"input(2); linear(2,out=3)", 19, "out is given twice"},
    {"input(2); linear(x)", 17, "out is \"x\""},
    {"input(2); linear(2,activation=rely)", 19, "one of identity, relu"},
    {"input(2); linear(2,bias)", 19, "it has out, activation"},
    {"input(2); layer_norm(1,2)", 23, "no option \"2\""},
    {"input(2); linear(2) linear(2)", 20, "\";\", \"x\" or the end"},
    {"input(2); linear(2)}", 19, "\";\", \"x\" or the end"},
    {"input(2); linear(2)x", 20, "a number of layers"},
    {"input(2); linear(2)x0", 20, "a number of layers"},
    {"input(2); linear(2)x65537", 20, "a number of layers"},
    {"input(2); linear(2)x65536; linear(2)", 27, "65536 layers"},
    {"input(2); linear(2){linear(2)}", 19, "\";\", \"x\" or the end"},
    {"input(1000000000x2000000000); concat{dropout(0); dropout(0)}", 30,
     "concat: too many elements to count"},
    {"input(2); residual", 18, "\"{\" and the layers"},
    {"input(2); residual{", 19, "expected a layer"},
    {"input(2); residual{}", 19, "expected a layer"},
    {"input(2); residual{linear(2)", 28, "or \"}\""},
    {"input(2); residual{linear(3)}", 10, "x + f(x) needs as many"},
    {"input(2); residual(1){linear(2)}", 19, "residual has no option"},
    {"input(2); dropout(1)", 18, "below 1"},
    {"input(2); position_embedding", 10, "an input of 1 dims"},
    {"input(4x2); position_embedding(3)", 12, "4 positions and the table 3"},
    {"input(2);; linear(2)", 9, "expected a layer"},
    {"input(2); \001", 10, "expected a layer"},
};

START_TEST(what_is_not_understood_is_refused_with_its_position)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char position[32];
        sluice_model *model = NULL;
        snprintf(position, sizeof position, "at position %d,", bad[i].position);
        ck_assert_msg(sluice_model_parse(bad[i].text, NULL, &model, &why) ==
                          SLUICE_INVALID,
                      "\"%s\" was accepted", bad[i].text);
        ck_assert_msg(strstr(why.text, position), "%s", why.text);
        ck_assert_msg(strstr(why.text, bad[i].sentence), "%s", why.text);
        ck_assert_ptr_null(model);
    }
}
END_TEST

/* `depth` sequences, each in the one before. */
static char *nested(int depth)
{
    static const char begin[] = "input(2);", open[] = "sequence{",
                      inside[] = "dropout(0)";
    char *text =
        calloc(1, sizeof begin + sizeof inside + (size_t)depth * sizeof open);
    ck_assert_ptr_nonnull(text);
    char *at = stpcpy(text, begin);
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, open);
    at = stpcpy(at, inside);
    for (int i = 0; i < depth; i++)
        at = stpcpy(at, "}");
    return text;
}

START_TEST(depth_and_length_have_limits)
{
    sluice_model *model = NULL;
    char *text = nested(SLUICE_MODEL_MAX_DEPTH);
    ck_assert_int_eq(promise_model(text), SLUICE_OK);
    free(text);
    text = nested(SLUICE_MODEL_MAX_DEPTH + 1);
    ck_assert_int_eq(sluice_model_parse(text, NULL, &model, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "16 is the limit"), "%s", why.text);
    free(text);
    text = nested(5000);
    ck_assert_int_eq(promise_model(text), SLUICE_INVALID);
    free(text);
    text = malloc(SLUICE_MODEL_MAX_TEXT + 2);
    ck_assert_ptr_nonnull(text);
    memset(text, ' ', SLUICE_MODEL_MAX_TEXT + 1);
    memcpy(text, "input(2);linear(2)", 18);
    text[SLUICE_MODEL_MAX_TEXT] = '\0';
    ck_assert_int_eq(promise_model(text), SLUICE_OK);
    text[SLUICE_MODEL_MAX_TEXT] = ' ';
    text[SLUICE_MODEL_MAX_TEXT + 1] = '\0';
    ck_assert_int_eq(sluice_model_parse(text, NULL, &model, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "more than 65536 bytes"));
    free(text);
}
END_TEST

static const char whole[] =
    "input(2x3); residual{linear(4,init=he); linear(6)} "
    "x2; dropout(rate=0.1); linear(out=1)";

START_TEST(no_flipped_byte_or_truncation_breaks_a_promise)
{
    for (size_t at = 0; at < sizeof whole; at++)
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof whole];
            memcpy(text, whole, sizeof whole);
            text[at] = (char)byte;
            text[sizeof whole - 1] = '\0';
            promise_model(text);
        }
}
END_TEST

START_TEST(words_in_any_order_break_no_promise)
{
    static const char *const words[] = {
        "linear",  "(", ")",        "{",          "}", ";",       "x2",
        "out",     "=", "3",        "residual",   ",", " ",       "relu",
        "dropout", "0", "sequence", "layer_norm", "-", "no_bias", "linear(2)"};
    uint64_t state = 1; /* Knuth's MMIX generator: any noise will do */
    int n_read = 0;
    for (int round = 0; round < 20000; round++) {
        char text[256] = "input(2);linear(2);";
        for (int i = 0; i < round % 7; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            strcat(text, words[(state >> 33) % (sizeof words / sizeof *words)]);
        }
        n_read += promise_model(text) == SLUICE_OK;
    }
    ck_assert_int_gt(n_read, 0);
}
END_TEST

START_TEST(reading_survives_each_failed_allocation)
{
    static struct sl_test_allocator allocator;
    sl_test_allocator_init(&allocator);
    bool failed = true;
    for (long n = 1; failed; n++) {
        sluice_model *model = NULL;
        sl_test_allocator_arm(&allocator, n, false);
        sluice_status st =
            sluice_model_parse(whole, &allocator.hooks, &model, &why);
        failed = sl_test_allocator_failed(&allocator);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
        sluice_model_destroy(model);
        ck_assert_int_eq(atomic_load(&allocator.n_live), 0);
        ck_assert_int_eq(atomic_load(&allocator.n_wrong), 0);
    }
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_cut)
{
    sluice_model *model = NULL;
    char text[10];
    ck_assert(!sluice_model_parse("input(2); linear(2)", NULL, &model, &why));
    ck_assert_uint_eq(sluice_model_print(model, text, sizeof text),
                      strlen("input(2); linear(out=2)"));
    ck_assert_str_eq(text, "input(2);");
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.network", layers_are_named_with_their_options,
                 layers_hold_others_and_are_repeated,
                 the_short_form_is_a_long_one, the_input_may_be_given,
                 what_is_not_understood_is_refused_with_its_position,
                 depth_and_length_have_limits,
                 no_flipped_byte_or_truncation_breaks_a_promise,
                 words_in_any_order_break_no_promise,
                 reading_survives_each_failed_allocation,
                 a_text_that_does_not_fit_is_cut)
