/*
 * Products large enough for the devices of a team to take parts of them from
 * each other: whole trainings have the bits of one device, also behind a step
 * that failed in one replica while the team of another made parts.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/gemm.h>
#include <sluice/pipeline.h>

#include "support/runner.h"

enum { WIDTH = 256, BATCH = 128, LAYERS = 3, PARAMS = LAYERS * WIDTH * WIDTH };

static float x[BATCH * WIDTH], y[BATCH * WIDTH];

/* ---- a linear layer that fails in the calls that are told ---------------- */

static struct {
    atomic_bool armed;
    int64_t first_row;
} fault;

static sluice_status infer_fragile(const void *config, sluice_layer_plan *plan,
                                   sluice_diag *why)
{
    (void)config;
    (void)why;
    plan->out = plan->in;
    plan->needs_x = true;
    plan->n_params = 1;
    plan->params[0] = (sluice_param_spec){
        .name = "weight",
        .shape = sluice_shape_matrix(WIDTH, WIDTH),
        .init = SLUICE_INIT_XAVIER,
        .fan_in = WIDTH,
        .fan_out = WIDTH,
        .divided = true,
    };
    plan->n_products = 1;
    plan->products[0] = (sluice_product_spec){0, WIDTH, WIDTH, 1};
    return SLUICE_OK;
}

static sluice_status forward_fragile(const sluice_layer_call *call)
{
    if (atomic_load(&fault.armed) && call->first_row == fault.first_row)
        return sluice_diag_set(call->why, SLUICE_IO, "a replica broke");
    return sluice_product_forward(call, 0, call->x, call->y);
}

static sluice_status input_fragile(const sluice_layer_call *call)
{
    return call->dx ? sluice_product_input(call, 0, call->dy, call->dx)
                    : SLUICE_OK;
}

static sluice_status weight_fragile(const sluice_layer_call *call)
{
    return sluice_product_weight(call, 0, call->x, call->dy, call->accumulate,
                                 call->grads[0]);
}

static const sluice_layer_ops fragile = {
    .name = "fragile",
    .infer = infer_fragile,
    .forward = forward_fragile,
    .backward_input = input_fragile,
    .backward_weight = weight_fragile,
    .team = SLUICE_TEAM_SHARES,
};

/* ---- trainings ----------------------------------------------------------- */

/* Two linear layers, and between them one that fails. */
static sluice_model *make_model(void)
{
    const sluice_model_config empty = {.input = sluice_shape_vector(WIDTH)};
    const sluice_linear_config linear = {.out = WIDTH, .no_bias = true};
    sluice_model *model;
    ck_assert(!sluice_model_create(&empty, &model, NULL));
    ck_assert(!sluice_model_add(model, sluice_linear(), &linear, NULL));
    ck_assert(!sluice_model_add(model, &fragile, NULL, NULL));
    ck_assert(!sluice_model_add(model, sluice_linear(), &linear, NULL));
    return model;
}

static sluice_pipeline_config config_of(const char *schedule, int team,
                                        int replicas, int zero)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    return (sluice_pipeline_config){
        .schedule = {.name = schedule, .devices = 1, .microbatches = 2},
        .remat = schedule[0] == 'g' ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER,
        .replicas = replicas,
        .team = team,
        .zero = zero,
        .batch = BATCH,
        .uneven = true,
        .gemm = "packed",
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
}

static sluice_pipeline *make(const sluice_model *model,
                             const sluice_pipeline_config *config)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    ck_assert_msg(!sluice_pipeline_create(config, model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

/* Whole mini-batches and a smaller one.  In front of the last a step fails. */
static void train(sluice_pipeline *pipe, bool fails, float *params)
{
    static const int rows[] = {BATCH, BATCH - 3, BATCH};
    sluice_diag why;
    for (int s = 0; s < 3; s++) {
        for (int i = 0; i < 4 && fails && s == 2; i++) {
            atomic_store(&fault.armed, true);
            ck_assert_int_eq(
                sluice_pipeline_step(pipe, x, y, BATCH, NULL, &why), SLUICE_IO);
            ck_assert_str_eq(why.text, "a replica broke");
            atomic_store(&fault.armed, false);
        }
        ck_assert_msg(!sluice_pipeline_step(pipe, x, y, rows[s], NULL, &why),
                      "%s", why.text);
    }
    for (int i = 0; i < LAYERS; i++) {
        char name[] = {
            (char)('0' + i), '.', 'w', 'e', 'i', 'g', 'h', 't', '\0'};
        ck_assert(!sluice_pipeline_get_parameter(
            pipe, name, params + i * WIDTH * WIDTH, WIDTH * WIDTH, NULL));
    }
}

/* A team beside one device: bits, and bytes as planned. */
static void compare(const char *schedule, int team, int replicas, int zero)
{
    static float got[PARAMS], want[PARAMS];
    sluice_memory_plan plans[8];
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of(schedule, 1, replicas, zero);
    sluice_pipeline *alone = make(model, &config);
    train(alone, false, want);
    sluice_pipeline_destroy(alone);
    config.team = team;
    ck_assert(!sluice_pipeline_plan(model, &config, plans, NULL));
    sluice_pipeline *pipe = make(model, &config);
    fault.first_row = replicas > 1 ? BATCH / 2 : 0;
    train(pipe, true, got);
    ck_assert_msg(!memcmp(got, want, sizeof want), "%s, t %d, R %d, zero %d",
                  schedule, team, replicas, zero);
    for (int d = 0; d < team * replicas; d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.actual_bytes, plans[d % team].total);
    }
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(teams_that_share_products_have_the_bits_of_one_device)
{
    for (int i = 0; i < BATCH * WIDTH; i++) {
        x[i] = (float)(i % 7) - 3;
        y[i] = (float)(i % 5) - 2;
    }
    if (!sluice_gemm_is_built("packed"))
        return;
    compare("gpipe", 2, 1, 0);
    compare("zb-h1", 3, 1, 0);
    compare("1f1b", 2, 2, 0);
    compare("gpipe", 2, 2, 3);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.shared_products",
                 teams_that_share_products_have_the_bits_of_one_device)
