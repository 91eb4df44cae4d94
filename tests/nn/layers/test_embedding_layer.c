/* Embedding: the rows that tokens name, and where their gradients go. */
#include <sluice/model.h>

#include <string.h>

#include "support/parse_model.h"
#include "support/runner.h"

enum { VOCABULARY = 3, WIDTH = 2, TOKENS = 4, ROWS = 2 };

static sluice_diag why;

/* One pass of the layer, which keeps nothing between calls. */
struct bench {
    const sluice_layer_ops *ops;
    sluice_embedding_config config;
    sluice_model *model;
    float weight[VOCABULARY * WIDTH];
    float grad[VOCABULARY * WIDTH];
    float y[ROWS * TOKENS * WIDTH];
    float dy[ROWS * TOKENS * WIDTH];
    const float *params[1];
    float *grads[1];
    sluice_layer_call call;
};

static void set_up(struct bench *b, const int32_t *tokens)
{
    *b = (struct bench){
        .ops = sluice_embedding(),
        .config = {VOCABULARY, WIDTH},
        .model = sl_test_parse("input(4, int32); embedding(3, width=2)"),
        .weight = {0, 1, 10, 11, 20, 21}};
    b->params[0] = b->weight;
    b->grads[0] = b->grad;
    b->call = (sluice_layer_call){
        .config = &b->config,
        .plan = sluice_model_layer_plan(b->model, 0),
        .rows = ROWS,
        .first_row = 5,
        .x_int32 = tokens,
        .y = b->y,
        .dy = b->dy,
        .params = b->params,
        .grads = b->grads,
        .why = &why,
    };
}

START_TEST(each_token_becomes_its_row_of_the_table)
{
    static const int32_t tokens[] = {2, 0, 0, 1, 1, 2, 0, 2};
    static const float want[] = {20, 21, 0,  1,  0, 1, 10, 11,
                                 10, 11, 20, 21, 0, 1, 20, 21};
    struct bench b;
    set_up(&b, tokens);
    ck_assert(!b.ops->forward(&b.call));
    ck_assert_mem_eq(b.y, want, sizeof want);
    sluice_model_destroy(b.model);
}
END_TEST

START_TEST(gradients_of_a_token_are_added_up_or_begin_anew)
{
    static const int32_t tokens[] = {0, 0, 0, 1, 1, 0, 0, 0};
    static const float once[] = {84, 96, 28, 32, 0, 0};
    static const float twice[] = {168, 192, 56, 64, 0, 0};
    struct bench b;
    set_up(&b, tokens);
    for (int i = 0; i < ROWS * TOKENS * WIDTH; i++)
        b.dy[i] = (float)(2 * i);
    memset(b.grad, 0x7f, sizeof b.grad);
    ck_assert(!b.ops->backward_weight(&b.call));
    ck_assert_mem_eq(b.grad, once, sizeof once);
    b.call.accumulate = true;
    ck_assert(!b.ops->backward_weight(&b.call));
    ck_assert_mem_eq(b.grad, twice, sizeof twice);
    sluice_model_destroy(b.model);
}
END_TEST

START_TEST(a_token_outside_the_vocabulary_is_named_with_its_row)
{
    static const int32_t bad[] = {VOCABULARY, -1};
    for (int i = 0; i < 2; i++) {
        int32_t tokens[ROWS * TOKENS] = {0};
        struct bench b;
        tokens[TOKENS + 2] = bad[i];
        set_up(&b, tokens);
        ck_assert_int_eq(b.ops->forward(&b.call), SLUICE_INVALID);
        ck_assert_str_eq(
            why.text,
            i ? "embedding: element 2 of row 6 of the mini-batch is -1; a "
                "vocabulary of 3 has tokens from 0 to 2"
              : "embedding: element 2 of row 6 of the mini-batch is 3; a "
                "vocabulary of 3 has tokens from 0 to 2");
        sluice_model_destroy(b.model);
    }
}
END_TEST

/* Three rows in two parts, of two and one. */
START_TEST(a_table_in_parts_gives_the_bits_of_the_whole_one)
{
    static const int32_t tokens[] = {2, 0, 0, 1, 1, 2, 0, 2};
    static const int64_t first[] = {0, 2, 3};
    static const int64_t n[] = {2, 1};
    float y[ROWS * TOKENS * WIDTH], dy[ROWS * TOKENS * WIDTH];
    float grad[VOCABULARY * WIDTH];
    struct bench b;
    set_up(&b, tokens);
    const float *const rows[] = {b.weight, b.weight + 2 * WIDTH};
    const sluice_row_parts parts = {
        .n = 2, .first = first, .rows = rows, .dy = dy};
    for (int i = 0; i < ROWS * TOKENS * WIDTH; i++)
        b.dy[i] = 1 / (float)(2 * i + 3);
    ck_assert(!b.ops->forward(&b.call));
    memcpy(y, b.y, sizeof y);
    ck_assert(!b.ops->backward_weight(&b.call));
    memcpy(grad, b.grad, sizeof grad);

    b.call.parts = &parts;
    b.call.params = NULL;
    ck_assert(!b.ops->forward(&b.call));
    ck_assert_mem_eq(b.y, y, sizeof y);
    b.call.grads = NULL;
    ck_assert(!b.ops->backward_weight(&b.call));
    ck_assert_mem_eq(dy, b.dy, sizeof dy);
    memset(b.grad, 0x7f, sizeof b.grad);
    for (int i = 0; i < 2; i++) {
        float *g = b.grad + first[i] * WIDTH;
        b.call.grads = &g;
        b.ops->add_rows(&b.call, first[i], n[i]);
    }
    ck_assert_mem_eq(b.grad, grad, sizeof grad);
    sluice_model_destroy(b.model);
}
END_TEST

START_TEST(sizes_out_of_range_are_refused)
{
    static const sluice_embedding_config bad[] = {
        {0, 1}, {1, 0}, {-1, 1}, {1 + (int64_t)INT32_MAX, 1}};
    const sluice_model_config input = {.input = sluice_shape_vector(4),
                                       .input_type = SLUICE_I32};
    sluice_model *model;
    ck_assert(!sluice_model_create(&input, &model, &why));
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(
            sluice_model_add(model, sluice_embedding(), &bad[i], &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "give 1 to 2147483647 each"), "%s",
                      why.text);
    }
    sluice_model_destroy(model);
    ck_assert_int_eq(sluice_model_parse(
                         "input(1x1x1x1x1x1x1x1, int32); embedding(2,width=2)",
                         NULL, &model, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "an input of 8 dims"), "%s", why.text);
}
END_TEST

START_TEST(a_row_of_the_output_has_a_row_of_the_table_for_each_token)
{
    sluice_model *model =
        sl_test_parse("input(2x3, int32); embedding(5, width=7)");
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, 0);
    ck_assert_int_eq(plan->out.n_dims, 3);
    ck_assert_int_eq(plan->out.dims[0], 2);
    ck_assert_int_eq(plan->out.dims[1], 3);
    ck_assert_int_eq(plan->out.dims[2], 7);
    ck_assert_int_eq(plan->in_type, SLUICE_I32);
    ck_assert_int_eq(sluice_model_n_parameters(model), 35);
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.embedding_layer", each_token_becomes_its_row_of_the_table,
                 gradients_of_a_token_are_added_up_or_begin_anew,
                 a_token_outside_the_vocabulary_is_named_with_its_row,
                 a_table_in_parts_gives_the_bits_of_the_whole_one,
                 sizes_out_of_range_are_refused,
                 a_row_of_the_output_has_a_row_of_the_table_for_each_token)
