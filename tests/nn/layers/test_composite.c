/* Composite layers: building them, and what they keep between calls.  Their
 * gradients are in test_gradients.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/layers/composites.h"
#include "nn/rig.h"
#include "support/allocator.h"
#include "support/runner.h"

enum { ROWS = 3 };

static sluice_diag why;

static sluice_model *empty(int64_t input)
{
    sluice_model *model = NULL;
    sluice_model_config config = {.input = sluice_shape_vector(input)};
    ck_assert(!sluice_model_create(&config, &model, &why));
    return model;
}

static void begin(sluice_model *model, const sluice_layer_ops *ops)
{
    ck_assert_msg(!sluice_model_begin(model, ops, &why), "%s", why.text);
}

static void end(sluice_model *model)
{
    ck_assert_msg(!sluice_model_end(model, &why), "%s", why.text);
}

static void add_linear(sluice_model *model, int64_t out)
{
    sluice_linear_config config = {.out = out};
    ck_assert(!sluice_model_add(model, sluice_linear(), &config, &why));
}

static void add_dropout(sluice_model *model, float rate)
{
    sluice_dropout_config config = {rate};
    ck_assert(!sluice_model_add(model, sluice_dropout(), &config, &why));
}

START_TEST(a_composite_is_one_layer_with_the_parameters_of_all)
{
    static const char *const names[] = {"0.weight", "0.bias",   "1.0.weight",
                                        "1.0.bias", "2.weight", "2.bias"};
    sluice_model *model = empty(4);
    add_linear(model, 5);
    begin(model, sluice_residual());
    add_linear(model, 3);
    begin(model, sluice_sequence());
    add_linear(model, 2);
    ck_assert_int_eq(sluice_model_output(model).dims[0], 2);
    ck_assert(sluice_model_is_open(model));
    end(model);
    add_linear(model, 5);
    ck_assert_int_eq(sluice_model_n_layers(model), 1);
    end(model);
    ck_assert(!sluice_model_is_open(model));
    ck_assert_int_eq(sluice_model_n_layers(model), 2);
    ck_assert_int_eq(sluice_model_output(model).dims[0], 5);
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, 1);
    ck_assert_int_eq(plan->n_params, 6);
    for (int p = 0; p < 6; p++)
        ck_assert_str_eq(plan->params[p].name, names[p]);
    int64_t n = 5 * 3 + 3 + 3 * 2 + 2 + 2 * 5 + 5;
    ck_assert_int_eq(sluice_model_n_parameters(model), 4 * 5 + 5 + n);
    int layer = -1, param = -1;
    ck_assert(!sluice_model_find_parameter(model, "1.1.0.bias", &layer, &param,
                                           NULL, &why));
    ck_assert_int_eq(layer, 1);
    ck_assert_int_eq(param, 3);
    ck_assert_int_eq(
        sluice_model_find_parameter(model, "1.1.bias", NULL, NULL, NULL, &why),
        SLUICE_NOT_FOUND);
    ck_assert(strstr(why.text, "1.0.weight, 1.0.bias"));
    sluice_model_destroy(model);
}
END_TEST

START_TEST(operations_are_those_of_the_layers_and_the_sum)
{
    sluice_model *model =
        composites_make(sluice_residual(), composites_residual[0]);
    sluice_model *plain = empty(composites_in);
    add_linear(plain, composites_in);
    const sluice_layer_plan *a = sluice_model_layer_plan(model, 0);
    const sluice_layer_plan *b = sluice_model_layer_plan(plain, 0);
    ck_assert_int_eq(a->forward_row_flops, b->forward_row_flops + 5);
    ck_assert_int_eq(a->input_row_flops, b->input_row_flops + 5);
    ck_assert_int_eq(a->weight_row_flops, b->weight_row_flops);
    sluice_model_destroy(plain);
    sluice_model_destroy(model);
}
END_TEST

static void refused(sluice_status st, const char *part)
{
    ck_assert_int_eq(st, SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, part), "%s", why.text);
}

START_TEST(building_refuses_what_makes_no_sense)
{
    sluice_model *model = empty(4);
    refused(sluice_model_end(model, &why), "no layer is begun");
    refused(sluice_model_begin(model, sluice_linear(), &why),
            "linear holds no others");
    refused(sluice_model_begin(model, NULL, &why), "holds no others");
    refused(sluice_model_add(model, sluice_residual(), NULL, &why),
            "residual holds other layers");
    begin(model, sluice_sequence());
    refused(sluice_model_end(model, &why), "sequence: no layers inside");
    begin(model, sluice_residual());
    refused(sluice_model_end(model, &why), "residual: no layers inside");
    add_linear(model, 3);
    refused(sluice_model_end(model, &why),
            "the layers inside make 3 elements of 4");
    ck_assert(sluice_model_is_open(model));
    add_linear(model, 4);
    end(model);
    end(model);
    ck_assert_int_eq(sluice_model_n_layers(model), 1);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_composite_has_as_many_parameters_as_the_layers_inside)
{
    enum { INSIDE = 2 * SLUICE_LAYER_MAX_PARAMS };
    sluice_model *model = empty(4);
    begin(model, sluice_residual());
    begin(model, sluice_sequence());
    for (int i = 0; i < INSIDE; i++)
        add_linear(model, 4);
    end(model);
    end(model);
    const sluice_layer_plan *plan = sluice_model_layer_plan(model, 0);
    ck_assert_int_eq(plan->n_params, 2 * INSIDE);
    ck_assert_int_eq(plan->n_products, INSIDE);
    ck_assert_int_eq(plan->products[INSIDE - 1].param, 2 * INSIDE - 2);
    int layer, param;
    ck_assert(!sluice_model_find_parameter(model, "0.0.511.bias", &layer,
                                           &param, NULL, &why));
    ck_assert_int_eq(layer, 0);
    ck_assert_int_eq(param, 2 * INSIDE - 1);
    ck_assert_int_eq(sluice_model_find_parameter(model, "0.0.512.bias", NULL,
                                                 NULL, NULL, &why),
                     SLUICE_NOT_FOUND);
    ck_assert_msg(strstr(why.text, ", ..."), "%s", why.text);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(names_that_grow_too_long_are_refused)
{
    sluice_model *model = empty(4);
    /* "0." twelve times and "weight": 30 characters; then 32. */
    for (int i = 0; i < 13; i++)
        begin(model, sluice_sequence());
    add_linear(model, 4);
    for (int i = 0; i < 12; i++)
        end(model);
    refused(sluice_model_end(model, &why), "is longer than 31 characters");
    sluice_model_destroy(model);
}
END_TEST

static sluice_status huge_infer(const void *config, sluice_layer_plan *plan,
                                sluice_diag *diag)
{
    (void)diag;
    const int *which = config;
    plan->out = plan->in;
    int64_t *sizes[] = {&plan->saved_row_bytes, &plan->workspace_row_bytes,
                        &plan->scratch_bytes,   &plan->forward_row_flops,
                        &plan->input_row_flops, &plan->weight_row_flops};
    *sizes[*which] = INT64_MAX;
    return SLUICE_OK;
}

static sluice_status nothing(const sluice_layer_call *call)
{
    (void)call;
    return SLUICE_OK;
}

START_TEST(sums_that_do_not_fit_are_refused)
{
    static const sluice_layer_ops huge = {
        .name = "huge",
        .config_bytes = sizeof(int),
        .infer = huge_infer,
        .forward = nothing,
        .backward_input = nothing,
    };
    for (int which = 0; which < 6; which++) {
        sluice_model *model = empty(4);
        begin(model, sluice_residual());
        ck_assert(!sluice_model_add(model, &huge, &which, &why));
        ck_assert(!sluice_model_add(model, &huge, &which, &why));
        refused(sluice_model_end(model, &why), "than can be counted");
        sluice_model_destroy(model);
    }
}
END_TEST

static void check_masks_differ(int n, float *const *masks, int64_t elements)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            ck_assert_int_ne(
                memcmp(masks[i], masks[j], (size_t)elements * sizeof(float)),
                0);
}

/* Ones through layer `i` of a model.  The rig gives every layer one number, so
 * that only those inside tell the masks apart. */
static void mask_of(const sluice_model *model, int i, int64_t n, float *mask)
{
    struct rig rig;
    ck_assert(!rig_init(&rig, sluice_model_layer(model, i),
                        sl_model_layer_config(model, i), sluice_shape_vector(n),
                        ROWS, 1));
    for (int64_t e = 0; e < rig.n_in; e++)
        rig.x[e] = 1;
    rig_forward(&rig);
    memcpy(mask, rig.call.y, (size_t)rig.n_out * sizeof *mask);
    rig_fini(&rig);
}

START_TEST(each_dropout_inside_draws_a_mask_of_its_own)
{
    enum { N = 40, LAYERS = 5 };
    static float values[LAYERS][ROWS * N];
    float *masks[LAYERS];
    sluice_model *model = empty(N);
    add_dropout(model, 0.5F);
    for (int i = 1; i < 4; i++) {
        begin(model, sluice_sequence());
        if (i == 3)
            begin(model, sluice_sequence());
        add_dropout(model, 0.5F);
        if (i == 3)
            end(model);
        end(model);
    }
    begin(model, sluice_sequence()); /* two, the first of which drops none */
    add_dropout(model, 0);
    add_dropout(model, 0.5F);
    end(model);
    for (int i = 0; i < LAYERS; i++) {
        masks[i] = values[i];
        mask_of(model, i, N, masks[i]);
    }
    check_masks_differ(LAYERS, masks, ROWS * N);
    sluice_model_destroy(model);
}
END_TEST

/* Backward in two calls, with nothing left of what need not stay: workspace,
 * y, and x where it is not asked for. */
static void backward_apart(struct rig *rig)
{
    sluice_layer_call call = rig->call;
    size_t bytes = (size_t)(ROWS * rig->plan.workspace_row_bytes);
    call.x = rig->plan.needs_x ? call.x : NULL;
    call.y = rig->plan.needs_y ? call.y : NULL;
    memset(call.workspace, 0xff, bytes);
    ck_assert(!rig->ops->backward_input(&call));
    memset(call.workspace, 0xff, bytes);
    call.y = NULL;
    call.dx = NULL;
    ck_assert(!rig->ops->backward_weight(&call));
}

static void check_apart(const sluice_layer_ops *ops,
                        const struct twin_part *parts, bool wants_dx)
{
    struct rig a, b;
    sluice_model *model = composites_make(ops, parts);
    const void *config = sl_model_layer_config(model, 0);
    sluice_shape in = sluice_shape_vector(composites_in);
    ck_assert(!rig_init(&a, ops, config, in, ROWS, 5));
    ck_assert(!rig_init(&b, ops, config, in, ROWS, 5));
    rig_forward(&a);
    rig_backward(&a);
    rig_forward(&b);
    rig_forward(&b); /* recomputed */
    float *dx = b.call.dx;
    b.call.dx = wants_dx ? dx : NULL;
    backward_apart(&b);
    b.call.dx = dx;
    if (wants_dx)
        ck_assert_mem_eq(a.call.dx, dx, (size_t)a.n_in * sizeof(float));
    for (int p = 0; p < a.plan.n_params; p++)
        ck_assert_mem_eq(a.call.grads[p], b.call.grads[p],
                         (size_t)a.n_params[p] * sizeof(float));
    rig_fini(&a);
    rig_fini(&b);
    sluice_model_destroy(model);
}

START_TEST(input_then_weight_gradient_have_the_bits_of_both_at_once)
{
    for (int i = 0; composites_residual[i]; i++)
        for (int wants_dx = 0; wants_dx < 2; wants_dx++) {
            check_apart(sluice_residual(), composites_residual[i], wants_dx);
            check_apart(sluice_sequence(), composites_residual[i], wants_dx);
        }
}
END_TEST

static sluice_status broken(const sluice_layer_call *call)
{
    return sluice_diag_set(call->why, SLUICE_IO, "broken");
}

static sluice_status same_infer(const void *config, sluice_layer_plan *plan,
                                sluice_diag *diag)
{
    (void)config;
    (void)diag;
    plan->out = plan->in;
    return SLUICE_OK;
}

START_TEST(an_error_inside_is_the_composites)
{
    typedef sluice_status pass(const sluice_layer_call *call);
    for (int at = 0; at < 3; at++) {
        pass *const passes[3] = {at == 0 ? broken : nothing,
                                 at == 1 ? broken : nothing,
                                 at == 2 ? broken : nothing};
        const sluice_layer_ops ops = {"own",     0,         same_infer,
                                      passes[0], passes[1], passes[2]};
        sluice_model *model = empty(4);
        begin(model, sluice_residual());
        ck_assert(!sluice_model_add(model, &ops, NULL, &why));
        end(model);
        struct rig rig;
        const sluice_layer_ops *residual = sluice_model_layer(model, 0);
        ck_assert(!rig_init(&rig, residual, sl_model_layer_config(model, 0),
                            sluice_shape_vector(4), ROWS, 1));
        pass *const calls[3] = {residual->forward, residual->backward_input,
                                residual->backward_weight};
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(calls[i](&rig.call),
                             i == at ? SLUICE_IO : SLUICE_OK);
        ck_assert_str_eq(rig.why.text, "broken");
        rig_fini(&rig);
        sluice_model_destroy(model);
    }
}
END_TEST

static sluice_status build(const sluice_allocator *hooks, sluice_model **model)
{
    sluice_model_config config = {sluice_shape_vector(3), hooks};
    sluice_linear_config linear = {.out = 3};
    sluice_status st = sluice_model_create(&config, model, &why);
    if (!st)
        st = sluice_model_begin(*model, sluice_residual(), &why);
    if (!st)
        st = sluice_model_add(*model, sluice_linear(), &linear, &why);
    if (!st)
        st = sluice_model_begin(*model, sluice_sequence(), &why);
    if (!st)
        st = sluice_model_add(*model, sluice_linear(), &linear, &why);
    if (!st)
        st = sluice_model_end(*model, &why);
    return st ? st : sluice_model_end(*model, &why);
}

START_TEST(building_survives_each_failed_allocation)
{
    static struct sl_test_allocator allocator;
    sl_test_allocator_init(&allocator);
    bool failed = true;
    long n = 0;
    for (; failed; n++) {
        sluice_model *model = NULL;
        sl_test_allocator_arm(&allocator, n + 1, false);
        sluice_status st = build(&allocator.hooks, &model);
        failed = sl_test_allocator_failed(&allocator);
        sluice_model_destroy(model);
        ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
        ck_assert_int_eq(atomic_load(&allocator.n_live), 0);
        ck_assert_int_eq(atomic_load(&allocator.n_wrong), 0);
    }
    /* The model, four layers with their configs, parameters, products and the
     * rooms in which these were described, three lists. */
    ck_assert_int_eq(n - 1, 1 + 4 * 6 + 3);
}
END_TEST

SLUICE_TEST_MAIN("nn.composite",
                 a_composite_is_one_layer_with_the_parameters_of_all,
                 operations_are_those_of_the_layers_and_the_sum,
                 building_refuses_what_makes_no_sense,
                 a_composite_has_as_many_parameters_as_the_layers_inside,
                 names_that_grow_too_long_are_refused,
                 sums_that_do_not_fit_are_refused,
                 each_dropout_inside_draws_a_mask_of_its_own,
                 input_then_weight_gradient_have_the_bits_of_both_at_once,
                 an_error_inside_is_the_composites,
                 building_survives_each_failed_allocation)
