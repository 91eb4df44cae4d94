/* What a schedule means to the reference: order, copies, versions, joined W. */
#include <sluice/schedule_passes.h>

#include "support/allocator.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 6, BATCH = 12, DEVICES = 2, MICROBATCHES = 4 };

static sluice_schedule *make(const char *name, sluice_backward_order order)
{
    const sluice_schedule_config config = {.name = name,
                                           .devices = DEVICES,
                                           .microbatches = MICROBATCHES,
                                           .backward_order = order};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(sluice_schedule_generate(&config, &schedule, NULL),
                     SLUICE_OK);
    return schedule;
}

static void assert_order(const char *name, sluice_backward_order asked,
                         sluice_backward_order want)
{
    sluice_schedule *schedule = make(name, asked);
    sluice_backward_order order;
    ck_assert_int_eq(sluice_reference_order(schedule, &order, NULL), SLUICE_OK);
    ck_assert_int_eq(order, want);
    sluice_schedule_destroy(schedule);
}

START_TEST(the_order_of_accumulation_is_read_off_the_schedule)
{
    assert_order("gpipe", SLUICE_REVERSE, SLUICE_REVERSE);
    assert_order("gpipe", SLUICE_IN_ORDER, SLUICE_IN_ORDER);
    assert_order("1f1b", SLUICE_REVERSE, SLUICE_IN_ORDER);
    assert_order("zb-v", SLUICE_REVERSE, SLUICE_IN_ORDER);
    assert_order("looped-bfs", SLUICE_IN_ORDER, SLUICE_REVERSE);
}
END_TEST

static sluice_schedule *by_hand(int stages, const int (*backwards)[3])
{
    static const int places[] = {0, 0};
    sluice_schedule *schedule = NULL;
    ck_assert_int_eq(
        sluice_schedule_create(1, stages, 3, places, NULL, &schedule, NULL),
        SLUICE_OK);
    for (int s = 0; s < stages; s++)
        for (int i = 0; i < 3; i++)
            sluice_schedule_append(
                schedule, 0, (sluice_action){SLUICE_B, s, backwards[s][i]},
                NULL);
    return schedule;
}

static void assert_no_order(int stages, const int (*backwards)[3])
{
    sluice_backward_order order;
    sluice_diag why;
    sluice_schedule *schedule = by_hand(stages, backwards);
    ck_assert_int_eq(sluice_reference_order(schedule, &order, &why),
                     SLUICE_INVALID);
    ck_assert_ptr_nonnull(strstr(why.text, "neither ascending nor descending"));
    ck_assert(!sluice_reference_exists(schedule, false));
    sluice_schedule_destroy(schedule);
}

START_TEST(an_order_of_another_kind_has_no_reference)
{
    static const int shuffled[][3] = {{1, 0, 2}, {0, 2, 1}};
    static const int either[][3] = {{0, 1, 2}, {2, 1, 0}};
    assert_no_order(2, shuffled);
    assert_no_order(2, either);
}
END_TEST

START_TEST(any_order_that_all_stages_have_can_be_followed)
{
    static const int shuffled[][3] = {{1, 0, 2}, {1, 0, 2}};
    sluice_backward_order order;
    sluice_schedule *schedule = by_hand(2, shuffled);
    ck_assert_int_eq(sluice_reference_order(schedule, &order, NULL), SLUICE_OK);
    ck_assert_int_eq(order, SLUICE_IN_ORDER);
    ck_assert(sluice_reference_exists(schedule, false));
    ck_assert(!sluice_reference_exists(schedule, true));
    sluice_schedule_destroy(schedule);
}
END_TEST

static void assert_exists(const char *name, bool plain, bool joined)
{
    sluice_schedule *schedule = make(name, SLUICE_REVERSE);
    ck_assert_int_eq(sluice_reference_exists(schedule, false), plain);
    ck_assert_int_eq(sluice_reference_exists(schedule, true), joined);
    sluice_schedule_destroy(schedule);
}

START_TEST(joined_w_have_a_reference_for_one_copy_and_one_update)
{
    assert_exists("zb-h1", true, true);
    assert_exists("dualpipe", true, false);
    assert_exists("pipedream", true, false);
}
END_TEST

/* A pipeline of `config` and a reference that follows its schedule. */
static void follow_and_step(struct sl_test_problem *problem,
                            sluice_pipeline_config config, const char *what)
{
    struct sl_test_pair pair;
    sluice_schedule *schedule =
        make(config.schedule.name, config.schedule.backward_order);
    config.schedule.devices = DEVICES;
    config.schedule.microbatches = MICROBATCHES;
    ck_assert_int_eq(
        sluice_reference_order(schedule, &config.schedule.backward_order, NULL),
        SLUICE_OK);
    ck_assert_msg(!sl_test_pair_init(&pair, problem, &config), "%s: %s", what,
                  pair.why.text);
    ck_assert_msg(!sluice_reference_follow(pair.ref, schedule, config.partition,
                                           config.join_weights, &pair.why),
                  "%s: %s", what, pair.why.text);
    long wrong =
        sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, BATCH, BATCH);
    ck_assert_msg(!wrong, "%s: %ld values differ; %s", what, wrong, pair.text);
    sl_test_pair_fini(&pair);
    sluice_schedule_destroy(schedule);
}

START_TEST(a_reference_that_follows_has_the_bits_of_the_pipeline)
{
    static const int cut[] = {4, 2};
    struct sl_test_problem problem;
    sluice_pipeline_config config;
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_DROPOUT, LAYERS, BATCH, NULL),
        SLUICE_OK);
    config = problem.config;
    config.schedule.name = "1f1b";
    follow_and_step(&problem, config, "1f1b");
    config.schedule.name = "dualpipe";
    follow_and_step(&problem, config, "dualpipe");
    config.schedule.name = "seq1f1b";
    follow_and_step(&problem, config, "seq1f1b");
    config.schedule.name = "pipedream";
    follow_and_step(&problem, config, "pipedream");
    config.cut = SLUICE_CUT_LIST;
    config.partition = cut;
    follow_and_step(&problem, config, "pipedream, cut 4,2");
    config.schedule.name = "zb-h1";
    config.join_weights = true;
    follow_and_step(&problem, config, "zb-h1, joined, cut 4,2");
    sl_test_problem_fini(&problem);
}
END_TEST

static void assert_refused(const struct sl_test_problem *problem,
                           const char *name, int microbatches,
                           const int *partition, bool join, const char *text)
{
    sluice_reference *ref = NULL;
    sluice_diag why = {.text = ""};
    sluice_pipeline_config config = problem->config;
    sluice_schedule *schedule = make(name, SLUICE_REVERSE);
    config.schedule.microbatches = microbatches;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert_int_eq(
        sluice_reference_create(&config, problem->model, &ref, NULL),
        SLUICE_OK);
    ck_assert_int_eq(
        sluice_reference_follow(ref, schedule, partition, join, &why),
        SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, text), "\"%s\"", why.text);
    sluice_reference_destroy(ref);
    sluice_schedule_destroy(schedule);
}

START_TEST(what_a_reference_cannot_follow_is_refused)
{
    static const int short_cut[] = {2, 2};
    struct sl_test_problem problem;
    ck_assert_int_eq(
        sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH, NULL),
        SLUICE_OK);
    assert_refused(&problem, "1f1b", 3, NULL, false,
                   "the schedule has 4 micro-batches, the reference 3");
    assert_refused(&problem, "pipedream", MICROBATCHES, short_cut, false, "");
    assert_refused(&problem, "dualpipe", MICROBATCHES, NULL, true,
                   "2 copies of the model");
    assert_refused(&problem, "pipedream", MICROBATCHES, NULL, true,
                   "cannot be joined: the reference has weight versions");
    sl_test_problem_fini(&problem);
}
END_TEST

static void sweep(struct sl_test_problem *problem,
                  struct sl_test_allocator *memory, const char *name, bool join)
{
    sluice_pipeline_config config = problem->config;
    sluice_schedule *schedule = make(name, SLUICE_REVERSE);
    sluice_status st = SLUICE_NO_MEMORY;
    config.schedule.microbatches = MICROBATCHES;
    config.schedule.backward_order = SLUICE_IN_ORDER;
    for (long at = 1; st == SLUICE_NO_MEMORY && at < 1000; at++) {
        sluice_reference *ref = NULL;
        sl_test_allocator_arm(memory, 0, false);
        ck_assert_int_eq(
            sluice_reference_create(&config, problem->model, &ref, NULL),
            SLUICE_OK);
        sl_test_allocator_arm(memory, at, false);
        st = sluice_reference_follow(ref, schedule, NULL, join, NULL);
        ck_assert_int_eq(st == SLUICE_OK, !sl_test_allocator_failed(memory));
        sluice_reference_destroy(ref);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    sluice_schedule_destroy(schedule);
}

START_TEST(every_allocation_may_fail)
{
    struct sl_test_problem problem;
    struct sl_test_allocator memory;
    sl_test_allocator_init(&memory);
    ck_assert_int_eq(sl_test_problem_init(&problem, SL_TEST_RELU, LAYERS, BATCH,
                                          &memory.hooks),
                     SLUICE_OK);
    sweep(&problem, &memory, "dualpipe", false);
    sweep(&problem, &memory, "pipedream", false);
    sweep(&problem, &memory, "zb-h1", true);
    sl_test_problem_fini(&problem);
    ck_assert_int_eq(memory.n_live, 0);
    ck_assert_int_eq(memory.n_wrong, 0);
}
END_TEST

SLUICE_TEST_MAIN("reference.follow",
                 the_order_of_accumulation_is_read_off_the_schedule,
                 an_order_of_another_kind_has_no_reference,
                 any_order_that_all_stages_have_can_be_followed,
                 joined_w_have_a_reference_for_one_copy_and_one_update,
                 a_reference_that_follows_has_the_bits_of_the_pipeline,
                 what_a_reference_cannot_follow_is_refused,
                 every_allocation_may_fail)
