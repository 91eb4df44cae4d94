/* Layers from outside that no device could run are refused. */
#include "nn/model/model_check.h"

#include <sluice/model.h>

#include <math.h>
#include <string.h>

#include "support/runner.h"

static sluice_diag why;

static sluice_status infer(const void *config, sluice_layer_plan *plan,
                           sluice_diag *reason)
{
    (void)config;
    (void)plan;
    (void)reason;
    return SLUICE_OK;
}

static sluice_status pass(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

static const sluice_layer_ops whole = {
    .name = "own",
    .infer = infer,
    .forward = pass,
    .backward_input = pass,
    .backward_weight = pass,
};

static sluice_param_spec specs[2];
static sluice_product_spec products[1];

static sluice_layer_plan good_plan(void)
{
    specs[0] =
        (sluice_param_spec){.name = "a", .shape = sluice_shape_vector(1)};
    specs[1] =
        (sluice_param_spec){.name = "b_2", .shape = sluice_shape_vector(2)};
    return (sluice_layer_plan){
        .in = sluice_shape_vector(3),
        .out = sluice_shape_vector(2),
        .n_params = 2,
        .params = specs,
        .products = products,
    };
}

static void refuse_ops(sluice_layer_ops ops)
{
    ck_assert_int_eq(sl_check_layer_ops(&ops, &why), SLUICE_INVALID);
    ck_assert(strstr(why.text, "must have"));
}

static void refuse(sluice_layer_plan plan, const char *word)
{
    ck_assert_int_eq(sl_check_layer_plan(&whole, &plan, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, word), "%s", why.text);
    ck_assert(strstr(why.text, "layer own"));
}

START_TEST(a_statistic_wants_a_function_that_updates_it)
{
    sluice_layer_plan plan = good_plan();
    plan.params[1].statistic = true;
    refuse(plan, "parameter b_2 is a statistic, so the layer must have "
                 "update_statistics()");
}
END_TEST

START_TEST(a_proper_layer_is_accepted)
{
    sluice_layer_plan plan = good_plan();
    ck_assert(!sl_check_layer_ops(&whole, &why));
    ck_assert(!sl_check_layer_plan(&whole, &plan, &why));
}
END_TEST

START_TEST(a_layer_without_its_functions_is_refused)
{
    sluice_layer_ops ops = whole;
    ck_assert_int_eq(sl_check_layer_ops(NULL, &why), SLUICE_INVALID);
    ops.name = NULL;
    refuse_ops(ops);
    ops = whole;
    ops.infer = NULL;
    refuse_ops(ops);
    ops = whole;
    ops.forward = NULL;
    refuse_ops(ops);
    ops = whole;
    ops.backward_input = NULL;
    refuse_ops(ops);
}
END_TEST

START_TEST(backward_weight_is_needed_by_parameters_only)
{
    sluice_layer_ops ops = whole;
    sluice_layer_plan plan = good_plan();
    ops.backward_weight = NULL;
    ck_assert_int_eq(sl_check_layer_plan(&ops, &plan, &why), SLUICE_INVALID);
    ck_assert(strstr(why.text, "backward_weight"));
    plan.n_params = 0;
    ck_assert(!sl_check_layer_plan(&ops, &plan, &why));
}
END_TEST

/* Its products would be settled for one device of the team, which is not the
 * only one to make rows. */
START_TEST(rows_that_a_team_divides_have_no_products)
{
    sluice_layer_ops ops = whole;
    sluice_layer_plan plan = good_plan();
    ops.team = SLUICE_TEAM_ROWS;
    ck_assert(!sl_check_layer_plan(&ops, &plan, &why));
    plan.params[0].shape = sluice_shape_matrix(3, 2);
    plan.n_products = 1;
    plan.products[0] =
        (sluice_product_spec){.param = 0, .in = 3, .out = 2, .rows_per_row = 1};
    ops.team = SLUICE_TEAM_WHOLE;
    ck_assert_msg(!sl_check_layer_plan(&ops, &plan, &why), "%s", why.text);
    ops.team = SLUICE_TEAM_ROWS;
    ck_assert_int_eq(sl_check_layer_plan(&ops, &plan, &why), SLUICE_INVALID);
    ck_assert(strstr(why.text, "devices of a team make its rows, and its 1 "
                               "products are settled for one of them"));
}
END_TEST

START_TEST(an_output_without_elements_is_refused)
{
    sluice_layer_plan plan = good_plan();
    plan.out = sluice_shape_vector(0);
    refuse(plan, "output");
}
END_TEST

/* A plan of zeros, as infer() finds it, is not one that is filled. */
START_TEST(an_output_without_a_shape_is_refused)
{
    sluice_layer_plan plan = good_plan();
    plan.out = (sluice_shape){0};
    refuse(plan, "plan->out");
    plan = good_plan();
    plan.out.n_dims = SLUICE_MAX_DIMS + 1;
    refuse(plan, "output");
    plan.out.n_dims = -1;
    refuse(plan, "output");
}
END_TEST

START_TEST(a_parameter_without_a_shape_is_refused)
{
    sluice_layer_plan plan = good_plan();
    plan.params[1].shape = (sluice_shape){0};
    refuse(plan, "parameter b_2 has no shape");
    plan = good_plan();
    plan.params[1].shape.n_dims = SLUICE_MAX_DIMS + 1;
    refuse(plan, "parameter b_2");
}
END_TEST

START_TEST(numbers_of_parameters_out_of_range_are_refused)
{
    sluice_layer_plan plan = good_plan();
    plan.n_params = SLUICE_LAYER_MAX_PARAMS + 1;
    refuse(plan, "257 parameters");
    plan.n_params = -1;
    refuse(plan, "-1 parameters");
}
END_TEST

START_TEST(negative_sizes_are_refused)
{
    for (int i = 0; i < 6; i++) {
        sluice_layer_plan plan = good_plan();
        int64_t *sizes[] = {&plan.saved_row_bytes, &plan.workspace_row_bytes,
                            &plan.scratch_bytes,   &plan.forward_row_flops,
                            &plan.input_row_flops, &plan.weight_row_flops};
        *sizes[i] = -8;
        refuse(plan, "-8");
    }
}
END_TEST

START_TEST(improper_names_are_refused)
{
    const char *const bad[] = {"", "a.b", "a b", "\xc3\xa4", "a-b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sluice_layer_plan plan = good_plan();
        strcpy(plan.params[1].name, bad[i]);
        refuse(plan, "name of parameter 1");
    }
    sluice_layer_plan plan = good_plan();
    memset(plan.params[0].name, 'x', SLUICE_PARAM_NAME);
    refuse(plan, "name of parameter 0");
    plan = good_plan();
    strcpy(plan.params[1].name, plan.params[0].name);
    refuse(plan, "two parameters are named a");
}
END_TEST

START_TEST(parameters_without_elements_are_refused)
{
    sluice_layer_plan plan = good_plan();
    plan.params[1].shape.dims[0] = 0;
    refuse(plan, "parameter b_2");
}
END_TEST

static void check_fans(sluice_init init, int64_t in, int64_t out, bool good)
{
    sluice_layer_plan plan = good_plan();
    plan.params[0].init = init;
    plan.params[0].fan_in = in;
    plan.params[0].fan_out = out;
    if (good)
        ck_assert(!sl_check_layer_plan(&whole, &plan, &why));
    else
        refuse(plan, "parameter a starts by init");
}

START_TEST(inits_need_their_fans)
{
    check_fans(SLUICE_INIT_ZERO, 0, 0, true);
    check_fans(SLUICE_INIT_HE, 0, 5, false);
    check_fans(SLUICE_INIT_HE, -1, 5, false);
    check_fans(SLUICE_INIT_HE, 1, 0, true);
    check_fans(SLUICE_INIT_XAVIER, 0, 0, false);
    check_fans(SLUICE_INIT_XAVIER, -1, 5, false);
    check_fans(SLUICE_INIT_XAVIER, 5, -1, false);
    check_fans(SLUICE_INIT_XAVIER, 0, 1, true);
    check_fans((sluice_init)9, 1, 1, false);
}
END_TEST

START_TEST(a_standard_deviation_is_finite_and_not_negative)
{
    const double bad[] = {-1e-9, (double)NAN, (double)INFINITY};
    sluice_layer_plan plan = good_plan();
    plan.params[0].init = SLUICE_INIT_NORMAL;
    plan.params[0].std = 0.02;
    ck_assert(!sl_check_layer_plan(&whole, &plan, &why));
    for (int i = 0; i < 3; i++) {
        plan.params[0].std = bad[i];
        refuse(plan, "parameter a starts by init 4");
    }
}
END_TEST

START_TEST(a_product_must_fit_its_parameter)
{
    const sluice_product_spec bad[] = {{-1, 1, 2},
                                       {2, 1, 2},
                                       {1, 2, 2},
                                       {1, 0, 2},
                                       {1, 2, -1},
                                       {0, 1, 2},
                                       {1, 2, (int64_t)1 << 31},
                                       {1, 1, 2, -1},
                                       {1, 1, 2, (int64_t)1 << 31}};
    sluice_layer_plan plan = good_plan();
    plan.n_products = 1;
    plan.products[0] = (sluice_product_spec){1, 1, 2, 3};
    ck_assert(!sl_check_layer_plan(&whole, &plan, &why));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        plan.products[0] = bad[i];
        refuse(plan, "product 0");
    }
    plan.n_products = -1;
    refuse(plan, "products");
    plan.n_products = SLUICE_LAYER_MAX_PRODUCTS + 1;
    refuse(plan, "products");
}
END_TEST

/* Counts that an int64_t cannot hold stop at a limit; none becomes negative,
 * which would refuse the layer by a sentence about its infer(). */
START_TEST(costs_of_the_largest_rows_are_counted)
{
    const sluice_shape row = sluice_shape_vector(INT64_MAX / 4 - 1);
    const sluice_shape pairs = sluice_shape_matrix(INT64_MAX / 8, 2);
    const sluice_shape image = {3, {2, 1 << 30, (1 << 30) - 1}};
    const struct {
        const char *layer;
        const sluice_shape *in;
    } layers[] = {
        {"activate(gelu)", &row},
        {"dropout(0.5)", &row},
        {"glu(silu)", &row},
        {"batch_norm", &row},
        {"layer_norm", &row},
        {"rms_norm", &row},
        {"layer_norm(per-position)", &pairs},
        {"rms_norm(per-position)", &pairs},
        {"batch_norm", &image},
        {"group_norm(2)", &image},
        {"max_pool(16)", &image},
        {"average_pool(16)", &image},
        {"global_average_pool", &image},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        sluice_model *model;
        ck_assert_msg(!sluice_model_parse_for(layers[i].layer, layers[i].in,
                                              NULL, &model, &why),
                      "%s", why.text);
        sluice_model_destroy(model);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.model_check", a_proper_layer_is_accepted,
                 a_statistic_wants_a_function_that_updates_it,
                 a_layer_without_its_functions_is_refused,
                 backward_weight_is_needed_by_parameters_only,
                 rows_that_a_team_divides_have_no_products,
                 an_output_without_elements_is_refused,
                 an_output_without_a_shape_is_refused,
                 a_parameter_without_a_shape_is_refused,
                 numbers_of_parameters_out_of_range_are_refused,
                 negative_sizes_are_refused, improper_names_are_refused,
                 parameters_without_elements_are_refused, inits_need_their_fans,
                 a_standard_deviation_is_finite_and_not_negative,
                 a_product_must_fit_its_parameter,
                 costs_of_the_largest_rows_are_counted)
