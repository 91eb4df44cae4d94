/* `sluice train`: its command line.  The main thread. */
#include "bench/train/train_command.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

#include "bench/cli/choice.h"
#include "bench/cli/command.h"
#include "bench/cli/number.h"
#include "bench/cli/option.h"
#include "bench/train/training.h"

enum {
    KEY_DATA = 0x100,
    KEY_X,
    KEY_Y,
    KEY_RAW,
    KEY_NO_SHUFFLE,
    KEY_MODEL,
    KEY_WEIGHTS,
    KEY_LOSS,
    KEY_SEED,
    KEY_PARTITION,
    KEY_BATCH,
    KEY_UNEVEN,
    KEY_CAP_BYTES,
    KEY_OPTIMIZER,
    KEY_LR,
    KEY_MOMENTUM,
    KEY_NESTEROV,
    KEY_WEIGHT_DECAY,
    KEY_EPOCHS,
    KEY_TARGET_ACCURACY,
    KEY_KEEP_GOING,
    KEY_METRICS,
    KEY_TRACE,
    KEY_QUIET,
    NOT_FINITE_EXIT = 3,
    MAX_EPOCHS = 1000000,
    MAX_BATCH = 1 << 24,
};

static const struct argp_option options[] = {
    {0, 0, 0, 0, "Data", 1},
    {"data", KEY_DATA, "NAME", 0,
     "fashion-mnist, embedded (1,000 of its images), or a directory of IDX "
     "files named as MNIST's; by default the first that is there",
     0},
    {"x", KEY_X, "FILE", 0, "Features as .npy, instead of --data", 0},
    {"y", KEY_Y, "FILE", 0, "Their labels or other targets, as .npy", 0},
    {"raw", KEY_RAW, 0, 0,
     "Take bytes (uint8) of --x as they are, 0 to 255; else they are "
     "normalized to mean 0 and deviation 1, as those of --data are",
     0},
    {"no-shuffle", KEY_NO_SHUFFLE, 0, 0, "Take the rows in their order", 0},
    {0, 0, 0, 0, "Model", 2},
    {"model", KEY_MODEL, "SPEC", 0,
     "784-256-128-10: input, hidden layers, linear end; 256x10 is ten layers; "
     "res(64-256) a residual block; "
     "\":tanh,dropout=0.1\" may follow.  Without its first number the data "
     "give the input (-256-128-100-10)",
     0},
    {"weights", KEY_WEIGHTS, "FILE", 0,
     "Initial parameters by name (0.weight, 0.bias, ...), as safetensors", 0},
    {"loss", KEY_LOSS, "NAME", 0,
     "cross_entropy or mse; by default as the targets are", 0},
    {"seed", KEY_SEED, "N", 0, "Of initial parameters and shuffling (1)", 0},
    {0, 0, 0, 0, "Pipeline", 3},
    {"devices", 'k', "K", 0, "Threads that hold a part of the model each (2)",
     0},
    {"microbatches", 'm', "M", 0, "Parts of a mini-batch (8)", 0},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch (256)", 0},
    {"uneven", KEY_UNEVEN, 0, 0,
     "Take a batch that M does not divide; rows weigh alike all the same", 0},
    {"partition", KEY_PARTITION, "HOW", 0,
     "Layers to devices: uniform, the smallest slowest device by flops "
     "(default), time or bytes, or a list such as 3,3,5, a size for each "
     "stage",
     0},
    {"cap-bytes", KEY_CAP_BYTES, "N", 0,
     "Refuse to use more memory per device; K, M or G may follow", 0},
    {0, 0, 0, 0, "Training", 5},
    {"optimizer", KEY_OPTIMIZER, "NAME", 0, "sgd (default)", 0},
    {"lr", KEY_LR, "X", 0, "Learning rate (0.02)", 0},
    {"momentum", KEY_MOMENTUM, "X", 0,
     "Share of the last update that is kept (0.9)", 0},
    {"nesterov", KEY_NESTEROV, 0, 0, "Nesterov's momentum", 0},
    {"weight-decay", KEY_WEIGHT_DECAY, "X", 0, "Pull towards zero (0)", 0},
    {"epochs", KEY_EPOCHS, "N", 0, "At most so many passes over the data (10)",
     0},
    {"target-accuracy", KEY_TARGET_ACCURACY, "X", 0,
     "Stop once the test accuracy, 0 to 1, is reached; exit status 1 if it "
     "never is",
     0},
    {"keep-going", KEY_KEEP_GOING, 0, 0,
     "Train on when the data or a loss are NaN or infinite, and say so once; "
     "else that ends the training where it is found, with exit status 3",
     0},
    {0, 0, 0, 0, "Output", 6},
    {"metrics", KEY_METRICS, "FILE", 0,
     "Write a JSON line per step and epoch, all the context on the first", 0},
    {"trace", KEY_TRACE, "FILE", 0,
     "Draw the last step: .txt, .svg, .html, or .json for Perfetto", 0},
    {"quiet", KEY_QUIET, 0, 0, "Print nothing but errors", 0},
    {0},
};

static double parse_real(struct argp_state *state, const char *option,
                         const char *arg, double min, double max)
{
    sluice_diag why;
    double value = min;
    option_check(state, option, number_parse_real(arg, min, max, &value, &why),
                 &why);
    return value;
}

static uint64_t parse_seed(struct argp_state *state, const char *arg)
{
    sluice_diag why;
    int64_t seed = 0;
    option_check(state, "--seed",
                 number_parse_integer(arg, 0, INT64_MAX, &seed, &why), &why);
    return (uint64_t)seed;
}

static void parse_partition(struct argp_state *state, const char *arg,
                            struct training_config *config)
{
    sluice_diag why;
    if (arg[0] < '0' || arg[0] > '9') {
        option_check(state, "--partition",
                     choice_parse(cut_choices, arg, &config->cut, &why), &why);
        return;
    }
    option_check(
        state, "--partition",
        range_parse(arg, 1, SLUICE_MODEL_MAX_LAYERS, &config->partition, &why),
        &why);
    config->cut = SLUICE_CUT_LIST;
}

static const sluice_loss_ops *parse_loss(struct argp_state *state,
                                         const char *arg)
{
    const sluice_loss_ops *const losses[] = {sluice_cross_entropy(),
                                             sluice_mean_squared_error()};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (!strcmp(losses[i]->name, arg))
            return losses[i];
    argp_error(state, "--loss: \"%s\" is not one of %s, %s", arg,
               losses[0]->name, losses[1]->name);
    return NULL;
}

/* Data and model. */
static error_t parse_what(int key, char *arg, struct argp_state *state)
{
    struct training_config *config = state->input;
    switch (key) {
    case KEY_DATA:
        config->source.name = arg;
        break;
    case KEY_X:
        config->source.x = arg;
        break;
    case KEY_Y:
        config->source.y = arg;
        break;
    case KEY_RAW:
        config->source.raw = true;
        break;
    case KEY_NO_SHUFFLE:
        config->in_order = true;
        break;
    case KEY_MODEL:
        config->model = arg;
        break;
    case KEY_WEIGHTS:
        config->weights = arg;
        break;
    case KEY_LOSS:
        config->loss = parse_loss(state, arg);
        break;
    case KEY_SEED:
        config->seed = parse_seed(state, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Pipeline and output. */
static error_t parse_where(int key, char *arg, struct argp_state *state)
{
    struct training_config *config = state->input;
    sluice_diag why;
    switch (key) {
    case 'k':
        config->devices =
            option_integer(state, "--devices", arg, 1, SLUICE_MAX_DEVICES);
        break;
    case 'm':
        config->microbatches = option_integer(state, "--microbatches", arg, 1,
                                              SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case KEY_UNEVEN:
        config->uneven = true;
        break;
    case KEY_PARTITION:
        parse_partition(state, arg, config);
        break;
    case KEY_CAP_BYTES:
        option_check(state, "--cap-bytes",
                     number_parse_bytes(arg, &config->cap_bytes, &why), &why);
        break;
    case KEY_METRICS:
        config->metrics = arg;
        break;
    case KEY_TRACE:
        config->trace = arg;
        break;
    case KEY_QUIET:
        config->quiet = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Training. */
static error_t parse_how(int key, char *arg, struct argp_state *state)
{
    struct training_config *config = state->input;
    sluice_sgd_config *sgd = &config->sgd;
    switch (key) {
    case KEY_OPTIMIZER:
        if (strcmp(arg, sluice_sgd()->name) != 0)
            argp_error(state, "--optimizer: \"%s\" is not one of %s", arg,
                       sluice_sgd()->name);
        break;
    case KEY_LR:
        sgd->learning_rate = parse_real(state, "--lr", arg, 0, 1e6);
        break;
    case KEY_MOMENTUM:
        sgd->momentum = parse_real(state, "--momentum", arg, 0, 1);
        break;
    case KEY_NESTEROV:
        sgd->nesterov = true;
        break;
    case KEY_WEIGHT_DECAY:
        sgd->weight_decay = parse_real(state, "--weight-decay", arg, 0, 1e6);
        break;
    case KEY_EPOCHS:
        config->epochs = option_integer(state, "--epochs", arg, 1, MAX_EPOCHS);
        break;
    case KEY_TARGET_ACCURACY:
        config->target_accuracy =
            parse_real(state, "--target-accuracy", arg, 0, 1);
        break;
    case KEY_KEEP_GOING:
        config->keep_going = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Options that only make sense together. */
static void check_options(struct argp_state *state,
                          const struct training_config *config)
{
    const struct source_config *source = &config->source;
    if (!source->x != !source->y)
        argp_error(state, "--x and --y go together");
    if (source->x && source->name)
        argp_error(state, "--data and --x exclude each other");
    if (source->raw && !source->x)
        argp_error(state, "--raw goes with --x");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct training_config *config = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &config->order;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not an option", arg);
        return 0;
    case ARGP_KEY_END:
        check_options(state, config);
        return 0;
    default:
        break;
    }
    if (!parse_what(key, arg, state) || !parse_where(key, arg, state))
        return 0;
    return parse_how(key, arg, state);
}

static const struct argp_child children[] = {
    {&order_argp, 0, NULL, 4},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = "Train a network on device threads that work as a pipeline.",
    .children = children,
};

int train_command(int argc, char **argv)
{
    struct training_config config = training_defaults;
    option_parse(&argp, argc, argv, 0, &config);
    struct environment env;
    environment_read(&env);
    if (!config.quiet)
        environment_print(&env, stdout);
    double accuracy;
    sluice_diag why;
    sluice_status st = training_run(&config, &env, stdout, &accuracy, &why);
    if (st) {
        int failed = command_fail(argv[0], &why);
        return st == SLUICE_NOT_FINITE ? NOT_FINITE_EXIT : failed;
    }
    if (accuracy >= config.target_accuracy)
        return EXIT_SUCCESS;
    fprintf(stderr, "%s: test accuracy %.4f, the target was %.4f\n", argv[0],
            accuracy, config.target_accuracy);
    return EXIT_FAILURE;
}
