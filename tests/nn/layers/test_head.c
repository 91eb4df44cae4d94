/* The head: scores by a table, at each position for itself. */
#include <sluice/across_layers.h>
#include <sluice/model.h>

#include <string.h>

#include "support/runner.h"

enum { VOCABULARY = 3, WIDTH = 2, POSITIONS = 2, ROWS = 2 };

static sluice_diag why;

START_TEST(each_position_is_scored_by_the_rows_of_the_table)
{
    const float weight[VOCABULARY * WIDTH] = {1, 0, 0, 1, 2, -1};
    const float x[ROWS * POSITIONS * WIDTH] = {1, 2, 3, 4, 5, 6, 7, 8};
    const float want[ROWS * POSITIONS * VOCABULARY] = {1, 2, 0, 3, 4, 2,
                                                       5, 6, 4, 7, 8, 6};
    float y[ROWS * POSITIONS * VOCABULARY];
    const float *params[] = {weight};
    sluice_model *model = NULL;
    ck_assert_msg(
        !sluice_model_parse("input(2x2); head(3)", NULL, &model, &why), "%s",
        why.text);
    sluice_shape out = sluice_model_output(model);
    const sluice_shape expected = sluice_shape_matrix(POSITIONS, VOCABULARY);
    ck_assert(sluice_shape_equal(&out, &expected));
    const sluice_head_config config = {.vocabulary = VOCABULARY};
    sluice_layer_call call = {
        .config = &config,
        .plan = sluice_model_layer_plan(model, 0),
        .rows = ROWS,
        .x = x,
        .y = y,
        .params = params,
    };
    ck_assert_int_eq(sluice_head()->forward(&call), SLUICE_OK);
    ck_assert_mem_eq(y, want, sizeof want);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(the_gradients_are_added_over_all_positions)
{
    const float weight[VOCABULARY * WIDTH] = {1, 0, 0, 1, 2, -1};
    const float x[POSITIONS * WIDTH] = {1, 2, 3, 4};
    float dy[POSITIONS * VOCABULARY] = {1, 0, 0, 0, 1, 1};
    const float want_dx[] = {1, 0, 2, 0}, want_dw[] = {1, 2, 3, 4, 3, 4};
    float dx[POSITIONS * WIDTH], dw[VOCABULARY * WIDTH];
    const float *params[] = {weight};
    float *grads[] = {dw};
    sluice_model *model = NULL;
    ck_assert(!sluice_model_parse("input(2x2); head(3)", NULL, &model, &why));
    const sluice_head_config config = {.vocabulary = VOCABULARY};
    sluice_layer_call call = {
        .config = &config,
        .plan = sluice_model_layer_plan(model, 0),
        .rows = 1,
        .x = x,
        .dy = dy,
        .dx = dx,
        .params = params,
        .grads = grads,
    };
    ck_assert_int_eq(sluice_head()->backward_input(&call), SLUICE_OK);
    ck_assert_int_eq(sluice_head()->backward_weight(&call), SLUICE_OK);
    ck_assert_mem_eq(dx, want_dx, sizeof want_dx);
    ck_assert_mem_eq(dw, want_dw, sizeof want_dw);
    call.accumulate = true;
    ck_assert_int_eq(sluice_head()->backward_weight(&call), SLUICE_OK);
    for (int i = 0; i < VOCABULARY * WIDTH; i++)
        ck_assert_float_eq(dw[i], 2 * want_dw[i]);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_vocabulary_that_cannot_be_is_refused)
{
    sluice_model *model = NULL;
    const sluice_model_config config = {.input = sluice_shape_vector(4)};
    const sluice_head_config none = {0};
    ck_assert(!sluice_model_create(&config, &model, &why));
    ck_assert_int_eq(sluice_model_add(model, sluice_head(), &none, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "a vocabulary of 0"), "%s", why.text);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_time_below_0_is_refused)
{
    sluice_model *model = NULL;
    const sluice_model_config config = {.input = sluice_shape_vector(4)};
    const sluice_timed_head_config bad = {.vocabulary = 3, .weight_ns = -1};
    ck_assert(!sluice_model_create(&config, &model, &why));
    ck_assert_int_eq(sluice_model_add(model, sluice_timed_head(), &bad, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "0, 0 and -1 ns; none can be negative"),
                  "%s", why.text);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_part_of_a_head_has_its_rows_and_its_share_of_the_times)
{
    const sluice_timed_head_config whole = {12, 1200, 2400, 3601};
    sluice_timed_head_config timed = whole;
    const sluice_head_config head = {.vocabulary = 12, .std = 0.5F};
    sluice_head_config part = head;
    sluice_timed_head()->part(&whole, 3, &timed);
    ck_assert_int_eq(timed.vocabulary, 3);
    ck_assert_int_eq(timed.forward_ns, 300);
    ck_assert_int_eq(timed.input_ns, 600);
    ck_assert_int_eq(timed.weight_ns, 900);
    sluice_head()->part(&head, 5, &part);
    ck_assert_int_eq(part.vocabulary, 5);
    ck_assert_float_eq(part.std, 0.5F);
}
END_TEST

SLUICE_TEST_MAIN("nn.head", a_time_below_0_is_refused,
                 a_part_of_a_head_has_its_rows_and_its_share_of_the_times,
                 each_position_is_scored_by_the_rows_of_the_table,
                 the_gradients_are_added_over_all_positions,
                 a_vocabulary_that_cannot_be_is_refused)
