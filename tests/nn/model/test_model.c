/* Models: adding layers, and finding their parameters. */
#include "nn/model/model.h"

#include <string.h>

#include "nn/layers/composite.h"
#include "support/runner.h"

static sluice_diag why;

static sluice_model *empty(int64_t input)
{
    sluice_model *model = NULL;
    sluice_model_config config = {.input = sluice_shape_vector(input)};
    ck_assert(!sluice_model_create(&config, &model, &why));
    return model;
}

static void add_linear(sluice_model *model, int64_t out)
{
    sluice_linear_config config = {.out = out};
    ck_assert(!sluice_model_add(model, sluice_linear(), &config, &why));
}

/* linear 4 -> 3, dropout, linear 3 -> 2 */
static sluice_model *small(void)
{
    sluice_model *model = empty(4);
    add_linear(model, 3);
    ck_assert(!sluice_model_add(model, sluice_dropout(), NULL, &why));
    add_linear(model, 2);
    return model;
}

START_TEST(shapes_follow_from_the_layers)
{
    sluice_model *model = small();
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    ck_assert_int_eq(sluice_model_input(model).dims[0], 4);
    ck_assert_int_eq(sluice_model_output(model).dims[0], 2);
    ck_assert_int_eq(sluice_model_layer_plan(model, 2)->in.dims[0], 3);
    ck_assert_int_eq(sluice_model_n_parameters(model), 4 * 3 + 3 + 3 * 2 + 2);
    ck_assert_ptr_eq(sluice_model_layer(model, 1), sluice_dropout());
    sluice_model_destroy(model);
}
END_TEST

START_TEST(an_empty_model_gives_out_its_input)
{
    sluice_model *model = empty(4);
    ck_assert_int_eq(sluice_model_n_layers(model), 0);
    ck_assert_int_eq(sluice_model_output(model).dims[0], 4);
    ck_assert_int_eq(sluice_model_n_parameters(model), 0);
    sluice_model_destroy(model);
    sluice_model_destroy(NULL);
}
END_TEST

START_TEST(configs_are_copied_and_null_is_all_zero)
{
    sluice_model *model = empty(4);
    sluice_dropout_config config = {0.25f};
    ck_assert(!sluice_model_add(model, sluice_dropout(), &config, &why));
    config.rate = 0.5f;
    ck_assert(!sluice_model_add(model, sluice_dropout(), NULL, &why));
    const sluice_dropout_config *first = sl_model_layer_config(model, 0);
    const sluice_dropout_config *second = sl_model_layer_config(model, 1);
    ck_assert_float_eq(first->rate, 0.25f);
    ck_assert_float_eq(second->rate, 0);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(plans_stay_where_they_are)
{
    sluice_model *model = empty(4);
    add_linear(model, 3);
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, 0);
    for (int i = 0; i < 100; i++)
        add_linear(model, 3);
    ck_assert_ptr_eq(sluice_model_layer_plan(model, 0), plan);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(inputs_without_elements_are_refused)
{
    const sluice_shape bad[] = {
        {0, {0}},  {1, {0}}, {2, {3, -1}},
        {-1, {1}}, {9, {1}}, {2, {INT64_MAX, 2}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sluice_model *model = NULL;
        sluice_model_config config = {.input = bad[i]};
        ck_assert_int_eq(sluice_model_create(&config, &model, &why),
                         SLUICE_INVALID);
        ck_assert_ptr_null(model);
        ck_assert(strstr(why.text, "input"));
    }
}
END_TEST

START_TEST(a_refused_layer_leaves_the_model_as_it_was)
{
    sluice_model *model = small();
    sluice_linear_config none = {.out = 0};
    ck_assert_int_eq(sluice_model_add(model, sluice_linear(), &none, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "linear: 0 outputs"));
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    ck_assert_int_eq(sluice_model_n_parameters(model), 23);
    add_linear(model, 5);
    ck_assert_int_eq(sluice_model_n_layers(model), 4);
    sluice_model_destroy(model);
}
END_TEST

/* A layer of one's own that refuses and says nothing. */
static sluice_status refuse(const void *config, sluice_layer_plan *plan,
                            sluice_diag *reason)
{
    (void)config;
    (void)plan;
    (void)reason;
    return SLUICE_LAYER;
}

static sluice_status never_run(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_LAYER;
}

static const sluice_layer_ops silent = {
    .name = "silent",
    .infer = refuse,
    .forward = never_run,
    .backward_input = never_run,
};

START_TEST(a_silent_refusal_gets_a_sentence)
{
    sluice_model *model = small();
    ck_assert_int_eq(sluice_model_add(model, &silent, NULL, &why),
                     SLUICE_LAYER);
    ck_assert(strstr(why.text, "layer silent refused with SLUICE_LAYER"));
    ck_assert_int_eq(sluice_model_add(model, &silent, NULL, NULL),
                     SLUICE_LAYER);
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    sluice_model_destroy(model);
}
END_TEST

/* A layer of one's own that assigns the whole plan, and so clears `in`. */
static sluice_status assign_plan(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *reason)
{
    (void)config;
    (void)reason;
    sluice_shape shape = plan->in;
    *plan = (sluice_layer_plan){.out = shape};
    return SLUICE_OK;
}

static const sluice_layer_ops assigning = {
    .name = "assigning",
    .infer = assign_plan,
    .forward = never_run,
    .backward_input = never_run,
};

START_TEST(an_input_shape_survives_an_infer_that_assigns_the_plan)
{
    const sluice_shape want = sluice_shape_vector(4);
    sluice_model *model = empty(4);
    ck_assert(!sluice_model_add(model, &assigning, NULL, &why));
    ck_assert(!sluice_model_begin(model, sluice_residual(), &why));
    ck_assert(!sluice_model_add(model, &assigning, NULL, &why));
    add_linear(model, 4);
    ck_assert(!sluice_model_end(model, &why));
    for (int i = 0; i < 2; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(model, i);
        ck_assert(sluice_shape_equal(&plan->in, &want));
    }
    const struct sl_composite *residual = sl_model_layer_config(model, 1);
    ck_assert(sluice_shape_equal(&residual->inside.at[0]->plan.in, &want));
    sluice_model_destroy(model);
}
END_TEST

/* infer() changes nothing: the plan stays one of zeros. */
static sluice_status forget_plan(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *reason)
{
    (void)config;
    (void)plan;
    (void)reason;
    return SLUICE_OK;
}

START_TEST(an_infer_that_forgets_the_output_is_refused)
{
    sluice_layer_ops forgetful = assigning;
    forgetful.infer = forget_plan;
    sluice_model *model = small();
    ck_assert_int_eq(sluice_model_add(model, &forgetful, NULL, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "plan->out"));
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_layer_without_functions_is_refused)
{
    sluice_model *model = small();
    ck_assert_int_eq(sluice_model_add(model, NULL, NULL, &why), SLUICE_INVALID);
    ck_assert(strstr(why.text, "`ops` is NULL"));
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(more_layers_than_the_limit_are_refused)
{
    sluice_model *model = empty(1);
    for (int i = 0; i < SLUICE_MODEL_MAX_LAYERS; i++)
        ck_assert(!sluice_model_add(model, sluice_dropout(), NULL, NULL));
    ck_assert_int_eq(sluice_model_add(model, sluice_dropout(), NULL, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "65536"));
    sluice_model_destroy(model);
}
END_TEST

/* Three weights of nearly 2^61 elements can be counted, a fourth, with the
 * biases, cannot. */
START_TEST(more_parameters_than_can_be_counted_are_refused)
{
    const int64_t outs[] = {1 << 30, INT32_MAX, 1 << 30, INT32_MAX};
    sluice_model *model = empty(INT32_MAX);
    for (int i = 0; i < 3; i++)
        add_linear(model, outs[i]);
    int64_t before = sluice_model_n_parameters(model);
    sluice_linear_config config = {.out = outs[3]};
    ck_assert_int_eq(sluice_model_add(model, sluice_linear(), &config, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "too many parameters"));
    ck_assert_int_eq(sluice_model_n_layers(model), 3);
    ck_assert_int_eq(sluice_model_n_parameters(model), before);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(parameters_are_found_by_name)
{
    sluice_model *model = small();
    int layer = -1, param = -1;
    const sluice_param_spec *spec = NULL;
    ck_assert(!sluice_model_find_parameter(model, "2.bias", &layer, &param,
                                           &spec, &why));
    ck_assert_int_eq(layer, 2);
    ck_assert_int_eq(param, 1);
    ck_assert_int_eq(spec->shape.dims[0], 2);
    ck_assert(!sluice_model_find_parameter(model, "0.weight", NULL, NULL, NULL,
                                           NULL));
    sluice_model_destroy(model);
}
END_TEST

static void check_missing(const sluice_model *model, const char *name,
                          const char *sentence)
{
    int layer = -7, param = -7;
    const sluice_param_spec *spec = NULL;
    ck_assert_int_eq(
        sluice_model_find_parameter(model, name, &layer, &param, &spec, &why),
        SLUICE_NOT_FOUND);
    ck_assert_msg(strstr(why.text, sentence), "%s", why.text);
    ck_assert(layer == -7 && param == -7 && !spec);
}

START_TEST(what_is_not_there_is_answered_with_what_is)
{
    sluice_model *model = small();
    check_missing(model, "0.weights", "layer 0 (linear) has weight, bias");
    check_missing(model, "0.", "layer 0 (linear) has weight, bias");
    check_missing(model, "1.weight", "layer 1 (dropout) has none");
    const char *const no_names[] = {
        "3.weight",  "weight",    "",           ".weight",
        "0",         "00.weight", "-1.weight",  " 0.weight",
        "+0.weight", "0weight",   "0x0.weight", "99999999999999999999.weight"};
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++)
        check_missing(model, no_names[i], "layers 0 to 2");
    sluice_model_destroy(model);
    model = empty(1);
    check_missing(model, "0.weight", "no layers");
    sluice_model_destroy(model);
}
END_TEST

START_TEST(every_parameter_is_come_to_once_and_in_order)
{
    static const char *const names[] = {"0.weight", "0.bias", "2.weight",
                                        "2.bias"};
    sluice_model *model = small();
    sluice_parameter at = {0};
    int64_t n = 0;
    for (int i = 0; i < 4; i++) {
        int layer, index;
        const sluice_param_spec *spec;
        ck_assert(sluice_model_next_parameter(model, &at));
        ck_assert_str_eq(at.name, names[i]);
        ck_assert(!sluice_model_find_parameter(model, at.name, &layer, &index,
                                               &spec, &why));
        ck_assert_int_eq(at.layer, layer);
        ck_assert_int_eq(at.index, index);
        ck_assert_ptr_eq(at.spec, spec);
        n += at.n;
    }
    ck_assert_int_eq(n, sluice_model_n_parameters(model));
    ck_assert(!sluice_model_next_parameter(model, &at));
    ck_assert_str_eq(at.name, "2.bias");
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_model_without_parameters_has_no_first_one)
{
    sluice_model *model = empty(4);
    sluice_parameter at = {0};
    ck_assert(!sluice_model_next_parameter(model, &at));
    ck_assert(!sluice_model_add(model, sluice_dropout(), NULL, &why));
    ck_assert(!sluice_model_next_parameter(model, &at));
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("nn.model", shapes_follow_from_the_layers,
                 an_empty_model_gives_out_its_input,
                 configs_are_copied_and_null_is_all_zero,
                 plans_stay_where_they_are, inputs_without_elements_are_refused,
                 a_refused_layer_leaves_the_model_as_it_was,
                 a_silent_refusal_gets_a_sentence,
                 an_input_shape_survives_an_infer_that_assigns_the_plan,
                 an_infer_that_forgets_the_output_is_refused,
                 a_layer_without_functions_is_refused,
                 more_layers_than_the_limit_are_refused,
                 more_parameters_than_can_be_counted_are_refused,
                 parameters_are_found_by_name,
                 every_parameter_is_come_to_once_and_in_order,
                 a_model_without_parameters_has_no_first_one,
                 what_is_not_there_is_answered_with_what_is)
