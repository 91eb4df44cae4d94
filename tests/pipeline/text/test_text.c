/* A pipeline from a text is the one from a config; what is wrong in a text is
 * refused with its name. */
#include <string.h>

#include <sluice/pipeline_text.h>
#include <sluice/schedule_text.h>

#include "support/allocator.h"
#include "support/runner.h"

enum { ROWS = 8, IN = 6, OUT = 3, PARAMETER = IN * 4 };

static sluice_model *model;

static void start(void)
{
    sluice_diag why = {.text = ""};
    ck_assert_msg(!sluice_model_parse("6-4-4-3", NULL, &model, &why), "%s",
                  why.text);
}

static void stop(void)
{
    sluice_model_destroy(model);
}

static sluice_pipeline *parse(const char *text, const sluice_schedule *custom)
{
    sluice_diag why = {.text = ""};
    sluice_pipeline *pipe = NULL;
    ck_assert_msg(
        !sluice_pipeline_parse(text, custom, model, NULL, &pipe, &why),
        "%s: %s", text, why.text);
    return pipe;
}

/* Step and destroy; w gets the first parameter. */
static void train(sluice_pipeline *pipe, float w[PARAMETER])
{
    float x[ROWS * IN];
    int32_t labels[ROWS];
    for (int i = 0; i < ROWS * IN; i++)
        x[i] = (float)(i % 7) - 3;
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % OUT;
    for (int step = 0; step < 3; step++)
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, x, labels, ROWS, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(
        sluice_pipeline_get_parameter(pipe, "0.weight", w, PARAMETER, NULL),
        SLUICE_OK);
    sluice_pipeline_destroy(pipe);
}

START_TEST(a_text_and_a_config_make_the_same_pipeline)
{
    start();
    static const int sizes[] = {1, 2};
    const sluice_adam_config adam = {
        .learning_rate = 0.02, .beta1 = 0.8, .beta2 = 0.999, .epsilon = 1e-8};
    const sluice_cross_entropy_config smoothed = {.label_smoothing = 0.1};
    const sluice_pipeline_config config = {
        .schedule = {.name = "1f1b", .devices = 2, .microbatches = 4},
        .remat = SLUICE_REMAT_ALWAYS,
        .batch = ROWS,
        .cut = SLUICE_CUT_LIST,
        .partition = sizes,
        .loss = sluice_cross_entropy(),
        .loss_config = &smoothed,
        .optimizer = sluice_adam(),
        .optimizer_config = &adam,
        .seed = 7,
        .queue_capacity = 3,
    };
    float a[PARAMETER], b[PARAMETER];
    sluice_pipeline *pipe;
    ck_assert_int_eq(sluice_pipeline_create(&config, model, &pipe, NULL),
                     SLUICE_OK);
    train(pipe, a);
    pipe = parse(" devices = 2;microbatches=4; schedule =1f1b\n\n"
                 "remat=always; batch=8; partition=1,2; seed=7;\r\n"
                 "loss=cross_entropy:label-smoothing=0.1; "
                 "optimizer=adam:lr=0.02,beta1=0.8; queue_capacity=3;",
                 NULL);
    sluice_device_info info;
    sluice_pipeline_device(pipe, 0, &info);
    ck_assert_int_eq(info.n_layers, 1);
    train(pipe, b);
    ck_assert_mem_eq(a, b, sizeof a);
    stop();
}
END_TEST

/* Each flag and word reaches its field, or the pipeline would be refused, or
 * the trace not be there. */
START_TEST(flags_and_words_are_read)
{
    start();
    sluice_trace trace;
    float w[PARAMETER];
    sluice_pipeline *pipe =
        parse("batch=7; uneven; microbatches=2; loss=cross_entropy; trace; "
              "pinning=off; finite=gradients; cut=flops; spin-ns=-1; "
              "backward-order=in_order; replicas=2; devices=1; gemm=plain; "
              "device-cap-bytes=1000000; join-weights=false",
              NULL);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 2);
    ck_assert_str_eq(sluice_pipeline_gemm(pipe), "plain");
    sluice_device_info info;
    sluice_pipeline_device(pipe, 0, &info);
    ck_assert_int_eq(info.core, -1);
    sluice_element type;
    ck_assert_int_eq(sluice_pipeline_target_bytes(pipe, &type), 4);
    ck_assert_int_eq(type, SLUICE_I32);
    float x[7 * IN] = {0};
    int32_t labels[7] = {0};
    ck_assert_int_eq(sluice_pipeline_step(pipe, x, labels, 7, NULL, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_pipeline_trace(pipe, &trace, NULL), SLUICE_OK);
    sluice_pipeline_destroy(pipe);
    train(parse("batch=8; loss=cross_entropy; schedule=interleaved-1f1b; "
                "devices=1; microbatches=2; chunks=3",
                NULL),
          w);
    stop();
}
END_TEST

START_TEST(a_custom_schedule_runs)
{
    start();
    static const char csv[] = "0F0,0F1,0B1,0B0\n1F0,1F1,1B1,1B0\n";
    sluice_schedule *schedule = NULL;
    float w[PARAMETER];
    ck_assert_int_eq(sluice_schedule_parse_csv(csv, strlen(csv),
                                               SLUICE_CSV_DETECT, NULL,
                                               &schedule, NULL),
                     SLUICE_OK);
    sluice_pipeline *pipe = parse("batch=8; loss=cross_entropy", schedule);
    ck_assert_int_eq(sluice_pipeline_n_devices(pipe), 2);
    train(pipe, w);
    static const char *const replaced[][2] = {
        {"batch=8; loss=mse; schedule=gpipe", "schedule is given"},
        {"batch=8; loss=mse; remat=always", "remat is given"},
        {"batch=8; loss=mse; chunks=2", "chunks is given"},
    };
    for (int i = 0; i < 3; i++) {
        sluice_pipeline *none = NULL;
        sluice_diag why;
        ck_assert_int_eq(sluice_pipeline_parse(replaced[i][0], schedule, model,
                                               NULL, &none, &why),
                         SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, replaced[i][1]), "%s", why.text);
    }
    sluice_schedule_destroy(schedule);
    stop();
}
END_TEST

static const struct {
    const char *text;
    sluice_status status;
    const char *says;
} bad[] = {
    {"batch=8", SLUICE_INVALID, "loss"},
    {"loss=mse", SLUICE_INVALID, "batch"},
    {"batch=8; loss=mse; rows=3", SLUICE_INVALID,
     "no \"rows\"; it has loss, optimizer"},
    {"batch=8; loss=mse; batch=9", SLUICE_INVALID, "batch is given twice"},
    {"batch=8; loss=mse; devices", SLUICE_INVALID, "devices has no value"},
    {"batch=8; loss", SLUICE_INVALID, "loss has no value"},
    {"batch=8; loss=", SLUICE_INVALID, "loss has no value"},
    {"batch=8; loss=mse; devices=0", SLUICE_INVALID, "1 to 64"},
    {"batch=8; loss=mse; remat=some", SLUICE_INVALID, "one of never, always"},
    {"batch=8; loss=mse; trace=maybe", SLUICE_INVALID, "true or false"},
    {"batch=8; loss=hinge", SLUICE_NOT_FOUND, "hinge"},
    {"batch=8; loss=mse; optimizer=sgd:lr=-1", SLUICE_INVALID, "-1"},
    {"batch=8; loss=mse; optimizer=lion", SLUICE_NOT_FOUND, "lion"},
    {"batch=8; loss=mse; schedule=fast", SLUICE_NOT_FOUND, "fast"},
    {"batch=8; loss=mse; schedule=fast; chunks=2", SLUICE_NOT_FOUND, "fast"},
    {"batch=8; loss=mse; schedule=fast; backward-order=reverse",
     SLUICE_NOT_FOUND, "fast"},
    {"batch=8; loss=mse; gemm=fast", SLUICE_NOT_FOUND, "fast"},
    {"batch=8; loss=mse; chunks=2", SLUICE_INVALID,
     "gpipe does not read chunks"},
    {"batch=8; loss=mse; schedule=1f1b; backward-order=in_order",
     SLUICE_INVALID, "1f1b does not read backward-order"},
    {"batch=8; loss=mse; partition=1,,2", SLUICE_INVALID, "1,,2"},
    {"batch=8; loss=mse; partition=1,2,", SLUICE_INVALID, "1,2,"},
    {"batch=8; loss=mse; partition=1,x", SLUICE_INVALID, "1,x"},
    {"batch=8; loss=mse; devices=2; partition=1,1,1", SLUICE_INVALID, "2"},
    {"batch=8; loss=mse; devices=2; partition=3", SLUICE_INVALID, "0"},
    {"batch=8; loss=mse; devices=2; partition=1,2,9", SLUICE_INVALID,
     "add up to 12 layers, and the model has 3"},
    {"batch=8; loss=mse; cut=time; partition=3", SLUICE_INVALID,
     "cut and partition"},
    {"batch=8; loss=mse; cut=list", SLUICE_INVALID, "partition"},
    {"batch=8; loss=mse; devices=2; device_speeds=1,", SLUICE_INVALID,
     "device_speeds is \"1,\""},
    {"batch=8; loss=mse; devices=2; device_speeds=1", SLUICE_INVALID,
     "1 speeds for 2 devices"},
    {"batch=8; loss=mse; devices=2; device_speeds=1,2", SLUICE_INVALID,
     "device 1 has speed 2"},
    {"batch=8; loss=mse; devices=2; team=2; device_speeds=1,1", SLUICE_INVALID,
     "2 speeds for 4 devices"},
    {"batch=8; loss=mse; devices=2; team=2; device_speeds=1,1,1,2",
     SLUICE_INVALID, "device 3 has speed 2"},
    {"batch=7; loss=mse; microbatches=2", SLUICE_INVALID, "7"},
};

START_TEST(what_is_wrong_in_a_text_is_named)
{
    start();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sluice_diag why = {.text = ""};
        sluice_pipeline *none = NULL;
        sluice_status st =
            sluice_pipeline_parse(bad[i].text, NULL, model, NULL, &none, &why);
        ck_assert_msg(st == bad[i].status && strstr(why.text, bad[i].says),
                      "%s: %s: %s", bad[i].text, sluice_status_name(st),
                      why.text);
        ck_assert_ptr_null(none);
    }
    stop();
}
END_TEST

START_TEST(the_list_of_settings_is_whole)
{
    start();
    sluice_diag why;
    sluice_pipeline *none = NULL;
    sluice_pipeline_parse("x", NULL, model, NULL, &none, &why);
    ck_assert_msg(strstr(why.text, ", finite, check-recompute and the options "
                                   "of its schedule"),
                  "%s", why.text);
    stop();
}
END_TEST

START_TEST(a_text_that_is_too_long_is_refused)
{
    start();
    char text[SLUICE_PIPELINE_MAX_TEXT + 1];
    sluice_diag why;
    sluice_pipeline *none = NULL;
    memset(text, ' ', sizeof text);
    text[SLUICE_PIPELINE_MAX_TEXT] = '\0';
    ck_assert_int_eq(
        sluice_pipeline_parse(text, NULL, model, NULL, &none, &why),
        SLUICE_INVALID);
    ck_assert_str_eq(why.text, "the text has 4096 bytes; 4095 are allowed");
    memcpy(text, "batch=8;loss=mse", strlen("batch=8;loss=mse"));
    text[SLUICE_PIPELINE_MAX_TEXT - 1] = '\0';
    sluice_pipeline_destroy(parse(text, NULL));
    stop();
}
END_TEST

START_TEST(memory_comes_from_the_allocator)
{
    start();
    struct sl_test_allocator own;
    sl_test_allocator_init(&own);
    sluice_pipeline *pipe = NULL;
    ck_assert_int_eq(sluice_pipeline_parse("batch=8; loss=mse", NULL, model,
                                           &own.hooks, &pipe, NULL),
                     SLUICE_OK);
    ck_assert_int_gt(own.n_live, 0);
    sluice_pipeline_destroy(pipe);
    ck_assert_int_eq(own.n_live + own.n_wrong, 0);
    stop();
}
END_TEST

SLUICE_TEST_MAIN("pipeline.text", a_text_and_a_config_make_the_same_pipeline,
                 flags_and_words_are_read, a_custom_schedule_runs,
                 what_is_wrong_in_a_text_is_named,
                 the_list_of_settings_is_whole,
                 a_text_that_is_too_long_is_refused,
                 memory_comes_from_the_allocator)
