/* What the watchdog makes of what it sees, on a clock of the test's own. */
#include <stdio.h>

#include "pipeline/pipeline.h"
#include "pipeline/watch/watchdog.h"
#include "support/guarded.h"
#include "support/problem.h"
#include "support/runner.h"

enum { LIMIT = 1600, PERIOD = LIMIT / 16 + 1, DEVICES = 2, MANY = 80 };

struct heard {
    int n;
    sluice_activity last;
};

static void hear(void *context, sluice_pipeline *pipe,
                 const sluice_activity *activity, int64_t stuck_ns)
{
    struct heard *heard = context;
    (void)pipe;
    ck_assert_int_ge(stuck_ns, LIMIT);
    heard->n++;
    heard->last = *activity;
}

/* A pipeline whose devices rest: the test says where they are. */
static sluice_pipeline *make_of(struct sl_test_problem *p, struct heard *heard,
                                int team, int replicas)
{
    sluice_pipeline *pipe;
    sluice_diag why;
    *heard = (struct heard){.n = 0};
    sl_test_problem_init(p, SL_TEST_PROBE, 2, (int64_t)MANY * replicas, NULL);
    sluice_pipeline_config config = p->config;
    config.schedule.name = "gpipe";
    config.schedule.devices = DEVICES;
    config.team = team;
    config.replicas = replicas;
    config.schedule.microbatches = MANY;
    config.watchdog_ns = LIMIT;
    config.on_stuck = hear;
    config.stuck_context = heard;
    config.allocator = &guarded; /* nobody looks at one device too many */
    ck_assert_msg(!sluice_pipeline_create(&config, p->model, &pipe, &why), "%s",
                  why.text);
    return pipe;
}

static sluice_pipeline *make(struct sl_test_problem *p, struct heard *heard)
{
    return make_of(p, heard, 1, 1);
}

static void fini(sluice_pipeline *pipe, struct sl_test_problem *p)
{
    sluice_pipeline_destroy(pipe);
    sl_test_problem_fini(p);
}

static void put(sluice_pipeline *pipe, int device, int op, sluice_doing doing)
{
    sl_place_at(&pipe->devices[device].place, true, op);
    sl_place_does(&pipe->devices[device].place, doing);
}

/* Look n times, at the times when the caller would. */
static int64_t look(sluice_pipeline *pipe, int64_t now, int n)
{
    for (int i = 0; i < n; i++) {
        now += PERIOD;
        sl_watchdog_look(pipe, now);
    }
    return now;
}

START_TEST(who_stays_is_reported_once_and_not_before_its_time)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 1, 3, SLUICE_RUNNING);
    int64_t now = look(pipe, 0, 16);
    ck_assert_int_eq(heard.n, 0);
    now = look(pipe, now, 100);
    ck_assert_int_eq(heard.n, 1);
    ck_assert_int_eq(heard.last.device, 1);
    ck_assert_str_eq(heard.last.operation, "1F3");
    put(pipe, 1, 4, SLUICE_RUNNING);
    now = look(pipe, now, 16);
    ck_assert_int_eq(heard.n, 1);
    look(pipe, now, 1);
    ck_assert_int_eq(heard.n, 2);
    fini(pipe, &p);
}
END_TEST

START_TEST(an_age_of_exactly_the_limit_is_reported)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 1, 3, SLUICE_RUNNING);
    for (int64_t now = 0; now < LIMIT; now += LIMIT / 16)
        sl_watchdog_look(pipe, now);
    ck_assert_int_eq(heard.n, 0);
    sl_watchdog_look(pipe, LIMIT);
    ck_assert_int_eq(heard.n, 1);
    ck_assert_int_eq(sl_watchdog_period(&pipe->watchdog), PERIOD);
    fini(pipe, &p);
}
END_TEST

START_TEST(who_goes_on_is_not_reported)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    int64_t now = 0;
    sl_watchdog_begin(pipe, now);
    for (int op = 0; op < 50; op++) {
        put(pipe, op % DEVICES, op, SLUICE_RUNNING);
        put(pipe, (op + 1) % DEVICES, op, SLUICE_WAITS_INPUT);
        now = look(pipe, now, 16);
    }
    ck_assert_int_eq(heard.n, 0);
    fini(pipe, &p);
}
END_TEST

START_TEST(time_in_which_the_process_was_stopped_does_not_count)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 0, 3, SLUICE_RUNNING);
    int64_t now = look(pipe, 0, 10);
    sl_watchdog_look(pipe, now + 1000 * (int64_t)LIMIT);
    ck_assert_int_eq(heard.n, 0);
    fini(pipe, &p);
}
END_TEST

START_TEST(a_standstill_of_all_is_reported)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 0, 2, SLUICE_WAITS_ROOM);
    put(pipe, 1, 0, SLUICE_RUNNING);
    int64_t now = look(pipe, 0, 10);
    put(pipe, 1, 0, SLUICE_WAITS_INPUT);
    now = look(pipe, now, 16);
    ck_assert_int_eq(heard.n, 0);
    look(pipe, now, 100);
    ck_assert_int_eq(heard.n, 1);
    ck_assert_int_eq(heard.last.device, 0);
    ck_assert_int_eq(heard.last.waits_for, 1);
    fini(pipe, &p);
}
END_TEST

/* A device without work says nothing about the others. */
START_TEST(a_standstill_beside_a_device_at_rest_is_reported)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 0, 1, SLUICE_IDLE);
    put(pipe, 1, 0, SLUICE_WAITS_INPUT);
    for (int64_t now = 0; now < LIMIT; now += LIMIT / 16)
        sl_watchdog_look(pipe, now);
    ck_assert_int_eq(heard.n, 0);
    sl_watchdog_look(pipe, LIMIT);
    ck_assert_int_eq(heard.n, 1);
    ck_assert_int_eq(heard.last.device, 1);
    put(pipe, 0, 1, SLUICE_WAITS_ROOM); /* it is the same standstill */
    look(pipe, LIMIT, 100);
    ck_assert_int_eq(heard.n, 1);
    fini(pipe, &p);
}
END_TEST

START_TEST(a_standstill_is_told_once_though_others_wait_longer)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 0, 2, SLUICE_WAITS_ROOM);
    put(pipe, 1, 1, SLUICE_WAITS_INPUT);
    look(pipe, 0, 300);
    ck_assert_int_eq(heard.n, 1);
    ck_assert_int_eq(heard.last.device, 0);
    fini(pipe, &p);
}
END_TEST

/* Another job begins: what was seen in the last one is forgotten. */
START_TEST(a_new_job_begins_with_no_age)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 1, 3, SLUICE_RUNNING);
    int64_t now = look(pipe, 0, 16);
    sl_watchdog_begin(pipe, now);
    now = look(pipe, now, 16);
    ck_assert_int_eq(heard.n, 0);
    look(pipe, now, 1);
    ck_assert_int_eq(heard.n, 1);
    fini(pipe, &p);
}
END_TEST

START_TEST(without_a_limit_it_looks_at_nothing)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make(&p, &heard);
    pipe->watchdog.limit_ns = 0;
    ck_assert_int_eq(sl_watchdog_period(&pipe->watchdog), SL_GATE_RECHECK_NS);
    sl_watchdog_begin(pipe, 0);
    put(pipe, 1, 3, SLUICE_RUNNING);
    look(pipe, 0, 100);
    ck_assert_int_eq(heard.n, 0);
    pipe->watchdog.limit_ns = 100 * (int64_t)SL_GATE_RECHECK_NS;
    ck_assert_int_eq(sl_watchdog_period(&pipe->watchdog), SL_GATE_RECHECK_NS);
    pipe->watchdog.limit_ns = LIMIT;
    fini(pipe, &p);
}
END_TEST

START_TEST(the_last_64_operations_are_remembered)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_activity a;
    sluice_pipeline *pipe = make(&p, &heard);
    put(pipe, 1, 70, SLUICE_RUNNING);
    sluice_pipeline_activity(pipe, 1, &a);
    ck_assert_int_eq(a.n_recent, SLUICE_RECENT);
    ck_assert_str_eq(a.recent[0], "1F6");
    ck_assert_str_eq(a.recent[SLUICE_RECENT - 1], "1F69");
    ck_assert_str_eq(a.operation, "1F70");
    fini(pipe, &p);
}
END_TEST

START_TEST(a_meeting_waits_for_those_that_have_not_come)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_activity a;
    sluice_pipeline *pipe = make(&p, &heard);
    const struct sl_program *program = pipe->devices[0].train;
    int agree = 0;
    while (program->ops[agree].kind != SL_OP_AGREE)
        agree++;
    put(pipe, 0, agree, SLUICE_MEETING);
    put(pipe, 1, 4, SLUICE_RUNNING);
    sluice_pipeline_activity(pipe, 0, &a);
    ck_assert_str_eq(a.operation, "agree");
    ck_assert_int_eq(a.waits_for, 1);
    put(pipe, 1, agree, SLUICE_MEETING);
    sluice_pipeline_activity(pipe, 0, &a);
    ck_assert_int_eq(a.waits_for, -1);
    fini(pipe, &p);
}
END_TEST

static int waits_for(const sluice_pipeline *pipe, int device)
{
    sluice_activity a;
    sluice_pipeline_activity(pipe, device, &a);
    return a.waits_for;
}

/* It may be seen as it looks for skip connections, of which it has none. */
START_TEST(a_device_without_a_neighbour_waits_for_nobody)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_activity a;
    char text[SLUICE_ACTIVITY_TEXT];
    sluice_pipeline *pipe = make(&p, &heard);
    const struct sl_program *program = pipe->devices[1].train;
    int backward = 0;
    while (program->ops[backward].kind != SL_OP_B)
        backward++;
    put(pipe, 0, 0, SLUICE_WAITS_INPUT);
    put(pipe, 1, 0, SLUICE_WAITS_ROOM);
    ck_assert_int_eq(waits_for(pipe, 0), -1);
    ck_assert_int_eq(waits_for(pipe, 1), -1);
    sluice_pipeline_activity(pipe, 0, &a);
    ck_assert_str_eq(sluice_activity_format(&a, text, sizeof text),
                     "device 0 has all it needs for 0F0");
    put(pipe, 0, backward, SLUICE_WAITS_ROOM);
    put(pipe, 1, backward, SLUICE_WAITS_INPUT);
    ck_assert_int_eq(waits_for(pipe, 0), -1);
    ck_assert_int_eq(waits_for(pipe, 1), -1);
    fini(pipe, &p);
}
END_TEST

/* Devices 2 r K + t k + s: of two replicas, two places and teams of two. */
START_TEST(a_device_of_a_team_waits_for_its_mate)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make_of(&p, &heard, 2, 2);
    for (int d = 0; d < 8; d++)
        put(pipe, d, 4, SLUICE_RUNNING);
    put(pipe, 6, 5, SLUICE_MEETING);
    ck_assert_int_eq(waits_for(pipe, 6), 7);
    put(pipe, 7, 5, SLUICE_WAITS_INPUT);
    ck_assert_int_eq(waits_for(pipe, 6), 7);
    put(pipe, 7, 5, SLUICE_MEETING);
    ck_assert_int_eq(waits_for(pipe, 6), -1);
    sl_place_at(&pipe->devices[6].place, true, 5);
    sl_place_runs(&pipe->devices[6].place, SL_LAYER_RUNS);
    sl_place_waits(&pipe->devices[6].place, true);
    put(pipe, 7, 5, SLUICE_RUNNING);
    ck_assert_int_eq(waits_for(pipe, 6), 7);
    put(pipe, 7, 6, SLUICE_RUNNING);
    ck_assert_int_eq(waits_for(pipe, 6), -1);
    fini(pipe, &p);
}
END_TEST

/* Replicas add up the gradients of each shard for itself. */
START_TEST(a_device_that_adds_up_waits_for_one_with_the_same_shard)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_pipeline *pipe = make_of(&p, &heard, 2, 2);
    const struct sl_program *program = pipe->devices[1].train;
    int op = 0;
    while (program->ops[op].kind != SL_OP_REDUCE_SCATTER)
        op++;
    for (int d = 0; d < 8; d++)
        put(pipe, d, 4, SLUICE_RUNNING);
    put(pipe, 1, op, SLUICE_MEETING);
    ck_assert_int_eq(waits_for(pipe, 1), 5);
    put(pipe, 5, op, SLUICE_MEETING);
    ck_assert_int_eq(waits_for(pipe, 1), -1);
    fini(pipe, &p);
}
END_TEST

START_TEST(an_activity_has_a_sentence)
{
    struct sl_test_problem p = {.n_rows = 0};
    struct heard heard;
    sluice_activity a;
    char text[SLUICE_ACTIVITY_TEXT];
    sluice_pipeline *pipe = make(&p, &heard);
    sluice_pipeline_activity(pipe, 0, &a);
    ck_assert_str_eq(sluice_activity_format(&a, text, sizeof text),
                     "device 0 has nothing to do");
    put(pipe, 1, 2, SLUICE_WAITS_INPUT);
    sluice_pipeline_activity(pipe, 1, &a);
    ck_assert_str_eq(sluice_activity_format(&a, text, sizeof text),
                     "device 1 waits for device 0 for the input of 1F2; "
                     "before: 1F0 1F1");
    ck_assert_str_eq(sluice_activity_format(&a, text, 9), "device 1");
    sl_place_at(&pipe->devices[1].place, true, 1);
    sl_place_runs(&pipe->devices[1].place, SL_LAYER_RUNS);
    sluice_pipeline_activity(pipe, 1, &a);
    a.part = "linear";
    ck_assert_str_eq(sluice_activity_format(&a, text, sizeof text),
                     "device 1 runs 1F1, layer 1 (linear); before: 1F0");
    fini(pipe, &p);
}
END_TEST

SLUICE_TEST_MAIN("watchdog_looks",
                 who_stays_is_reported_once_and_not_before_its_time,
                 an_age_of_exactly_the_limit_is_reported,
                 who_goes_on_is_not_reported,
                 time_in_which_the_process_was_stopped_does_not_count,
                 a_standstill_of_all_is_reported,
                 a_standstill_beside_a_device_at_rest_is_reported,
                 a_standstill_is_told_once_though_others_wait_longer,
                 a_new_job_begins_with_no_age,
                 without_a_limit_it_looks_at_nothing,
                 the_last_64_operations_are_remembered,
                 a_meeting_waits_for_those_that_have_not_come,
                 a_device_without_a_neighbour_waits_for_nobody,
                 a_device_of_a_team_waits_for_its_mate,
                 a_device_that_adds_up_waits_for_one_with_the_same_shard,
                 an_activity_has_a_sentence)
