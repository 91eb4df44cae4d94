/*
 * A vocabulary that is cut across the devices: within rounding of the
 * reference, in which it is whole; and to the bit the same under every
 * schedule.
 */
#include <math.h>
#include <stdio.h>

#include <sluice/across_layers.h>

#include "support/cut/cut_training.h"
#include "support/grid.h"
#include "support/parse_model.h"
#include "support/runner.h"

enum {
    BATCH = 7,
    POSITIONS = SL_TEST_CUT_POSITIONS,
    WIDTH = 6,
    VOCABULARY = SL_TEST_CUT_VOCABULARY,
    CLASSES = SL_TEST_CUT_CLASSES,
    LAYERS = 8, /* without the head */
    STEPS = SL_TEST_CUT_STEPS,
};

static const sluice_cross_entropy_config plain = {.classes = CLASSES};

static sluice_model *make_model_with(const sluice_layer_ops *head)
{
    sluice_model *model;
    ck_assert_int_eq(
        sluice_model_create(&(sluice_model_config){.input = sluice_shape_matrix(
                                                       POSITIONS, WIDTH)},
                            &model, NULL),
        SLUICE_OK);
    for (int i = 0; i < LAYERS; i++)
        ck_assert_int_eq(
            sluice_model_add(model, sluice_linear(),
                             &(sluice_linear_config){.out = WIDTH,
                                                     .activation = SLUICE_TANH,
                                                     .per_position = true},
                             NULL),
            SLUICE_OK);
    ck_assert_int_eq(
        sluice_model_add(model, head,
                         &(sluice_head_config){.vocabulary = VOCABULARY}, NULL),
        SLUICE_OK);
    return model;
}

static sluice_model *make_model(void)
{
    return make_model_with(sluice_head());
}

/* Rows and labels, some of which are ignored. */
struct data {
    float x[BATCH * POSITIONS * WIDTH];
    int32_t labels[BATCH * POSITIONS];
};

static void fill(struct data *data)
{
    for (int i = 0; i < BATCH * POSITIONS * WIDTH; i++)
        data->x[i] = (float)sin(1.7 * i + 0.3);
    sl_test_cut_labels(BATCH * POSITIONS, data->labels);
}

static sluice_pipeline_config config_of(const char *schedule, int devices,
                                        int microbatches,
                                        const sluice_cross_entropy_config *loss)
{
    sluice_pipeline_config config =
        sl_test_cut_config(schedule, devices, microbatches, BATCH);
    config.loss_config = loss;
    return config;
}

static void compare(const char *schedule, int devices, int microbatches,
                    const sluice_cross_entropy_config *loss)
{
    struct data data;
    sluice_model *model = make_model();
    sluice_pipeline_config config =
        config_of(schedule, devices, microbatches, loss);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    fill(&data);
    sl_test_trains_near(pipe, &config, model, data.x, data.labels, STEPS);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

START_TEST(a_cut_vocabulary_trains_as_the_whole_one)
{
    /* On 6 devices the last part is padding. */
    for (int k = 1; k <= 6; k++)
        for (int m = 1; m <= 7; m += 2) {
            if (sl_test_skips())
                continue;
            compare("1f1b", k, m, &plain);
            compare("1f1b", k, m, &sl_test_cut_loss);
            compare("gpipe", k, m, &plain);
        }
    for (int k = 1; k <= 4; k++)
        compare("zb-v", k, 5, &sl_test_cut_loss);
}
END_TEST

/* All parameters after some steps. */
static void train(sluice_pipeline_config config, struct sl_test_values *values)
{
    struct data data;
    sluice_model *model = make_model();
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    fill(&data);
    for (int step = 0; step < STEPS; step++)
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, NULL),
            SLUICE_OK);
    sl_test_read(pipe, model, false, values);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}

/* Its sentence names the schedule first, and says why. */
static void check_refusal(const sluice_pipeline_config *config)
{
    sluice_memory_plan plans[4];
    sluice_model *model = make_model();
    sluice_diag why = {.text = ""};
    char start[40];
    snprintf(start, sizeof start, "schedule %s: ", config->schedule.name);
    ck_assert_int_eq(sluice_pipeline_plan(model, config, plans, &why),
                     SLUICE_INVALID);
    ck_assert_msg(!strncmp(why.text, start, strlen(start)) &&
                      strstr(why.text, "one copy of the model and one update"),
                  "%s", why.text);
    sluice_model_destroy(model);
}

/* Whether a pipeline can be planned so. */
static bool goes(const sluice_pipeline_config *config)
{
    sluice_memory_plan plans[4];
    sluice_model *model = make_model();
    bool goes = !sluice_pipeline_plan(model, config, plans, NULL);
    sluice_model_destroy(model);
    return goes;
}

/* What a schedule's bits are to be: of gpipe in its order of backwards; those
 * of seq1f1b are in neither, but within the micro-batches of a sequence. */
static sluice_backward_order order_of(const sluice_pipeline_config *config)
{
    sluice_backward_order order;
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_generate(&config->schedule, &schedule, NULL));
    ck_assert(!sluice_reference_order(schedule, &order, NULL));
    sluice_schedule_destroy(schedule);
    return order;
}

START_TEST(the_bits_depend_on_the_parts_alone)
{
    static struct sl_test_values want[2], have;
    const char *name;
    for (int k = 1; k <= 4; k++) {
        for (int order = 0; order < 2; order++) {
            sluice_pipeline_config config =
                config_of("gpipe", k, 4, &sl_test_cut_loss);
            config.schedule.backward_order = (sluice_backward_order)order;
            train(config, &want[order]);
        }
        for (int i = 0; (name = sluice_schedule_generator(i)); i++) {
            sluice_pipeline_config config =
                config_of(name, k, 4, &sl_test_cut_loss);
            config.remat = i % 2 ? SLUICE_REMAT_ALWAYS : SLUICE_REMAT_NEVER;
            if (!strcmp(name, "seq1f1b") || !goes(&config) || sl_test_skips())
                continue;
            train(config, &have);
            ck_assert_msg(sl_test_same(&have, &want[order_of(&config)]),
                          "%s, K %d", name, k);
        }
    }
}
END_TEST

/* Every schedule that trains a whole vocabulary trains a cut one, unless it has
 * several copies of the model or several updates. */
START_TEST(a_schedule_is_cut_or_refused_with_its_name_and_the_reason)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.3F};
    int n_cut = 0, n_refused = 0;
    const char *name;
    for (int i = 0; (name = sluice_schedule_generator(i)); i++) {
        sluice_pipeline_config config = config_of(name, 4, 8, &plain);
        config.batch = 8;
        config.optimizer_config = &sgd;
        config.vocabulary_parallel = false;
        if (!goes(&config))
            continue;
        config.vocabulary_parallel = true;
        bool single = strcmp(name, "dualpipe") && strncmp(name, "pipedream", 9);
        ck_assert_msg(goes(&config) == single, "%s", name);
        n_cut += single;
        n_refused += !single;
        if (!single)
            check_refusal(&config);
    }
    ck_assert_int_ge(n_cut, 15);
    ck_assert_int_eq(n_refused, 3);
}
END_TEST

START_TEST(evaluation_and_inference_are_those_of_the_whole_one)
{
    struct data data;
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of("1f1b", 3, 3, &sl_test_cut_loss);
    fill(&data);
    sl_test_cut_infers(&config, model, data.x, data.labels);
    sluice_model_destroy(model);
}
END_TEST

START_TEST(a_parameter_is_whole_for_who_asks)
{
    float values[VOCABULARY * WIDTH], again[VOCABULARY * WIDTH];
    char name[16];
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of("1f1b", 4, 4, &plain);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    snprintf(name, sizeof name, "%d.weight", LAYERS);
    for (int i = 0; i < VOCABULARY * WIDTH; i++)
        values[i] = (float)i;
    ck_assert_int_eq(sluice_pipeline_set_parameter(pipe, name, values,
                                                   VOCABULARY * WIDTH, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_get_parameter(pipe, name, again,
                                                   VOCABULARY * WIDTH, NULL),
                     SLUICE_OK);
    ck_assert_mem_eq(values, again, sizeof values);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

/* The label's class is on device 2; the step fails in its S. */
START_TEST(a_wrong_label_fails_the_step_in_an_s_and_changes_nothing)
{
    struct data data;
    struct sl_test_values before, after;
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of("1f1b", 3, 7, &plain);
    sluice_pipeline *pipe = sl_test_cut_create(&config, model);
    fill(&data);
    sl_test_read(pipe, model, false, &before);
    for (int m = 0; m < 7; m++) {
        sluice_diag why = {.text = ""};
        int32_t right = data.labels[m * POSITIONS];
        data.labels[m * POSITIONS] = CLASSES;
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, &why),
            SLUICE_INVALID);
        data.labels[m * POSITIONS] = right;
        ck_assert_msg(strchr(why.action, 'S') && why.microbatch == m, "%s: %s",
                      why.action, why.text);
        sl_test_read(pipe, model, false, &after);
        ck_assert_mem_eq(before.at, after.at, (size_t)before.n * sizeof(float));
    }
    ck_assert_int_eq(
        sluice_pipeline_step(pipe, data.x, data.labels, BATCH, NULL, NULL),
        SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
}
END_TEST

/* A head that fails once: in a pass of the part with so many rows. */
static struct {
    bool armed;
    char pass; /* 'f', 'i' or 'w' */
    int64_t n;
    int64_t first_row;
} fault;

static sluice_status fail_there(const sluice_layer_call *call, char pass)
{
    if (!fault.armed || fault.pass != pass ||
        fault.n != call->plan->params[0].shape.dims[0] ||
        fault.first_row != call->first_row)
        return SLUICE_OK;
    return sluice_diag_set(call->why, SLUICE_IO, "pass %c broke", pass);
}

static sluice_status fragile_forward(const sluice_layer_call *call)
{
    sluice_status st = fail_there(call, 'f');
    return st ? st : sluice_head()->forward(call);
}

static sluice_status fragile_input(const sluice_layer_call *call)
{
    sluice_status st = fail_there(call, 'i');
    return st ? st : sluice_head()->backward_input(call);
}

static sluice_status fragile_weight(const sluice_layer_call *call)
{
    sluice_status st = fail_there(call, 'w');
    return st ? st : sluice_head()->backward_weight(call);
}

/* On two devices, of 7 and 6 rows. */
static void fail_step(sluice_pipeline *pipe, const sluice_model *model,
                      const struct data *data, int microbatch, int part,
                      char pass)
{
    char want[16];
    struct sl_test_values before, after;
    sluice_diag why = {.text = ""};
    fault.armed = true;
    fault.pass = pass;
    fault.n = part == 0 ? 7 : 6;
    fault.first_row = microbatch;
    sl_test_read(pipe, model, false, &before);
    ck_assert_int_eq(
        sluice_pipeline_step(pipe, data->x, data->labels, BATCH, NULL, &why),
        SLUICE_IO);
    fault.armed = false;
    snprintf(want, sizeof want, "%d%c%d", part, pass == 'w' ? 'T' : 'S',
             microbatch);
    ck_assert_str_eq(why.action, want);
    ck_assert_int_eq(why.device, part);
    ck_assert_ptr_nonnull(strstr(why.text, "broke"));
    sl_test_read(pipe, model, false, &after);
    ck_assert_mem_eq(before.at, after.at, (size_t)before.n * sizeof(float));
    ck_assert_int_eq(
        sluice_pipeline_step(pipe, data->x, data->labels, BATCH, NULL, NULL),
        SLUICE_OK);
}

START_TEST(every_cell_of_a_part_fails_the_step_with_its_own_error)
{
    static const char *const names[] = {"1f1b", "zb-v"};
    struct data data;
    sluice_layer_ops fragile = *sluice_head();
    fragile.forward = fragile_forward;
    fragile.backward_input = fragile_input;
    fragile.backward_weight = fragile_weight;
    fill(&data);
    for (int i = 0; i < 2; i++) {
        sluice_model *model = make_model_with(&fragile);
        sluice_pipeline_config config =
            config_of(names[i], 2, BATCH, &sl_test_cut_loss);
        sluice_pipeline *pipe = sl_test_cut_create(&config, model);
        for (int m = 0; m < BATCH; m++)
            for (int part = 0; part < 2; part++)
                for (const char *pass = "fiw"; *pass; pass++)
                    fail_step(pipe, model, &data, m, part, *pass);
        sluice_pipeline_destroy(pipe);
        sluice_model_destroy(model);
    }
}
END_TEST

START_TEST(each_device_holds_its_share_of_the_table)
{
    sluice_memory_plan cut[3], whole[3];
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of("1f1b", 3, 4, &plain);
    ck_assert_int_eq(sluice_pipeline_plan(model, &config, cut, NULL),
                     SLUICE_OK);
    config.vocabulary_parallel = false;
    config.cut = SLUICE_CUT_LIST;
    config.partition = (const int[]){2, 3, 4};
    ck_assert_int_eq(sluice_pipeline_plan(model, &config, whole, NULL),
                     SLUICE_OK);
    /* 13 rows are 5, 4 and 4: 120 and 96 bytes, each on 64 of its own. */
    ck_assert_uint_eq(cut[0].parameters + cut[1].parameters +
                          cut[2].parameters + 320,
                      whole[0].parameters + whole[1].parameters +
                          whole[2].parameters + 3 * 128);
    sluice_model_destroy(model);
}
END_TEST

static void assert_refused(const sluice_pipeline_config *config,
                           const sluice_model *model, const char *says)
{
    sluice_pipeline *pipe = NULL;
    sluice_diag why = {.text = ""};
    ck_assert_int_eq(sluice_pipeline_create(config, model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
}

START_TEST(what_cannot_be_cut_is_refused_with_a_sentence)
{
    sluice_model *model = make_model();
    sluice_pipeline_config config = config_of("1f1b", 2, 4, &plain);
    config.loss = sluice_mean_squared_error();
    config.loss_config = NULL;
    assert_refused(&config, model, "needs all outputs on one device");
    config = config_of("dualpipe", 2, 8, &plain);
    assert_refused(&config, model, "one copy of the model");
    ck_assert_int_eq(sluice_model_add(model, sluice_activate(),
                                      &(sluice_activate_config){SLUICE_TANH},
                                      NULL),
                     SLUICE_OK);
    config = config_of("1f1b", 2, 4, &plain);
    assert_refused(&config, model, "cannot be cut across devices");
    sluice_model_destroy(model);
    model = sl_test_parse("input(8); head(24)");
    assert_refused(&config, model, "the model is a head alone");
    sluice_model_destroy(model);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.vocabulary",
                 a_cut_vocabulary_trains_as_the_whole_one,
                 the_bits_depend_on_the_parts_alone,
                 a_schedule_is_cut_or_refused_with_its_name_and_the_reason,
                 evaluation_and_inference_are_those_of_the_whole_one,
                 a_parameter_is_whole_for_who_asks,
                 a_wrong_label_fails_the_step_in_an_s_and_changes_nothing,
                 every_cell_of_a_part_fails_the_step_with_its_own_error,
                 each_device_holds_its_share_of_the_table,
                 what_cannot_be_cut_is_refused_with_a_sentence)
