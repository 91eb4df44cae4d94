/*
 * Layers and options that the kinds of support/problem.h do not have, under
 * schedules that join and divide the backward pass, with and without
 * recomputation: the bits of the reference.
 */
#include <stdio.h>
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { BATCH = 12 };

/* Of 6 numbers in and 5 classes, as the problem of SL_TEST_RELU has them. */
static const char *const models[] = {
    "input(6); linear(7, activation=gelu_tanh); activate(silu); "
    "linear(8, activation=silu); activate(gelu_tanh); "
    "linear(6, activation=sigmoid); activate(sigmoid); linear(5)",
    "input(6); rms_norm; linear(9, activation=relu); rms_norm(0.1); "
    "residual{rms_norm; linear(9)}; linear(5)",
    "input(6); residual{linear(14, no-bias); glu(silu); linear(6, no-bias)}; "
    "linear(8); glu(tanh); linear(10); glu(identity)",
    "input(3x2); position_embedding(context=4); linear(6, per-position, "
    "activation=gelu); "
    "residual{layer_norm(per-position); linear(4, per-position, "
    "activation=relu); linear(6, per-position, std=0.1)}; "
    "rms_norm(per-position); linear(5)",
    "input(3x2); linear(8, per-position); "
    "attention(4, kv-heads=2, causal, rotary=10000, dropout=0.2); "
    "residual{layer_norm(per-position); attention(2, no-bias)}; linear(5)",
    "input(6); reshape(1, height=2, width=3); "
    "conv2d(4, padding=1, activation=relu); "
    "conv2d(6, kernel=2, groups=2, activation=gelu, no-bias); flatten; "
    "linear(5)",
    "input(2x3); upsample(2); conv2d(4, padding=1); group_norm(2); "
    "activate(relu); max_pool(3, stride=2, padding=1); conv2d(8, kernel=2); "
    "average_pool(2, stride=1, padding=1); global_average_pool; linear(5)",
    "input(2x3); conv2d(4, padding=1, no-bias); batch_norm; activate(relu); "
    "residual{conv2d(4, padding=1, no-bias); batch_norm(0.3)}; linear(7); "
    "batch_norm(epsilon=0.1, activation=gelu); linear(5)",
    "input(2x3); conv2d(4, padding=1); batch_norm(activation=relu); "
    "residual{batch_norm(activation=tanh)}; linear(5)",
    "input(6); reshape(1, height=2, width=3); concat{activate(identity); "
    "activate(tanh); "
    "conv2d(1, padding=1)}; branches{sequence{conv2d(4, padding=1, "
    "activation=relu); batch_norm; conv2d(4, kernel=1)}; conv2d(4, kernel=1, "
    "activation=gelu)}; activate(relu); residual{branches{linear(24); "
    "activate(sigmoid)}}; linear(5)",
};
enum { N_MODELS = sizeof models / sizeof *models };

static struct sl_test_problem problem;

static void start(const char *model)
{
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, SL_TEST_RELU, 2, BATCH, NULL));
    sluice_model_destroy(problem.model);
    problem.model = NULL;
    ck_assert(!sluice_model_parse(model, NULL, &problem.model, NULL));
}

/* Two steps, the second with fewer rows, an evaluation and an inference. */
static void check_bits(const sluice_pipeline_config *config)
{
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, config), "%s",
                  pair.why.text);
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH) &&
                      !sl_test_step(&pair, 5, BATCH - 1) &&
                      !sl_test_evaluate(&pair, 1, 2 * BATCH + 3) &&
                      !sl_test_infer(&pair, 3, 2 * BATCH + 1),
                  "%s", pair.text);
    sl_test_pair_fini(&pair);
}

static void check_schedules(sluice_pipeline_config config)
{
    static const char *const schedules[] = {"gpipe", "1f1b", "zb-h1"};
    for (int s = 0; s < 3; s++)
        for (int devices = 1; devices <= 3; devices++)
            for (int always = 0; always < 2; always++) {
                config.schedule.name = schedules[s];
                config.schedule.backward_order = SLUICE_IN_ORDER;
                config.schedule.devices = devices;
                config.schedule.microbatches = 5;
                config.remat =
                    always ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
                if (!sl_test_skips())
                    check_bits(&config);
            }
}

START_TEST(layers_give_the_bits_of_the_reference)
{
    for (int m = 0; m < N_MODELS; m++) {
        start(models[m]);
        check_schedules(problem.config);
        sl_test_problem_fini(&problem);
    }
}
END_TEST

START_TEST(smoothed_labels_give_the_bits_of_the_reference)
{
    const sluice_cross_entropy_config smoothed = {.label_smoothing = 0.1};
    start("input(6); linear(7, activation=relu); linear(8); linear(5)");
    problem.config.loss_config = &smoothed;
    check_schedules(problem.config);
    sl_test_problem_fini(&problem);
}
END_TEST

/* The outputs after two steps of `format` with the activation's name. */
static void train(const char *format, const char *activation,
                  float y[BATCH * 5])
{
    char text[128];
    sluice_pipeline *pipe;
    snprintf(text, sizeof text, format, activation);
    start(text);
    problem.config.schedule.microbatches = 3;
    ck_assert(
        !sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL));
    for (int step = 0; step < 2; step++)
        ck_assert(!sluice_pipeline_step(pipe, sl_test_x(&problem, step),
                                        sl_test_targets(&problem, step), BATCH,
                                        NULL, NULL));
    ck_assert(
        !sluice_pipeline_infer(pipe, sl_test_x(&problem, 2), BATCH, y, NULL));
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}

/* As many layers in both: the place of a layer decides what its weights begin
 * with. */
START_TEST(an_activation_of_batch_norm_has_the_bits_of_a_layer_behind_it)
{
    static const char *const names[] = {"identity",  "relu",    "tanh", "gelu",
                                        "gelu_tanh", "sigmoid", "silu"};
    static const char one[] = "input(2x3); conv2d(4, padding=1); "
                              "batch_norm(activation=%s); "
                              "activate(identity); linear(5)";
    static const char two[] = "input(2x3); conv2d(4, padding=1); "
                              "batch_norm; activate(%s); linear(5)";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        float y[BATCH * 5], want[BATCH * 5];
        train(one, names[i], y);
        train(two, names[i], want);
        ck_assert_msg(!memcmp(y, want, sizeof y), "%s", names[i]);
    }
}
END_TEST

SLUICE_TEST_MAIN("pipeline.layers", layers_give_the_bits_of_the_reference,
                 smoothed_labels_give_the_bits_of_the_reference,
                 an_activation_of_batch_norm_has_the_bits_of_a_layer_behind_it)
