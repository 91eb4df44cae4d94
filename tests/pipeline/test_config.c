/* The schedule in a pipeline's configuration: its defaults, its allocator, and
 * what a custom schedule leaves of it. */
#include <string.h>

#include "support/allocator.h"
#include "support/problem.h"
#include "support/runner.h"

enum { LAYERS = 3, BATCH = 4 };

static struct sl_test_problem problem;

static sluice_pipeline_config start(void)
{
    problem = (struct sl_test_problem){0};
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
        SLUICE_OK);
    return problem.config;
}

static sluice_pipeline *create(const sluice_pipeline_config *config)
{
    sluice_diag why = {.text = ""};
    sluice_pipeline *pipe = NULL;
    ck_assert_msg(!sluice_pipeline_create(config, problem.model, &pipe, &why),
                  "%s", why.text);
    return pipe;
}

static void finish(sluice_pipeline *pipe)
{
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(&problem);
}

START_TEST(zeros_mean_one_device_and_one_microbatch_of_gpipe)
{
    char text[64];
    sluice_pipeline_config config = start();
    config.schedule = (sluice_schedule_config){0};
    sluice_pipeline *pipe = create(&config);
    sluice_schedule_format(sluice_pipeline_schedule(pipe), text, sizeof text);
    ck_assert_str_eq(text, "0:     0F0     0B0 0UPDATE\n");
    finish(pipe);
}
END_TEST

START_TEST(the_schedule_comes_from_its_own_allocator_if_it_has_one)
{
    struct sl_test_allocator own;
    struct sl_test_allocator all;
    for (int given = 0; given < 2; given++) {
        sl_test_allocator_init(&own);
        sl_test_allocator_init(&all);
        sluice_pipeline_config config = start();
        config.allocator = &all.hooks;
        config.schedule.allocator = given ? &own.hooks : NULL;
        sluice_pipeline *pipe = create(&config);
        ck_assert_int_eq(own.n_live > 0, given);
        ck_assert_int_gt(all.n_live, 0);
        finish(pipe);
        ck_assert_int_eq(own.n_live + all.n_live, 0);
        ck_assert_int_eq(own.n_wrong + all.n_wrong, 0);
    }
}
END_TEST

static void assert_refused(const sluice_pipeline_config *config,
                           const char *says)
{
    sluice_diag why = {.text = ""};
    sluice_pipeline *pipe;
    ck_assert_int_eq(sluice_pipeline_create(config, problem.model, &pipe, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, says), "%s", why.text);
}

START_TEST(a_custom_schedule_replaces_all_but_the_sizes_which_must_agree)
{
    sluice_schedule *custom =
        sl_test_runnable("1f1b", 2, 4, SLUICE_QUEUE_CAPACITY);
    sluice_pipeline_config config = start();
    config.custom = custom;
    config.schedule = (sluice_schedule_config){
        .name = "no-such-generator",
        .backward_order = (sluice_backward_order)77,
        .chunks = -1,
        .group = -1,
        .warm_up = -1,
    };
    config.remat = (sluice_remat)77;
    sluice_pipeline_destroy(create(&config));
    config.schedule.devices = 2;
    config.schedule.microbatches = 4;
    sluice_pipeline_destroy(create(&config));
    config.schedule.devices = 3;
    assert_refused(&config, "3 devices asked for, but the custom schedule has "
                            "2; leave `schedule.devices` 0");
    config.schedule.devices = 0;
    config.schedule.microbatches = 5;
    assert_refused(&config,
                   "5 micro-batches asked for, but the custom schedule has 4; "
                   "leave `schedule.microbatches` 0");
    sluice_schedule_destroy(custom);
    sl_test_problem_fini(&problem);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.config",
                 zeros_mean_one_device_and_one_microbatch_of_gpipe,
                 the_schedule_comes_from_its_own_allocator_if_it_has_one,
                 a_custom_schedule_replaces_all_but_the_sizes_which_must_agree)
