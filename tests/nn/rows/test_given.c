/*
 * A program that calls the tables' functions itself, with less than a model
 * gives: every infer() answers with a status and a sentence.
 */
#include "nn/rows/given.h"

#include <math.h>
#include <string.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "nn/layers/layer_table.h"
#include "nn/optimizers/optimizer_table.h"
#include "support/runner.h"

static sluice_diag why;
static sluice_param_spec params[SLUICE_LAYER_MAX_PARAMS];
static sluice_product_spec products[SLUICE_LAYER_MAX_PRODUCTS];
static double zeros[1024]; /* a config of any layer, nothing being set */

static sluice_layer_plan full_plan(void)
{
    return (sluice_layer_plan){
        .in = {3, {2, 4, 4}},
        .params = params,
        .products = products,
    };
}

/* Composite layers have a config of the model's; the others without are those
 * that need none. */
static bool reads_config(const sluice_layer_ops *ops)
{
    return ops->n_options > 0 && ops != sluice_layer_find("stash");
}

static void is_refused(const sluice_layer_ops *ops, const void *config,
                       sluice_layer_plan plan, const char *word)
{
    why = (sluice_diag){.text = ""};
    ck_assert_msg(ops->infer(config, &plan, &why) == SLUICE_INVALID, "%s, %s",
                  ops->name, word);
    ck_assert_msg(strstr(why.text, word), "%s: %s", ops->name, why.text);
    ck_assert(ops->infer(config, &plan, NULL) == SLUICE_INVALID);
}

START_TEST(a_layer_without_a_config_is_refused)
{
    const sluice_layer_ops *ops;
    int n = 0;
    for (int i = 0; (ops = sluice_layer_at(i)); i++)
        if (reads_config(ops)) {
            is_refused(ops, NULL, full_plan(), "config");
            n++;
        }
    ck_assert_int_ge(n, 20);
    is_refused(sluice_layer_find("sequence"), NULL, full_plan(), "config");
    is_refused(sluice_layer_find("branches"), NULL, full_plan(), "config");
}
END_TEST

START_TEST(a_layer_without_room_or_input_is_refused)
{
    const sluice_layer_ops *ops;
    for (int i = 0; (ops = sluice_layer_at(i)); i++) {
        if (!reads_config(ops))
            continue;
        ck_assert_uint_le(ops->config_bytes, sizeof zeros);
        sluice_layer_plan plan = full_plan();
        plan.params = NULL;
        is_refused(ops, zeros, plan, "parameters");
        plan = full_plan();
        plan.products = NULL;
        is_refused(ops, zeros, plan, "products");
        plan = full_plan();
        plan.in.n_dims = 0;
        is_refused(ops, zeros, plan, "shape");
        plan.in = (sluice_shape){2, {3, 0}};
        is_refused(ops, zeros, plan, "shape");
        plan.in.n_dims = SLUICE_MAX_DIMS + 1;
        is_refused(ops, zeros, plan, "shape");
    }
}
END_TEST

START_TEST(layers_that_read_no_config_need_none)
{
    static const char *const names[] = {"flatten", "global_average_pool",
                                        "stash"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sluice_layer_plan plan = {.in = {3, {2, 4, 4}}};
        const sluice_layer_ops *ops = sluice_layer_find(names[i]);
        ck_assert_ptr_nonnull(ops);
        ck_assert_int_eq(ops->infer(NULL, &plan, &why), SLUICE_OK);
        ck_assert_int_ge(plan.out.n_dims, 1);
    }
}
END_TEST

START_TEST(an_optimizer_without_a_config_is_refused)
{
    const sluice_optimizer_ops *ops;
    int n_states, n = 0;
    double rate;
    for (int i = 0; (ops = sluice_optimizer_at(i)); i++, n++) {
        why = (sluice_diag){.text = ""};
        ck_assert_int_eq(ops->infer(NULL, &n_states, &rate, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, "config"), "%s", why.text);
    }
    ck_assert_int_ge(n, 4);
}
END_TEST

START_TEST(a_loss_without_a_config_has_its_defaults)
{
    sluice_loss_plan plan = {.out = sluice_shape_vector(2)};
    const int32_t label = 1;
    ck_assert_int_eq(sluice_cross_entropy()->infer(&plan, NULL), SLUICE_OK);
    for (float v = 1; v < 1e31F; v *= 1000) {
        const float y[2] = {v, v};
        float dy[2];
        double sum;
        int64_t hits;
        sluice_loss_call call = {
            .plan = &plan, .rows = 1, .y = y, .targets = &label};
        ck_assert_int_eq(sluice_cross_entropy()->forward(&call, &sum, &hits),
                         SLUICE_OK);
        ck_assert(fabs(sum - log(2)) < 1e-12);
        ck_assert_int_eq(sluice_cross_entropy()->backward(&call, 1, dy),
                         SLUICE_OK);
        ck_assert(dy[0] == 0.5F && dy[1] == -0.5F);
    }
}
END_TEST

SLUICE_TEST_MAIN("nn.given", a_layer_without_a_config_is_refused,
                 a_layer_without_room_or_input_is_refused,
                 layers_that_read_no_config_need_none,
                 an_optimizer_without_a_config_is_refused,
                 a_loss_without_a_config_has_its_defaults)
