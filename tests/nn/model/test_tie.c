/* Tied parameters of a model: names, counts, texts, refusals. */
#include <sluice/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model/model_promises.h"
#include "support/parse_model.h"
#include "support/runner.h"

static sluice_diag why;

static const char tied[] = "input(6); linear(5); linear(6) x3; linear(5); "
                           "head(5); linear(5); tie(3.weight, 2.weight); "
                           "tie(3.bias, 2.bias); tie(6.weight,5.weight)";

START_TEST(a_text_with_ties_is_printed_with_them)
{
    sluice_model *model = sl_test_parse(tied);
    char *printed = promise_print(model);
    ck_assert_str_eq(printed,
                     "input(6); linear(out=5); linear(out=6) x3; "
                     "linear(out=5); head(vocabulary=5); linear(out=5); "
                     "tie(3.weight, 2.weight); tie(3.bias, 2.bias); "
                     "tie(6.weight, 5.weight)");
    ck_assert_int_eq(promise_model(printed), SLUICE_OK);
    free(printed);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_tied_parameter_counts_and_comes_once)
{
    sluice_model *model = sl_test_parse(tied);
    ck_assert_int_eq(sluice_model_n_parameters(model),
                     (30 + 5) + (30 + 6) + (36 + 6) + (30 + 5) + 25 + 5);
    sluice_parameter at = {0};
    int64_t elements = 0;
    while (sluice_model_next_parameter(model, &at)) {
        ck_assert_str_ne(at.name, "3.weight");
        ck_assert_str_ne(at.name, "3.bias");
        ck_assert_str_ne(at.name, "6.weight");
        elements += at.n;
    }
    ck_assert_int_eq(elements, sluice_model_n_parameters(model));
    sluice_model_destroy(model);
}
END_TEST

START_TEST(both_names_are_of_the_first_use)
{
    sluice_model *model = sl_test_parse(tied);
    int layer = -1, param = -1;
    const sluice_param_spec *spec = NULL;
    ck_assert(!sluice_model_find_parameter(model, "3.bias", &layer, &param,
                                           &spec, &why));
    ck_assert_int_eq(layer, 2);
    ck_assert_int_eq(param, 1);
    ck_assert_ptr_eq(spec, &sluice_model_layer_plan(model, 2)->params[1]);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_tie_to_a_tied_one_is_to_its_first_use)
{
    int layer;
    sluice_model *model = sl_test_parse("input(4); linear(4) x4; "
                                        "tie(2.weight, 1.weight); "
                                        "tie(3.weight, 2.weight); "
                                        "tie(1.weight, 0.weight)");
    ck_assert_int_eq(sluice_model_n_parameters(model), 16 + 4 * 4);
    for (int i = 0; i < 4; i++) {
        char name[] = "0.weight";
        name[0] = (char)('0' + i);
        ck_assert(!sluice_model_find_parameter(model, name, &layer, NULL, NULL,
                                               &why));
        ck_assert_int_eq(layer, 0);
    }
    sluice_model_destroy(model);
}
END_TEST

START_TEST(parameters_inside_composites_can_be_tied)
{
    sluice_model *model = sl_test_parse("input(4); residual{linear(4)} x2; "
                                        "tie(1.0.weight, 0.0.weight)");
    ck_assert_int_eq(sluice_model_n_parameters(model), 16 + 2 * 4);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(what_cannot_be_tied_is_refused)
{
    static const struct {
        const char *ties;
        const char *says;
    } refused[] = {
        {"tie(1.weight, 0.weight)", "their shapes differ"},
        {"tie(0.weight, 2.weight)", "a layer before it"},
        {"tie(2.weight, 2.weight)", "a layer before it"},
        {"tie(2.weight, 0.weight); tie(2.weight, 0.weight)",
         "it is tied already"},
        {"tie(2.weigh, 0.weight)", "no parameter \"2.weigh\""},
        {"tie(2.weight, 7.weight)", "layers 0 to 3"},
        {"tie(2.weight)", "the first use's parameter"},
        {"tie", "the names of two parameters"},
        {"tie(, 0.weight)", "a parameter's name"},
        {"tie(2.weight, 0.weight", "\")\""},
        {"residual{linear(5); tie(2.weight, 0.weight)}", "outside of braces"},
    };
    char text[256];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sluice_model *model = NULL;
        snprintf(text, sizeof text,
                 "input(4); linear(5); linear(4); linear(5) x2; %s",
                 refused[i].ties);
        ck_assert_int_eq(sluice_model_parse(text, NULL, &model, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, refused[i].says), "%s: %s",
                      refused[i].ties, why.text);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.tie", a_text_with_ties_is_printed_with_them,
                 a_tied_parameter_counts_and_comes_once,
                 both_names_are_of_the_first_use,
                 a_tie_to_a_tied_one_is_to_its_first_use,
                 parameters_inside_composites_can_be_tied,
                 what_cannot_be_tied_is_refused)
