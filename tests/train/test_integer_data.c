/* Training on integers, and data of a type that the model does not take. */
#include <sluice/train.h>

#include <string.h>

#include "support/problem.h"
#include "support/runner.h"

enum { BATCH = 6, LAYERS = 3, ROWS = 3 * BATCH };

static struct sl_test_problem problem;
static sluice_diag why;

/* The rows of the problem, in the type of its model's input. */
static sluice_dataset *make_data(const sluice_dataset_config *config,
                                 sluice_element type)
{
    const sluice_shape shape = sluice_shape_matrix(ROWS, problem.in);
    const sluice_shape rows = sluice_shape_vector(ROWS);
    sluice_array x, y;
    sluice_dataset *data = NULL;
    ck_assert(!sluice_array_init(&x, type, &shape, NULL, NULL) &&
              !sluice_array_init(&y, SLUICE_I32, &rows, NULL, NULL));
    memcpy(x.data, problem.x, x.bytes);
    memcpy(y.data, problem.targets, y.bytes);
    ck_assert_msg(!sluice_dataset_create(config, &x, &y, &data, &why), "%s",
                  why.text);
    return data;
}

static sluice_pipeline *start(enum sl_test_kind kind)
{
    sluice_pipeline *pipe = NULL;
    problem = (struct sl_test_problem){0};
    ck_assert(!sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL));
    problem.config.schedule.devices = 2;
    problem.config.schedule.microbatches = 2;
    ck_assert(
        !sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL));
    return pipe;
}

static sluice_status train(sluice_pipeline *pipe, const sluice_dataset *data)
{
    const sluice_train_config config = {.epochs = 1,
                                        .batch = BATCH,
                                        .in_order = true,
                                        .train = data,
                                        .test = data};
    return sluice_train(pipe, &config, NULL, &why);
}

static void finish(sluice_pipeline *pipe, sluice_dataset *data)
{
    sluice_dataset_destroy(data);
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}

START_TEST(an_epoch_of_integers_is_its_steps)
{
    enum { N = 14 };
    float trained[N], stepped[N];
    sluice_pipeline *pipe = start(SL_TEST_TOKENS);
    sluice_dataset *data = make_data(NULL, SLUICE_I32);
    ck_assert_int_eq(sluice_dataset_input_type(data), SLUICE_I32);
    ck_assert_msg(!train(pipe, data), "%s", why.text);
    ck_assert(
        !sluice_pipeline_get_parameter(pipe, "0.weight", trained, N, NULL));
    sluice_pipeline_destroy(pipe);
    ck_assert(
        !sluice_pipeline_create(&problem.config, problem.model, &pipe, NULL));
    for (int row = 0; row < ROWS; row += BATCH)
        ck_assert(!sluice_pipeline_step(pipe, sl_test_x(&problem, row),
                                        sl_test_targets(&problem, row), BATCH,
                                        NULL, NULL));
    ck_assert(
        !sluice_pipeline_get_parameter(pipe, "0.weight", stepped, N, NULL));
    ck_assert_mem_eq(trained, stepped, sizeof trained);
    finish(pipe, data);
}
END_TEST

static void assert_refused(sluice_pipeline *pipe, const sluice_dataset *data,
                           const char *says)
{
    ck_assert_int_eq(train(pipe, data), SLUICE_INVALID);
    ck_assert_str_eq(why.text, says);
    ck_assert_uint_eq(sluice_pipeline_n_steps(pipe), 0);
}

START_TEST(integers_for_a_model_of_floats_are_refused_before_the_first_step)
{
    sluice_pipeline *pipe = start(SL_TEST_RELU);
    sluice_dataset *data = make_data(NULL, SLUICE_I32);
    assert_refused(pipe, data,
                   "features of the training data are int32, but the model "
                   "takes float32; set `scale` of the data set, 1 to keep "
                   "their values, or begin the model with a layer that takes "
                   "int32");
    finish(pipe, data);
}
END_TEST

START_TEST(floats_for_a_model_of_integers_are_refused_before_the_first_step)
{
    const sluice_dataset_config floats = {.scale = 1};
    sluice_pipeline *pipe = start(SL_TEST_TOKENS);
    for (int i = 0; i < 2; i++) {
        sluice_dataset *data =
            i ? make_data(&floats, SLUICE_I32) : make_data(NULL, SLUICE_F32);
        assert_refused(pipe, data,
                       "features of the training data are float32, but the "
                       "model takes int32; store them as int32, and leave "
                       "scale, mean, deviation and `measure` of the data set "
                       "0");
        sluice_dataset_destroy(data);
    }
    finish(pipe, NULL);
}
END_TEST

START_TEST(integers_with_a_scale_become_floats_for_a_model_of_floats)
{
    const sluice_dataset_config tenth = {.scale = 0.1};
    const int32_t integers[ROWS * 6] = {1, 2, 3};
    sluice_pipeline *pipe = start(SL_TEST_RELU);
    ck_assert_int_eq(problem.in, 6);
    memcpy(problem.x, integers, sizeof integers);
    sluice_dataset *data = make_data(&tenth, SLUICE_I32);
    ck_assert_int_eq(sluice_dataset_input_type(data), SLUICE_F32);
    ck_assert_msg(!train(pipe, data), "%s", why.text);
    finish(pipe, data);
}
END_TEST

SLUICE_TEST_MAIN(
    "train.integer_data", an_epoch_of_integers_is_its_steps,
    integers_for_a_model_of_floats_are_refused_before_the_first_step,
    floats_for_a_model_of_integers_are_refused_before_the_first_step,
    integers_with_a_scale_become_floats_for_a_model_of_floats)
