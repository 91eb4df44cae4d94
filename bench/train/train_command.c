/* `sluice train`.  The main thread. */
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/order/schedule_source.h"
#include "bench/train/stopping.h"
#include "bench/train/train_choices.h"
#include "bench/train/train_options.h"
#include "bench/order/schedule_names.h"
#include "bench/train/training.h"

enum { NOT_FINITE_EXIT = 3, STOPPED_EXIT = 4 };

/* Where the test part comes from, and what needs one. */
static sluice_status check_test(const struct training_config *config,
                                sluice_diag *why)
{
    const struct source_config *source = &config->source;
    bool shares = source->validation_share > 0;
    if (!source->test_x != !source->test_y)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--test-x and --test-y need each other");
    bool is_text = source->name && text_source_is(source->name);
    if ((source->test_x || (shares && !is_text)) && !source->x)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%s needs --x: --data has a test part of its "
                               "own",
                               shares ? "--validation-share" : "--test-x");
    if (source->validation_share >= 1)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--validation-share 1 leaves no row to train "
                               "on: give less than 1");
    if (source->test_x && shares)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--test-x and --validation-share exclude each "
                               "other");
    if (config->patience && source->x && !source->test_x && !shares)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--patience needs rows to test on: give "
                               "--test-x and --test-y, or --validation-share");
    return SLUICE_OK;
}

/* A plan says itself what these options say. */
static sluice_status check_plan(const struct training_config *config,
                                sluice_diag *why)
{
    const struct {
        const char *name;
        bool given;
    } options[] = {
        {"devices", config->devices},
        {"microbatches", config->microbatches},
        {"replicas", config->replicas},
        {"zero", config->zero},
        {"batch", config->batch},
        {"uneven", config->uneven},
        {"partition", config->cut},
        {"schedule", config->order.schedule},
        {"remat", config->order.remat},
        {"backward-order", config->order.backward_order},
        {"gather-weights", config->order.gather_weights},
        {"capacity", config->order.capacity},
        {"team", config->team},
        {"vocabulary-parallel", config->order.vocabulary_parallel},
    };
    if (config->emulates && (!config->plan_file || config->order.speeds.n))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--emulate needs --plan, and excludes "
                               "--speeds: it takes the plan's");
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (config->plan_file && options[i].given)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "--plan and --%s exclude each other: the "
                                   "plan has its own",
                                   options[i].name);
    return SLUICE_OK;
}

/* Options that only make sense together. */
static sluice_status check(void *given, sluice_diag *why)
{
    struct training_config *config = given;
    const struct source_config *source = &config->source;
    config->asked_devices = config->devices;
    config->asked_microbatches = config->microbatches;
    sluice_status st = check_plan(config, why);
    if (st)
        return st;
    if (config->load && config->weights)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--load and --weights are two names of one "
                               "option: give one of them");
    if (config->load)
        config->weights = config->load;
    if (!source->x != !source->y)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--x and --y need each other");
    if (source->x && source->name)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--data and --x exclude each other");
    if (source->raw && !source->x)
        return sluice_diag_set(why, SLUICE_INVALID, "--raw needs --x");
    if ((source->text.tokenizer || source->text.context) &&
        (!source->name || !text_source_is(source->name)))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--tokenizer and --context need a text: --data "
                               "king-james, genesis or a file");
    if (config->check_finite && config->keep_going)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--check-finite and --keep-going exclude each "
                               "other");
    return check_test(config, why);
}

static sluice_status settle(void *given, sluice_diag *why)
{
    return train_choices_settle(given, why);
}

/* The numbers of a schedule from a file stand in it. */
static sluice_status size_by_file(struct training_config *config,
                                  sluice_diag *why)
{
    if (config->plan || !schedule_is_file(config->order.schedule))
        return SLUICE_OK;
    config->devices = config->asked_devices;
    config->microbatches = config->asked_microbatches;
    return schedule_sizes(&config->order, &config->devices,
                          &config->microbatches, why);
}

/* As shares of the fastest: no device can be made faster. */
static void copy_speeds(const sluice_plan *plan, struct device_speeds *speeds)
{
    double most = 0;
    const double *of = sluice_plan_speeds(plan, &speeds->n);
    for (int p = 0; p < speeds->n; p++)
        most = of[p] > most ? of[p] : most;
    for (int p = 0; p < speeds->n; p++)
        speeds->of[p] = of[p] / most;
}

/* What the rest of the program reads of a plan. */
static void size_by_plan(struct training_config *config,
                         const sluice_plan *plan)
{
    const sluice_plan_row *row = sluice_plan_row_at(plan, 0);
    config->plan = plan;
    config->devices = row->devices;
    config->microbatches = row->microbatches;
    config->replicas = row->replicas;
    config->team = row->team;
    config->zero = row->zero;
    config->batch = sluice_plan_batch(plan);
    config->order.capacity = row->queue_capacity;
    config->order.schedule = config->plan_file;
    if (config->emulates)
        copy_speeds(plan, &config->order.speeds);
}

static int fail(const char *called, const struct training_config *config,
                const sluice_diag *why)
{
    joined_before_failure(&config->joined);
    int failed = order_fail(called, &config->order, why);
    return why->status == SLUICE_NOT_FINITE ? NOT_FINITE_EXIT : failed;
}

static int train(const char *called, struct training_config *config)
{
    struct environment env;
    environment_read(&env);
    if (!config->quiet)
        environment_print(&env, config->order.gemm, stdout);
    double accuracy;
    sluice_diag why;
    if (training_run(config, &env, stdout, &accuracy, &why))
        return fail(called, config, &why);
    if (stopping_signal())
        return STOPPED_EXIT;
    if (accuracy >= config->target_accuracy)
        return EXIT_SUCCESS;
    fprintf(stderr, "%s: test accuracy %.4f, the target was %.4f\n", called,
            accuracy, config->target_accuracy);
    return EXIT_FAILURE;
}

static sluice_status check_gathered(const struct training_config *config,
                                    sluice_diag *why)
{
    if (config->order.gather_weights <= config->microbatches)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "--gather-weights %d: a mini-batch has %d "
                           "micro-batches, give at most as many",
                           config->order.gather_weights, config->microbatches);
}

/* What is read and set up before the training. */
static sluice_status prepare(struct training_config *config, sluice_plan **plan,
                             sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (config->plan_file)
        st = sluice_plan_read(config->plan_file, NULL, plan, why);
    if (!st && *plan)
        size_by_plan(config, *plan);
    if (!st)
        st = size_by_file(config, why);
    if (!st)
        st = check_gathered(config, why);
    if (!st)
        st = stopping_begin(why);
    return sluice_world_agree(config->joined.world, st, why);
}

static int run(const char *called, void *given)
{
    struct training_config *config = given;
    sluice_plan *plan = NULL;
    sluice_diag why;
    if (joined_begin(&config->joined, &why))
        return joined_fail(called, &config->joined, &why);
    int status = prepare(config, &plan, &why) ? fail(called, config, &why)
                                              : train(called, config);
    sluice_plan_destroy(plan);
    joined_end(&config->joined);
    return status;
}

const struct command train_command = {
    .name = "train",
    .does = "Train a network on images or on your own arrays",
    .doc = "Train a network on device threads that work as a pipeline.",
    .groups = train_groups,
    .config_bytes = sizeof(struct training_config),
    .joins = true,
    .check = check,
    .settle = settle,
    .run = run,
};
