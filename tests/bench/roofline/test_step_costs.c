/* What the roofline's actions cost, from given rates; and that the layer of
 * products multiplies all of them. */
#include "bench/roofline/step_costs.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"
#include "support/cut/vocabulary.h"

#include "bench/roofline/bound.h"

/* Layers of 8 to 4 with bias and relu, dropout, and 4 to 6 without bias. */
static sluice_model *make_model(void)
{
    sluice_model *model;
    ck_assert_int_eq(sluice_model_parse("input(8); linear(4, activation=relu); "
                                        "dropout(0.5); linear(6, no_bias)",
                                        NULL, &model, NULL),
                     SLUICE_OK);
    return model;
}

START_TEST(bytes_of_layers_are_counted_by_hand)
{
    sluice_model *model = make_model();
    struct element_bytes b =
        element_bytes_of(sluice_model_layer_plan(model, 0));
    ck_assert(b.forward == 4 * 4 * 2); /* y read and written */
    ck_assert(b.input == 4 * 4 * 3);   /* y and dy read, dy written */
    ck_assert(b.weight == 4 * 4);      /* dy read */
    b = element_bytes_of(sluice_model_layer_plan(model, 1));
    ck_assert(b.forward == 4 * (4 + 4)); /* x read, y written */
    ck_assert(b.input == 4 * (4 + 4));   /* dy read, dx written */
    ck_assert(b.weight == 0);
    b = element_bytes_of(sluice_model_layer_plan(model, 2));
    ck_assert(b.forward == 0 && b.input == 0 && b.weight == 0);
    ck_assert(element_bytes_most(model) == 4 * 4 * 3);
    /* 8 x 4 weights and 4 biases; read with gradient and state, written with
     * state. */
    ck_assert(update_bytes_of(sluice_model_layer_plan(model, 0), 1) ==
              (8 * 4 + 4) * 4 * 5);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(products_of_a_row_leave_out_what_no_step_makes)
{
    sluice_model *model = make_model();
    ck_assert(product_row_flops(model, PRODUCT_FORWARD) == 2 * (8 * 4 + 4 * 6));
    ck_assert(product_row_flops(model, PRODUCT_WEIGHT) == 2 * (8 * 4 + 4 * 6));
    ck_assert(product_row_flops(model, PRODUCT_INPUT) == 2 * 4 * 6);
    sluice_model_destroy(model);
    /* Three positions of a row are three vectors. */
    ck_assert_int_eq(sluice_model_parse("input(3x8); linear(4, per-position)",
                                        NULL, &model, NULL),
                     SLUICE_OK);
    ck_assert(product_row_flops(model, PRODUCT_FORWARD) == 3 * 2 * 8 * 4);
    sluice_model_destroy(model);
}
END_TEST

/* Of a batch of two micro-batches. */
static struct step_rates rates_of(const struct product_times *products,
                                  int64_t rows, int n_states)
{
    return (struct step_rates){
        .products = products,
        .rows = rows,
        .microbatches = 2,
        .bandwidth = 2,
        .bandwidth_update = 4,
        .n_states = n_states,
    };
}

START_TEST(a_stage_costs_what_its_layers_do)
{
    sluice_model *model = make_model();
    struct product_time layers[3] = {
        {.together_ns = {100, 0, 300}},
        {.together_ns = {0}},
        {.together_ns = {1000, 2000, 3000}},
    };
    const struct product_times products = {.n_layers = 3, .layers = layers};
    const struct step_rates rates = rates_of(&products, 16, 1);
    const sluice_schedule_config two = {.devices = 2, .microbatches = 2};
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_generate(&two, &schedule, NULL),
                     SLUICE_OK);
    int64_t costs[2][SLUICE_N_ACTION_KINDS];
    ck_assert_int_eq(step_costs(model, schedule, &rates, costs[0], NULL),
                     SLUICE_OK);
    /* Layers 0 and 1 are stage 0: 16 rows at two bytes a ns. */
    ck_assert_int_eq(costs[0][SLUICE_F], 100 + 8 * (32 + 32));
    ck_assert_int_eq(costs[0][SLUICE_I], 8 * (48 + 32));
    ck_assert_int_eq(costs[0][SLUICE_W], 300 + 8 * 16);
    ck_assert_int_eq(costs[0][SLUICE_B],
                     costs[0][SLUICE_I] + costs[0][SLUICE_W]);
    ck_assert_int_eq(costs[0][SLUICE_UPDATE], (8 * 4 + 4) * 4 * 5 / 4);
    ck_assert_int_eq(costs[1][SLUICE_F], 1000);
    ck_assert_int_eq(costs[1][SLUICE_B], 2000 + 3000);
    ck_assert_int_eq(costs[1][SLUICE_UPDATE], 4 * 6 * 4 * 5 / 4);
    /* Layer 1 goes where there is less to do. */
    layers[2] = (struct product_time){.together_ns = {10, 20, 30}};
    ck_assert_int_eq(step_costs(model, schedule, &rates, costs[0], NULL),
                     SLUICE_OK);
    ck_assert_int_eq(costs[0][SLUICE_I], 8 * 48);
    ck_assert_int_eq(costs[1][SLUICE_I], 8 * 32 + 20);
    sluice_schedule_destroy(schedule);
    sluice_model_destroy(model);
}
END_TEST

/* A table of 6 x 4 is embedding and head; a norm of 2 x 4 before it. */
static sluice_model *make_tied(const char *tie)
{
    char text[160];
    sluice_model *model;
    snprintf(text, sizeof text,
             "input(3, int32); embedding(6, width=4); linear(4, per-position); "
             "sequence{layer_norm(per-position); head(6)}%s",
             tie);
    ck_assert_int_eq(sluice_model_parse(text, NULL, &model, NULL), SLUICE_OK);
    return model;
}

static void check_cut_costs(const char *tie, int updated_by_part)
{
    sluice_model *model = make_tied(tie);
    struct product_time layers[3] = {
        {.together_ns = {0}},
        {.together_ns = {100, 200, 300}},
        {.together_ns = {1000, 2000, 4000}},
    };
    const struct product_times products = {.n_layers = 3, .layers = layers};
    const struct step_rates rates = rates_of(&products, 8, 2);
    sluice_schedule *schedule =
        sl_test_vocabulary("1f1b", 2, 2, &(sluice_vocabulary_config){0});
    int64_t costs[2][SLUICE_N_ACTION_KINDS];
    ck_assert_int_eq(step_costs(model, schedule, &rates, costs[0], NULL),
                     SLUICE_OK);
    /* 8 rows of 3 vectors: passes over scores of 6 and vectors of 4 floats. */
    int y = 8 * 3 * 6 * 4 / 2, x = 8 * 3 * 4 * 4 / 2;
    for (int s = 0; s < 2; s++) {
        ck_assert_int_eq(costs[s][SLUICE_S], (1000 + 2000 + 2 * x + 2 * y) / 2);
        ck_assert_int_eq(costs[s][SLUICE_T], (4000 + 2 * y + 3 * x) / 2);
    }
    /* The last stage has the norm alone, or with the linear layer. */
    bool has_both = costs[0][SLUICE_I] < 200;
    int linear = (4 * 4 + 4) * 4 * 7 / 4, norm = 2 * 4 * 4 * 7 / 4;
    int start = (2 * 2 + 1) * x;
    ck_assert_int_eq(costs[1][SLUICE_I], 3 * x + start + (has_both ? 200 : 0));
    ck_assert_int_eq(costs[0][SLUICE_UPDATE],
                     updated_by_part + (has_both ? 0 : linear));
    ck_assert_int_eq(costs[1][SLUICE_UPDATE],
                     updated_by_part + norm + (has_both ? linear : 0));
    sluice_schedule_destroy(schedule);
    sluice_model_destroy(model);
}

START_TEST(a_cut_vocabulary_is_shared_out_by_all_devices)
{
    check_cut_costs("; tie(2.1.weight, 0.weight)", 6 * 4 * 4 * 7 / 4 / 2);
}
END_TEST

START_TEST(tables_that_are_not_tied_are_both_updated)
{
    check_cut_costs("", 6 * 4 * 4 * 7 / 4);
}
END_TEST

START_TEST(a_schedule_cannot_cut_what_has_no_product)
{
    sluice_model *model;
    ck_assert_int_eq(sluice_model_parse("input(4); linear(4); dropout(0.5)",
                                        NULL, &model, NULL),
                     SLUICE_OK);
    sluice_schedule *schedule =
        sl_test_vocabulary("1f1b", 2, 2, &(sluice_vocabulary_config){0});
    sluice_diag why;
    int64_t costs[2][SLUICE_N_ACTION_KINDS];
    ck_assert_int_eq(
        step_costs(model, schedule, &(struct step_rates){0}, costs[0], &why),
        SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "end the model with a head"));
    sluice_schedule_destroy(schedule);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(each_layer_with_products_takes_time)
{
    sluice_model *model = make_model();
    const struct product_times_config config = {
        .model = model,
        .gemm = "openblas",
        .rows = 4,
        .microbatches = 2,
        .steps = 2,
        .cores = 2,
        .each_alone = true,
    };
    struct product_loops *loops;
    ck_assert_int_eq(product_loops_create(&config, &loops, NULL), SLUICE_OK);
    for (int turn = 0; turn < 2; turn++) {
        struct product_times times;
        ck_assert_int_eq(product_loops_measure(loops, &times, NULL), SLUICE_OK);
        ck_assert_int_eq(times.n_layers, 3);
        ck_assert_str_eq(times.gemm, "openblas");
        for (int l = 0; l < 3; l += 2) {
            ck_assert(turn > 0 ||
                      times.layers[l].alone_ns[PRODUCT_FORWARD] > 0);
            ck_assert(times.layers[l].together_ns[PRODUCT_WEIGHT] > 0);
        }
        product_times_fini(&times);
    }
    product_loops_destroy(loops);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(more_devices_than_layers_are_refused)
{
    sluice_model *model = make_model();
    static const struct order_options order = ORDER_DEFAULTS;
    const struct bound_config config = {
        .model = model,
        .order = &order,
        .devices = 4,
        .microbatches = 2,
        .batch = 8,
        .steps = 1,
    };
    struct bound bound;
    sluice_diag why;
    ck_assert_int_eq(bound_measure(&config, &bound, &why), SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "3 layers"));
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("bench.step_costs", bytes_of_layers_are_counted_by_hand,
                 products_of_a_row_leave_out_what_no_step_makes,
                 a_stage_costs_what_its_layers_do,
                 a_cut_vocabulary_is_shared_out_by_all_devices,
                 tables_that_are_not_tied_are_both_updated,
                 a_schedule_cannot_cut_what_has_no_product,
                 each_layer_with_products_takes_time,
                 more_devices_than_layers_are_refused)
