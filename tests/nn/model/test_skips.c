/* Skip connections of a model: pairs, shapes, texts, refusals. */
#include <sluice/across_layers.h>
#include <sluice/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model/model_promises.h"
#include "support/parse_model.h"
#include "support/runner.h"

static sluice_diag why;

START_TEST(a_text_with_skips_is_printed_with_their_names)
{
    sluice_model *model = sl_test_parse(
        "input(4); stash(name=a); linear(4); stash(b_2); linear(4); "
        "pop(b_2); pop(a, concat)");
    char *printed = promise_print(model);
    ck_assert_str_eq(printed, "input(4); stash(name=a); linear(out=4); "
                              "stash(name=b_2); linear(out=4); pop(name=b_2); "
                              "pop(name=a,concat)");
    ck_assert_int_eq(promise_model(printed), SLUICE_OK);
    free(printed);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_name_may_be_used_again_once_it_was_popped)
{
    sluice_model *model =
        sl_test_parse("input(4); stash(a); linear(4); pop(a); "
                      "stash(a); linear(4); pop(a)");
    ck_assert_int_eq(sluice_model_n_layers(model), 6);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(concat_adds_the_first_dimensions)
{
    sluice_model *model =
        sl_test_parse("input(3x2x5); stash(a); activate(relu); pop(a, concat)");
    sluice_shape out = sluice_model_output(model);
    const sluice_shape want = {3, {6, 2, 5}};
    ck_assert(sluice_shape_equal(&out, &want));
    sluice_model_destroy(model);
}
END_TEST

/* x of two rows, what was stashed, and what comes of both. */
static void check_pop(const char *text, const float *want, int n)
{
    const float x[] = {1, 2, 3, 4}, want_skip[] = {5, 6, 7, 8};
    float skip[] = {5, 6, 7, 8}, y[8], dy[8], dx[4];
    sluice_model *model = sl_test_parse(text);
    sluice_layer_call call = {
        .config = &(sluice_pop_config){"a", n == 8},
        .plan = sluice_model_layer_plan(model, 1),
        .rows = 2,
        .x = x,
        .y = y,
        .skip = skip,
    };
    ck_assert(!sluice_pop()->forward(&call));
    ck_assert_mem_eq(y, want, (size_t)n * sizeof *y);
    memcpy(dy, y, sizeof dy);
    memset(skip, 0, sizeof skip);
    call.dy = dy;
    call.dx = dx;
    ck_assert(!sluice_pop()->backward_input(&call));
    ck_assert_mem_eq(dx, n == 8 ? x : want, sizeof dx);
    ck_assert_mem_eq(skip, n == 8 ? want_skip : want, sizeof skip);
    sluice_model_destroy(model);
}

START_TEST(a_pop_adds_or_concatenates_row_by_row)
{
    check_pop("input(2); stash(a); pop(a)", (float[]){6, 8, 10, 12}, 4);
    check_pop("input(2); stash(a); pop(a, concat)",
              (float[]){1, 2, 5, 6, 3, 4, 7, 8}, 8);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    static const struct {
        const char *layers;
        const char *says;
    } refused[] = {
        {"pop(a)", "no stash of that name before it is left"},
        {"stash(a); pop(b)", "pop(b): no stash"},
        {"stash(a); pop(a); pop(a)", "no stash of that name"},
        {"stash(a); linear(4); stash(a)", "layer 0 has stashed this name"},
        {"stash(a); linear(5); pop(a)", "x has 5 elements and the stash 4"},
        {"stash", "name must be given"},
        {"stash(a-b)", "1 to 15 letters, digits or \"_\""},
        {"stash(abcdefghijklmnop)", "1 to 15 letters"},
        {"residual{stash(a); linear(4); pop(a)}", "inside another layer"},
    };
    char text[256];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        sluice_model *model = NULL;
        snprintf(text, sizeof text, "input(4); %s", refused[i].layers);
        ck_assert_int_eq(sluice_model_parse(text, NULL, &model, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, refused[i].says), "%s: %s",
                      refused[i].layers, why.text);
    }
    ck_assert(
        sluice_model_parse("input(3x2); stash(a); reshape(2,height=3,width=1); "
                           "pop(a, concat)",
                           NULL, &(sluice_model *){NULL}, &why));
    ck_assert_msg(strstr(why.text, "another dimension"), "%s", why.text);
}
END_TEST

START_TEST(a_config_without_a_name_is_refused)
{
    const sluice_model_config config = {.input = sluice_shape_vector(4)};
    static const sluice_stash_config blank = {"a b"};
    sluice_stash_config full;
    sluice_model *model = NULL;
    memset(&full, 'a', sizeof full);
    ck_assert(!sluice_model_create(&config, &model, &why));
    ck_assert_int_eq(sluice_model_add(model, sluice_stash(), NULL, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_model_add(model, sluice_stash(), &full, &why),
                     SLUICE_INVALID);
    ck_assert_int_eq(sluice_model_add(model, sluice_stash(), &blank, &why),
                     SLUICE_INVALID);
    ck_assert_str_eq(why.text,
                     "stash: its name must be 1 to 15 of [A-Za-z0-9_]");
    ck_assert_int_eq(sluice_model_n_layers(model), 0);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.skips", a_text_with_skips_is_printed_with_their_names,
                 a_name_may_be_used_again_once_it_was_popped,
                 concat_adds_the_first_dimensions,
                 a_pop_adds_or_concatenates_row_by_row,
                 what_cannot_be_is_refused, a_config_without_a_name_is_refused)
