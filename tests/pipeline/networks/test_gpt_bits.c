/*
 * The presets, with the output layer tied to the embedding across the stages
 * and without: the bits of the sequential reference under every synchronous
 * schedule, on one to six devices, with recomputation and without, and in two
 * replicas.
 */
#include <string.h>

#include "support/grid.h"
#include "support/judged_pair.h"
#include "support/runner.h"
#include "support/version_programs.h"

enum { LAYERS = 4, BATCH = 12, MOST_DEVICES = 6, VOCABULARY = 7 };

/* Of 6 tokens in a row, as the problem of SL_TEST_GPT has them, and as many
 * layers as two stages on each of 6 devices need. */
static const char gpt2[] =
    "gpt2(layers=10, heads=2, width=4, vocabulary=7, context=6, dropout=0.1)";
static const char llama[] = "llama(layers=10, heads=2, kv-heads=1, width=8, "
                            "hidden=6, vocabulary=7, context=6)";

static struct sl_test_problem problem;

static void start(const char *model)
{
    problem = (struct sl_test_problem){0};
    ck_assert(
        !sl_test_problem_init(&problem, SL_TEST_GPT, LAYERS, BATCH, NULL));
    sluice_model_destroy(problem.model);
    problem.model = NULL;
    ck_assert(!sluice_model_parse(model, NULL, &problem.model, NULL));
    problem.out = problem.in * VOCABULARY;
}

static void check(const char *name, const sluice_pipeline_config *config)
{
    struct sl_test_pair pair;
    ck_assert_msg(!sl_test_pair_init(&pair, &problem, config), "%s: %s", name,
                  pair.why.text);
    if (config->custom)
        sl_test_halves(&pair, sluice_schedule_n_copies(config->custom),
                       config->schedule.microbatches);
    long wrong = sl_test_step(&pair, 0, BATCH) + sl_test_step(&pair, 5, 3) +
                 sl_test_evaluate(&pair, 1, BATCH + 2) +
                 sl_test_infer(&pair, 3, 2);
    ck_assert_msg(!wrong, "%s, K %d: %ld values differ; %s", name,
                  config->schedule.devices, wrong, pair.text);
    sl_test_pair_fini(&pair);
}

/* Returns whether there is such a schedule, and a reference with its bits. */
static bool check_schedule(const char *name, int devices, int microbatches)
{
    sluice_schedule *schedule =
        sl_test_runnable(name, devices, microbatches, 2);
    sluice_pipeline_config config = problem.config;
    if (!schedule)
        return false;
    if (sluice_reference_order(schedule, &config.schedule.backward_order,
                               NULL)) {
        sluice_schedule_destroy(schedule);
        return false;
    }
    config.custom = schedule;
    config.schedule.microbatches = microbatches;
    config.schedule.devices = devices;
    config.queue_capacity = 2;
    check(name, &config);
    sluice_schedule_destroy(schedule);
    return true;
}

static void check_schedules(const char *model)
{
    start(model);
    for (int i = 0; sluice_schedule_generator(i); i++) {
        const char *name = sluice_schedule_generator(i);
        /* gpipe comes below. */
        if (!strcmp(name, "forward") || !strcmp(name, "gpipe") ||
            sl_test_is_asynchronous(name))
            continue;
        int n = 0, n_skipped = 0;
        for (int k = 1; k <= MOST_DEVICES; k++)
            for (int m = 2; m <= 12; m += 2 + m / 3)
                if (sl_test_skips_of(6))
                    n_skipped++;
                else
                    n += check_schedule(name, k, m);
        ck_assert_msg(n > 0 || n_skipped > 0, "%s never ran", name);
    }
    sl_test_problem_fini(&problem);
}

START_TEST(gpt2_equals_the_reference_under_every_synchronous_schedule)
{
    check_schedules(gpt2);
}
END_TEST

START_TEST(llama_equals_the_reference_under_every_synchronous_schedule)
{
    check_schedules(llama);
}
END_TEST

/* gpipe, whose backwards run in reverse, and replicas. */
static void check_replicas(const char *model)
{
    start(model);
    for (int replicas = 1; replicas <= 2; replicas++)
        for (int devices = 1; devices <= 3; devices++)
            for (int remat = 0; remat < 3; remat++) {
                sluice_pipeline_config config = problem.config;
                config.schedule.devices = devices;
                config.schedule.microbatches = 3;
                config.replicas = replicas;
                config.remat = (sluice_remat)remat;
                check("gpipe", &config);
            }
    sl_test_problem_fini(&problem);
}

START_TEST(recomputed_and_in_replicas_they_equal_the_reference)
{
    check_replicas(gpt2);
    check_replicas(llama);
}
END_TEST

SLUICE_TEST_MAIN("pipeline.gpt_bits",
                 gpt2_equals_the_reference_under_every_synchronous_schedule,
                 llama_equals_the_reference_under_every_synchronous_schedule,
                 recomputed_and_in_replicas_they_equal_the_reference)
