/*
 * Schedules of one's own: the pipeline runs whatever the verifier accepts, and
 * the bits follow from the order of the weight gradients alone.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/process.h"
#include "support/runner.h"

enum { LAYERS = 8, BATCH = 11 };

/* A device's list from a text: "0F0 0F1 0I1 0W1 ... 0UPDATE". */
static void append_list(sluice_schedule *schedule, int device, const char *text)
{
    static const char *const kinds[] = {"F", "B", "I", "W",
                                        "R", "S", "T", "UPDATE"};
    int stage, used;
    char kind[8];
    for (; sscanf(text, " %d%7[A-Z]%n", &stage, kind, &used) == 2;
         text += used) {
        sluice_action action = {.kind = -1, .stage = stage, .microbatch = -1};
        for (int k = 0; k <= SLUICE_UPDATE; k++)
            if (!strcmp(kind, kinds[k]))
                action.kind = k;
        text += used;
        used = 0;
        if (action.kind != SLUICE_UPDATE)
            ck_assert_int_eq(sscanf(text, "%d%n", &action.microbatch, &used),
                             1);
        ck_assert_int_eq(sluice_schedule_append(schedule, device, action, NULL),
                         SLUICE_OK);
    }
}

static sluice_schedule *make(int devices, int stages, int microbatches,
                             const int *stage_device, const char *const *lists)
{
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_create(devices, stages, microbatches,
                                            stage_device, NULL, &schedule,
                                            NULL),
                     SLUICE_OK);
    for (int d = 0; d < devices; d++)
        append_list(schedule, d, lists[d]);
    return schedule;
}

/* Three models under a schedule, three queue capacities, some steps. */
static void check(const sluice_schedule *schedule, sluice_backward_order order)
{
    for (int i = 0; i < 3 * SL_TEST_KINDS; i++) {
        struct sl_test_problem p = {0};
        struct sl_test_pair pair;
        if (sl_test_skips())
            continue;
        sl_test_problem_init(&p, (enum sl_test_kind)(i / 3), LAYERS, BATCH,
                             NULL);
        sluice_pipeline_config config = p.config;
        config.custom = schedule;
        config.schedule.microbatches = sluice_schedule_n_microbatches(schedule);
        config.schedule.backward_order = order;
        config.queue_capacity = 2 + i % 3;
        ck_assert_msg(!sl_test_pair_init(&pair, &p, &config), "%s",
                      pair.why.text);
        ck_assert_int_eq(sluice_pipeline_n_devices(pair.pipe),
                         sluice_schedule_n_devices(schedule));
        long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 5) +
                     sl_test_step(&pair, 2, 1) +
                     sl_test_evaluate(&pair, 3, BATCH + 2) +
                     sl_test_infer(&pair, 1, 3) + sl_test_step(&pair, 1, BATCH);
        ck_assert_msg(!wrong, "kind %d: %s", i / 3, pair.text);
        sl_test_pair_fini(&pair);
        sl_test_problem_fini(&p);
    }
}

START_TEST(a_split_backward_equals_the_reference)
{
    sluice_schedule *schedule = make(
        2, 2, 3, (const int[]){0, 1},
        (const char *const[]){"0F0 0F1 0F2 0I0 0I1 0I2 0W0 0W1 0W2 0UPDATE",
                              "1F0 1I0 1F1 1I1 1W0 1F2 1I2 1W1 1W2 1UPDATE"});
    check(schedule, SLUICE_IN_ORDER);
    sluice_schedule_destroy(schedule);
}
END_TEST

/* Sends and receives are left out again, so the bits are those of the plain
 * schedule. */
START_TEST(a_lowered_schedule_equals_the_reference)
{
    static const sluice_schedule_config config = {
        .name = "1f1b", .devices = 3, .microbatches = 4};
    sluice_schedule *plain, *lowered;
    ck_assert_int_eq(sluice_schedule_generate(&config, &plain, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_lower(plain, 0, &lowered, NULL),
                     SLUICE_OK);
    check(lowered, SLUICE_IN_ORDER);
    sluice_schedule_destroy(lowered);
    sluice_schedule_destroy(plain);
}
END_TEST

static void assert_create_refused(const sluice_schedule *schedule,
                                  const char *says)
{
    struct sl_test_problem p = {0};
    sluice_pipeline *pipe;
    sluice_diag why = {.text = ""};
    sl_test_problem_init(&p, (enum sl_test_kind)0, LAYERS, BATCH, NULL);
    sluice_pipeline_config config = p.config;
    config.custom = schedule;
    config.schedule.microbatches = 0;
    config.schedule.devices = 0;
    ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, &why),
                     SLUICE_SCHEDULE);
    ck_assert_msg(strstr(why.text, says) != NULL, "%s", why.text);
    sl_test_problem_fini(&p);
}

START_TEST(a_lowered_schedule_must_run_as_it_is_and_raised)
{
    static const char lacking[] = "0F0,0SEND_F0,0RECV_B0,0B0\n"
                                  "1RECV_F0,1F0,1B0\n";
    /* The forwards of the second device are not in the order of its RECVs. */
    static const char crossed[] =
        "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0B0,0RECV_B1,0B1\n"
        "1RECV_F0,1RECV_F1,1F1,1F0,1B0,1SEND_B0,1B1,1SEND_B1\n";
    sluice_schedule *schedule;
    ck_assert_int_eq(sluice_schedule_parse_csv(lacking, strlen(lacking),
                                               SLUICE_CSV_NEW, NULL, &schedule,
                                               NULL),
                     SLUICE_OK);
    assert_create_refused(schedule, "1SEND_B0 is missing");
    sluice_schedule_destroy(schedule);
    ck_assert_int_eq(sluice_schedule_parse_csv(crossed, strlen(crossed),
                                               SLUICE_CSV_NEW, NULL, &schedule,
                                               NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_schedule_verify(
                         schedule, &(sluice_verify_config){0}, NULL, NULL),
                     SLUICE_OK);
    assert_create_refused(schedule, "hand-off: 1F1");
    sluice_schedule_destroy(schedule);
}
END_TEST

/* How often layers were handed their y. */
struct sight {
    atomic_int forward, input, weight; /* [atomic] passes with y */
    atomic_int all_weight;             /* [atomic] all weight passes */
};

static sluice_status look_for_y(void *context, const struct sl_test_cell *cell)
{
    struct sight *sight = context;
    if (cell->layer < 0)
        return SLUICE_OK; /* the loss */
    atomic_int *n = cell->pass == SL_TEST_FORWARD ? &sight->forward
                    : cell->pass == SL_TEST_INPUT ? &sight->input
                                                  : &sight->weight;
    atomic_fetch_add(&sight->all_weight, cell->pass == SL_TEST_WEIGHT);
    atomic_fetch_add(n, cell->has_y);
    return SLUICE_OK;
}

/* After an I the slot of y may have been filled anew, so no W sees it, not even
 * that of a B. */
START_TEST(a_weight_pass_is_not_handed_its_y)
{
    enum { M = 2 };
    static const char *const lists[][2] = {
        {"0F0 0F1 0I0 0I1 0W0 0W1 0UPDATE", "1F0 1I0 1F1 1W0 1I1 1W1 1UPDATE"},
        {"0F0 0F1 0B0 0B1 0UPDATE", "1F0 1B0 1F1 1B1 1UPDATE"},
    };
    for (int i = 0; i < 2; i++) {
        struct sight sight = {0};
        struct sl_test_problem p = {.probe = {look_for_y, &sight}};
        sluice_pipeline *pipe;
        sluice_schedule *schedule =
            make(2, 2, M, (const int[]){0, 1}, lists[i]);
        sl_test_problem_init(&p, SL_TEST_PROBE, LAYERS, BATCH, NULL);
        p.config.custom = schedule;
        ck_assert_int_eq(
            sluice_pipeline_create(&p.config, p.model, &pipe, NULL), SLUICE_OK);
        ck_assert_int_eq(
            sluice_pipeline_step(pipe, p.x, p.targets, BATCH, NULL, NULL),
            SLUICE_OK);
        ck_assert_int_eq(sight.forward, LAYERS * M);
        ck_assert_int_eq(sight.input, LAYERS * M);
        ck_assert_int_eq(sight.all_weight, LAYERS * M);
        ck_assert_int_eq(sight.weight, 0);
        sluice_pipeline_destroy(pipe);
        sluice_schedule_destroy(schedule);
        sl_test_problem_fini(&p);
    }
}
END_TEST

START_TEST(stages_of_a_device_may_be_apart)
{
    /* Four stages in a loop over two devices. */
    sluice_schedule *schedule =
        make(2, 4, 2, (const int[]){0, 1, 0, 1},
             (const char *const[]){
                 "0F0 0F1 2F0 2F1 2B0 2B1 0B0 0B1 0UPDATE 2UPDATE",
                 "1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1 1UPDATE 3UPDATE"});
    check(schedule, SLUICE_IN_ORDER);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(stages_of_a_device_may_be_neighbours)
{
    /* A V over two devices: the middle stages hand over within device 1. */
    sluice_schedule *schedule =
        make(2, 4, 2, (const int[]){0, 1, 1, 0},
             (const char *const[]){
                 "0F0 0F1 3F0 3F1 3B1 3B0 0B1 0B0 0UPDATE 3UPDATE",
                 "1F0 2F0 1F1 2F1 2B1 1B1 2B0 1B0 1UPDATE 2UPDATE"});
    check(schedule, SLUICE_REVERSE);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(a_recompute_may_come_early)
{
    sluice_schedule *schedule =
        make(2, 2, 2, (const int[]){0, 1},
             (const char *const[]){"0F0 0F1 0R0 0R1 0B0 0B1 0UPDATE",
                                   "1F0 1F1 1R1 1R0 1B0 1B1 1UPDATE"});
    check(schedule, SLUICE_IN_ORDER);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(devices_may_be_in_any_order)
{
    sluice_schedule *schedule =
        make(3, 3, 2, (const int[]){2, 0, 1},
             (const char *const[]){"1F0 1F1 1B1 1B0 1UPDATE",
                                   "2F0 2F1 2B1 2B0 2UPDATE",
                                   "0F0 0F1 0B1 0B0 0UPDATE"});
    check(schedule, SLUICE_REVERSE);
    sluice_schedule_destroy(schedule);
}
END_TEST

START_TEST(the_schedule_may_go_once_the_pipeline_is_there)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sluice_schedule *schedule = make(1, 1, 1, (const int[]){0},
                                     (const char *const[]){"0F0 0B0 0UPDATE"});
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.custom = schedule;
    ck_assert_int_eq(sl_test_pair_init(&pair, &p, &p.config), SLUICE_OK);
    sluice_schedule_destroy(schedule);
    p.config.custom = NULL;
    ck_assert_msg(!sl_test_step(&pair, 0, BATCH), "%s", pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(what_the_verifier_refuses_does_not_start)
{
    static const char *const bad[][2] = {
        {"0F0 0F1 0B1 0B0 0UPDATE", "1F0 1F1 1B1 1UPDATE"},     /* missing */
        {"0F0 0F1 0B1 0B0 0UPDATE", "1F1 1F0 1B1 1B0 1UPDATE"}, /* hand-off */
        {"0F0 0B0 0F1 0B1 0UPDATE", "1F0 1F1 1B0 1B1 1UPDATE"}, /* deadlock */
        {"0B1 0F0 0F1 0B0 0UPDATE", "1F0 1F1 1B1 1B0 1UPDATE"}, /* order */
    };
    struct sl_test_problem p = {0};
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    int threads = sl_test_threads_at_rest();
    for (int i = 0; i < 4; i++) {
        sluice_schedule *schedule = make(2, 2, 2, (const int[]){0, 1}, bad[i]);
        sluice_pipeline *pipe = NULL;
        sluice_diag why = {0};
        sluice_pipeline_config config = p.config;
        config.custom = schedule;
        ck_assert_int_eq(sluice_pipeline_create(&config, p.model, &pipe, &why),
                         SLUICE_SCHEDULE);
        ck_assert_ptr_null(pipe);
        ck_assert_int_eq(why.status, SLUICE_SCHEDULE);
        ck_assert_int_gt(strlen(why.text), 10);
        ck_assert_int_le(sl_test_threads(), threads);
        sluice_schedule_destroy(schedule);
    }
    sl_test_problem_fini(&p);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.custom", a_split_backward_equals_the_reference,
                 a_lowered_schedule_equals_the_reference,
                 a_lowered_schedule_must_run_as_it_is_and_raised,
                 a_weight_pass_is_not_handed_its_y,
                 stages_of_a_device_may_be_apart,
                 stages_of_a_device_may_be_neighbours,
                 a_recompute_may_come_early, devices_may_be_in_any_order,
                 the_schedule_may_go_once_the_pipeline_is_there,
                 what_the_verifier_refuses_does_not_start)
