/*
 * What passes make of a schedule runs on threads and has the bits that it had
 * before: those of the sequential reference.
 */
#include <stdio.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"

enum { LAYERS = 9, BATCH = 13, MAX_DEVICES = 4, CAPACITY = 8 };

typedef sluice_status pass_function(const sluice_schedule *schedule,
                                    sluice_schedule **out, sluice_diag *why);

static sluice_status slacken(const sluice_schedule *schedule,
                             sluice_schedule **out, sluice_diag *why)
{
    static const int slack[MAX_DEVICES] = {2, 1, 1, 0};
    return sluice_schedule_warm_up(schedule, slack, CAPACITY, out, why);
}

/* How many schedules had recomputes moved. */
static int n_moved;

static bool differ(const sluice_schedule *a, const sluice_schedule *b)
{
    for (int d = 0; d < sluice_schedule_n_devices(a); d++) {
        int n;
        const sluice_action *left = sluice_schedule_actions(a, d, &n);
        const sluice_action *right = sluice_schedule_actions(b, d, &n);
        if (memcmp(left, right, (size_t)n * sizeof *left) != 0)
            return true;
    }
    return false;
}

/* A forward is dear on even stages, cheap on odd ones: devices wait for
 * forwards, and recomputes move far. */
static sluice_status recompute_early(const sluice_schedule *schedule,
                                     sluice_schedule **out, sluice_diag *why)
{
    int64_t costs[LAYERS][SLUICE_N_ACTION_KINDS];
    sluice_remat remats[LAYERS];
    for (int s = 0; s < LAYERS; s++) {
        const int64_t of[SLUICE_N_ACTION_KINDS] = {
            [SLUICE_F] = s % 2 ? 1 : 9,
            [SLUICE_B] = 2,
            [SLUICE_I] = 1,
            [SLUICE_W] = 1,
            [SLUICE_R] = 1,
        };
        memcpy(costs[s], of, sizeof of);
        remats[s] = s % 4 == 3 ? SLUICE_REMAT_EXCEPT_LAST : SLUICE_REMAT_ALWAYS;
    }
    sluice_schedule *at_once;
    sluice_recompute_config config = {.stage_remat = remats,
                                      .stage_costs_ns = costs[0]};
    if (sluice_schedule_recompute(schedule, &config, &at_once, why))
        return why->status;
    config.early = true;
    sluice_status st = sluice_schedule_recompute(schedule, &config, out, why);
    n_moved += !st && differ(*out, at_once);
    sluice_schedule_destroy(at_once);
    return st;
}

static void check(const struct sl_test_problem *problem, const char *name,
                  const sluice_schedule *schedule)
{
    struct sl_test_pair pair;
    sluice_pipeline_config config = problem->config;
    config.custom = schedule;
    config.schedule.microbatches = sluice_schedule_n_microbatches(schedule);
    config.queue_capacity = CAPACITY;
    config.schedule.backward_order =
        strcmp(name, "looped-bfs") && strcmp(name, "gpipe") ? SLUICE_IN_ORDER
                                                            : SLUICE_REVERSE;
    ck_assert_msg(!sl_test_pair_init(&pair, problem, &config), "%s: %s", name,
                  pair.why.text);
    sl_test_halves(&pair, sluice_schedule_n_copies(schedule),
                   config.schedule.microbatches);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 4, 6) +
                 sl_test_step(&pair, 1, BATCH);
    ck_assert_msg(!wrong, "%s, K %d, M %d: %ld values differ; %s", name,
                  sluice_schedule_n_devices(schedule),
                  config.schedule.microbatches, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

/* Whether there is such a schedule of so few stages. */
static bool check_one(const struct sl_test_problem *problem,
                      pass_function *pass, const sluice_schedule_config *config)
{
    sluice_schedule *schedule, *passed;
    sluice_diag why = {.text = ""};
    if (sluice_schedule_generate(config, &schedule, NULL))
        return false;
    if (sluice_schedule_n_updates(schedule) > 1 ||
        !sluice_reference_exists(schedule, false)) {
        sluice_schedule_destroy(schedule);
        return false;
    }
    sluice_status st = pass(schedule, &passed, &why);
    if (!st) {
        if (!sl_test_skips())
            check(problem, config->name, passed);
        sluice_schedule_destroy(passed);
    } else { /* but for what recomputes already */
        ck_assert_msg(!strcmp(config->name, "varuna"), "%s: %s", config->name,
                      why.text);
    }
    sluice_schedule_destroy(schedule);
    return !st;
}

static void check_all(pass_function *pass, enum sl_test_kind kind)
{
    struct sl_test_problem problem = {0};
    int n = 0;
    ck_assert_int_eq(sl_test_problem_init(&problem, kind, LAYERS, BATCH, NULL),
                     SLUICE_OK);
    for (int i = 0; sluice_schedule_generator(i); i++)
        for (int k = 1; k <= MAX_DEVICES; k++)
            for (int m = 3; m <= 8; m += 5) {
                const sluice_schedule_config config = {
                    .name = sluice_schedule_generator(i),
                    .devices = k,
                    .microbatches = m,
                };
                if (strcmp(config.name, "forward"))
                    n += check_one(&problem, pass, &config);
            }
    ck_assert_int_ge(n, 60);
    sl_test_problem_fini(&problem);
}

START_TEST(split_backwards_have_the_bits_of_whole_ones)
{
    check_all(sluice_schedule_split_backward, SL_TEST_DROPOUT);
}
END_TEST

START_TEST(merged_backwards_have_the_bits_of_their_halves)
{
    check_all(sluice_schedule_merge_backward, SL_TEST_NORM);
}
END_TEST

START_TEST(slack_changes_no_bit)
{
    check_all(slacken, SL_TEST_RELU);
}
END_TEST

START_TEST(early_recomputes_change_no_bit)
{
    n_moved = 0;
    check_all(recompute_early, SL_TEST_DROPOUT);
    ck_assert_int_ge(n_moved, 10);
}
END_TEST

START_TEST(early_recomputes_leave_each_layer_its_own_data)
{
    check_all(recompute_early, SL_TEST_PROBE);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.passes", split_backwards_have_the_bits_of_whole_ones,
                 merged_backwards_have_the_bits_of_their_halves,
                 slack_changes_no_bit, early_recomputes_change_no_bit,
                 early_recomputes_leave_each_layer_its_own_data)
