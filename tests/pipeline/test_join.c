/*
 * join_weights: the W that a schedule puts next to each other, taken as one
 * product.  What a run is, is read from the schedule here, for the reference.
 */
#include <stdatomic.h>
#include <string.h>

#include "support/allocator.h"
#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 9, BATCH = 16, MAX_STAGES = 8, MAX_M = 8 };

static sluice_diag why;

/* Layers of each stage, uneven. */
static void make_partition(int stages, int partition[])
{
    for (int s = 0; s < stages; s++)
        partition[s] = 1;
    partition[stages / 2] += LAYERS - stages;
}

/* The runs of W of a stage, in the order of its list; returns how many. */
static int find_runs(const sluice_schedule *schedule, int stage,
                     int runs[MAX_M])
{
    int n_actions, n = 0, next = -1;
    const sluice_action *list = sluice_schedule_actions(
        schedule, sluice_schedule_stage_device(schedule, stage), &n_actions);
    for (int i = 0; i < n_actions; i++) {
        bool is_w = list[i].kind == SLUICE_W && list[i].stage == stage;
        if (is_w && list[i].microbatch == next)
            runs[n - 1]++;
        else if (is_w)
            runs[n++] = 1;
        next = is_w ? list[i].microbatch + 1 : -1;
    }
    return n;
}

/* Tell the reference; returns the longest run. */
static int join_reference(sluice_reference *ref,
                          const sluice_schedule *schedule, const int *partition)
{
    int layer = 0, longest = 0;
    for (int s = 0; s < sluice_schedule_n_stages(schedule); s++) {
        int runs[MAX_M];
        int n = find_runs(schedule, s, runs);
        for (int i = 0; i < n; i++)
            longest = runs[i] > longest ? runs[i] : longest;
        for (int i = 0; i < partition[s]; i++)
            ck_assert_msg(!sluice_reference_join(ref, layer++, runs, n, &why),
                          "%s", why.text);
    }
    return longest;
}

static long run_steps(struct sl_test_pair *pair)
{
    return sl_test_step(pair, 0, BATCH) + sl_test_step(pair, 4, BATCH - 3) +
           sl_test_step(pair, 2, 1) + sl_test_evaluate(pair, 3, BATCH + 2) +
           sl_test_step(pair, 1, BATCH);
}

static void check_bytes(const sluice_pipeline *pipe)
{
    for (int d = 0; d < sluice_pipeline_n_devices(pipe); d++) {
        sluice_device_info info;
        sluice_pipeline_device(pipe, d, &info);
        ck_assert_uint_eq(info.planned.total, info.actual_bytes);
    }
}

/* One schedule; the longest run that it has. */
static int check(enum sl_test_kind kind, const sluice_schedule *schedule,
                 int capacity, int replicas)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    int partition[MAX_STAGES];
    sl_test_problem_init(&p, kind, LAYERS, BATCH, NULL);
    make_partition(sluice_schedule_n_stages(schedule), partition);
    p.config.custom = schedule;
    p.config.schedule.microbatches = sluice_schedule_n_microbatches(schedule);
    p.config.queue_capacity = capacity;
    p.config.replicas = replicas;
    p.config.cut = SLUICE_CUT_LIST;
    p.config.partition = partition;
    p.config.schedule.backward_order = SLUICE_IN_ORDER;
    p.config.join_weights = true;
    ck_assert_msg(!sl_test_pair_init(&pair, &p, &p.config), "%s",
                  pair.why.text);
    check_bytes(pair.pipe);
    int longest = join_reference(pair.ref, schedule, partition);
    long wrong = run_steps(&pair);
    ck_assert_msg(!wrong, "kind %d, K %d, M %d, capacity %d, R %d: %s", kind,
                  sluice_schedule_n_devices(schedule),
                  p.config.schedule.microbatches, capacity, replicas,
                  pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
    return longest;
}

START_TEST(zero_bubble_schedules_equal_the_reference_with_their_runs)
{
    static const char *const names[] = {"zb-h1", "zb-h2", "zb-v"};
    static const int microbatches[] = {2, 4, 5, 8};
    int n = 0, longest = 0;
    for (int i = 0; i < 3; i++)
        for (int k = 1; k <= 4; k++)
            for (int j = 0; j < 4; j++) {
                int capacity = 1 + (i + k + j) % 3;
                sluice_schedule *schedule =
                    sl_test_runnable(names[i], k, microbatches[j], capacity);
                if (!schedule)
                    continue;
                for (int kind = 0; kind < SL_TEST_KINDS; kind++) {
                    if (sl_test_skips_of(2))
                        continue;
                    int run = check((enum sl_test_kind)kind, schedule, capacity,
                                    1 + (k + j) % 2);
                    longest = run > longest ? run : longest;
                }
                sluice_schedule_destroy(schedule);
                n++;
            }
    ck_assert_int_ge(n, 20);
    ck_assert_int_ge(longest, 3);
}
END_TEST

static void append(sluice_schedule *schedule, int device, int kind, int stage,
                   int microbatch)
{
    sluice_action action = {
        .kind = kind, .stage = stage, .microbatch = microbatch};
    ck_assert(!sluice_schedule_append(schedule, device, action, NULL));
}

/* Two stages; the W of each come `group` at a time, behind the last one's I,
 * where `remat` after an R of each. */
static sluice_schedule *grouped(int m, int group, bool remat)
{
    sluice_schedule *schedule;
    ck_assert(!sluice_schedule_create(2, 2, m, (const int[]){0, 1}, NULL,
                                      &schedule, NULL));
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < m && s == 0; i++)
            append(schedule, s, SLUICE_F, s, i);
        for (int i = 0; i < m; i++) {
            if (s == 1)
                append(schedule, s, SLUICE_F, s, i);
            if (remat)
                append(schedule, s, SLUICE_R, s, i);
            append(schedule, s, SLUICE_I, s, i);
            bool ends = (i + 1) % group == 0 || i + 1 == m;
            for (int w = i / group * group; w <= i && ends; w++)
                append(schedule, s, SLUICE_W, s, w);
        }
        append(schedule, s, SLUICE_UPDATE, s, -1);
    }
    return schedule;
}

START_TEST(runs_of_any_length_equal_the_reference)
{
    for (int m = 1; m <= MAX_M; m++)
        for (int group = 1; group <= m; group++) {
            sluice_schedule *schedule = grouped(m, group, (m + group) % 2);
            for (int kind = 0; kind < SL_TEST_KINDS; kind++)
                if (!sl_test_skips_of(2))
                    ck_assert_int_eq(
                        check((enum sl_test_kind)kind, schedule, m + 1, 1),
                        group);
            sluice_schedule_destroy(schedule);
        }
}
END_TEST

/* y = x * scale, counting its weight gradients and their rows. */
struct count {
    atomic_int calls; /* [atomic] */
    atomic_int rows;  /* [atomic] */
    bool joins;
};

struct count_config {
    struct count *count;
};

static sluice_status count_infer(const void *config, sluice_layer_plan *plan,
                                 sluice_diag *diag)
{
    const struct count_config *c = config;
    sluice_status st =
        sluice_timed()->infer(&(sluice_timed_config){0}, plan, diag);
    plan->joins_rows = c->count->joins;
    return st;
}

static sluice_layer_call as_timed(const sluice_layer_call *call)
{
    static const sluice_timed_config zero = {0};
    sluice_layer_call timed = *call;
    timed.config = &zero;
    return timed;
}

static sluice_status count_forward(const sluice_layer_call *call)
{
    sluice_layer_call timed = as_timed(call);
    return sluice_timed()->forward(&timed);
}

static sluice_status count_input(const sluice_layer_call *call)
{
    sluice_layer_call timed = as_timed(call);
    return sluice_timed()->backward_input(&timed);
}

static sluice_status count_weight(const sluice_layer_call *call)
{
    const struct count_config *c = call->config;
    sluice_layer_call timed = as_timed(call);
    atomic_fetch_add(&c->count->calls, 1);
    atomic_fetch_add(&c->count->rows, (int)call->rows);
    return sluice_timed()->backward_weight(&timed);
}

static const sluice_layer_ops counting = {
    .name = "counting",
    .config_bytes = sizeof(struct count_config),
    .infer = count_infer,
    .forward = count_forward,
    .backward_input = count_input,
    .backward_weight = count_weight,
    .team = SLUICE_TEAM_SHARES, /* as `timed` */
};

/* Weight gradients of a step over two stages of one layer each, M = 6 in runs
 * of three. */
static int calls_of(struct count *count, int64_t batch, int64_t rows, bool join)
{
    sluice_model *model;
    sluice_pipeline *pipe;
    const struct count_config layer = {count};
    static const float x[24 * 4], targets[24 * 4];
    sluice_schedule *schedule = grouped(6, 3, false);
    ck_assert(!sluice_model_create(
        &(sluice_model_config){.input = sluice_shape_vector(4)}, &model, &why));
    for (int i = 0; i < 2; i++)
        ck_assert(!sluice_model_add(model, &counting, &layer, &why));
    const sluice_pipeline_config config = {
        .custom = schedule,
        .batch = batch,
        .uneven = true,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &(sluice_sgd_config){.learning_rate = 0.1},
        .queue_capacity = 6,
        .join_weights = join,
    };
    ck_assert_msg(!sluice_pipeline_create(&config, model, &pipe, &why), "%s",
                  why.text);
    atomic_store(&count->calls, 0);
    atomic_store(&count->rows, 0);
    ck_assert(!sluice_pipeline_step(pipe, x, targets, rows, NULL, &why));
    ck_assert_int_eq(atomic_load(&count->rows), 2 * rows);
    sluice_pipeline_destroy(pipe);
    sluice_model_destroy(model);
    sluice_schedule_destroy(schedule);
    return atomic_load(&count->calls);
}

START_TEST(a_run_is_one_call_where_the_rows_and_the_layer_allow_it)
{
    struct count count = {.joins = true};
    ck_assert_int_eq(calls_of(&count, 24, 24, true), 2 * 2);
    ck_assert_int_eq(calls_of(&count, 24, 24, false), 2 * 6);
    /* 4 4 4 4 3 3 */
    ck_assert_int_eq(calls_of(&count, 22, 22, true), 2 * (1 + 1 + 2));
    /* Full are rows of 4; these are 3. */
    ck_assert_int_eq(calls_of(&count, 24, 18, true), 2 * 6);
    /* 1 1 0 0 0 0 of 4 */
    ck_assert_int_eq(calls_of(&count, 24, 2, true), 2 * 2);
    count.joins = false;
    ck_assert_int_eq(calls_of(&count, 24, 24, true), 2 * 6);
}
END_TEST

/* The configuration gathers; the reference is told from the lists that run. */
static void check_gathered(const char *name, int devices, bool join)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    int partition[MAX_STAGES];
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    make_partition(devices, partition);
    p.config.schedule = (sluice_schedule_config){
        .name = name,
        .devices = devices,
        .microbatches = MAX_M,
        .backward_order = SLUICE_IN_ORDER,
    };
    p.config.cut = SLUICE_CUT_LIST;
    p.config.partition = partition;
    p.config.gather_weights = 3;
    p.config.join_weights = join;
    ck_assert_msg(!sl_test_pair_init(&pair, &p, &p.config), "%s",
                  pair.why.text);
    check_bytes(pair.pipe);
    const sluice_schedule *runs = sluice_pipeline_schedule(pair.pipe);
    if (join)
        ck_assert_int_eq(join_reference(pair.ref, runs, partition), 3);
    ck_assert_msg(!run_steps(&pair), "%s, K %d: %s", name, devices, pair.text);
    sl_test_pair_fini(&pair);
    sl_test_problem_fini(&p);
}

START_TEST(gathered_weights_are_joined_or_keep_their_bits)
{
    for (int k = 1; k <= 4; k++)
        for (int join = 0; join < 2; join++) {
            check_gathered("gpipe", k, join);
            check_gathered("1f1b", k, join);
        }
}
END_TEST

START_TEST(joining_is_another_order_of_summation)
{
    struct sl_test_problem p = {0};
    struct sl_test_pair pair;
    sluice_schedule *schedule = grouped(4, 4, false);
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.custom = schedule;
    p.config.schedule.microbatches = 4;
    p.config.queue_capacity = 4;
    p.config.schedule.backward_order = SLUICE_IN_ORDER;
    p.config.join_weights = true;
    ck_assert(!sl_test_pair_init(&pair, &p, &p.config));
    ck_assert_int_gt(sl_test_step(&pair, 0, BATCH), 0);
    sl_test_pair_fini(&pair);
    sluice_schedule_destroy(schedule);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(groups_that_make_no_sense_are_refused)
{
    struct sl_test_problem p = {0};
    sluice_reference *ref;
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, NULL);
    p.config.schedule.microbatches = 4;
    p.config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert(!sluice_reference_create(&p.config, p.model, &ref, &why));
    static const struct {
        int layer, groups[2];
        const char *text;
    } bad[] = {{-1, {1, 1}, "no layer -1"},
               {LAYERS, {1, 1}, "no layer 9; the last one is 8"},
               {0, {1, 0}, "a group of 0"},
               {0, {-3, 2}, "a group of -3"},
               {0, {2, 3}, "groups of 5 micro-batches, but there are 4"}};
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(
            sluice_reference_join(ref, bad[i].layer, bad[i].groups, 2, &why),
            SLUICE_INVALID);
        ck_assert_msg(strstr(why.text, bad[i].text), "%s", why.text);
    }
    sluice_reference_destroy(ref);
    p.config.schedule.backward_order = SLUICE_REVERSE;
    ck_assert(!sluice_reference_create(&p.config, p.model, &ref, &why));
    ck_assert_int_eq(sluice_reference_join(ref, 0, bad[0].groups, 2, &why),
                     SLUICE_INVALID);
    ck_assert(strstr(why.text, "in order"));
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&p);
}
END_TEST

START_TEST(groups_survive_a_failed_allocation)
{
    static struct sl_test_allocator allocator;
    struct sl_test_problem p = {0};
    sluice_reference *ref;
    sl_test_allocator_init(&allocator);
    sl_test_problem_init(&p, SL_TEST_RELU, LAYERS, BATCH, &allocator.hooks);
    p.config.schedule.microbatches = 4;
    p.config.schedule.backward_order = SLUICE_IN_ORDER;
    ck_assert(!sluice_reference_create(&p.config, p.model, &ref, &why));
    for (int at = 1; at <= 2; at++) {
        sl_test_allocator_arm(&allocator, at, false);
        ck_assert_int_eq(
            sluice_reference_join(ref, 0, (const int[]){2, 2}, 2, &why),
            SLUICE_NO_MEMORY);
    }
    ck_assert(!sluice_reference_join(ref, 0, (const int[]){2, 2}, 2, &why));
    sluice_reference_destroy(ref);
    sl_test_problem_fini(&p);
    ck_assert_int_eq(atomic_load(&allocator.n_live), 0);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.join",
                 zero_bubble_schedules_equal_the_reference_with_their_runs,
                 runs_of_any_length_equal_the_reference,
                 a_run_is_one_call_where_the_rows_and_the_layer_allow_it,
                 gathered_weights_are_joined_or_keep_their_bits,
                 joining_is_another_order_of_summation,
                 groups_that_make_no_sense_are_refused,
                 groups_survive_a_failed_allocation)
