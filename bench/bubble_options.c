/* `sluice-bench bubble`: its command line.  The main thread. */
#include "bench/bubble.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench/bubble_table.h"
#include "bench/command.h"
#include "bench/environment.h"
#include "bench/number.h"

enum {
    KEY_CELL = 0x100,
    KEY_MODEL,
    KEY_BATCH,
    KEY_REPETITIONS,
    KEY_WARMUP,
    KEY_SEED,
    KEY_SMOKE,
    MAX_BATCH = 1 << 24,
    MAX_STEPS = 1000000,
};

static const struct argp_option options[] = {
    {"devices", 'k', "LIST", 0, "Numbers of devices (1,2)", 1},
    {"microbatches", 'm', "LIST", 0, "Numbers of micro-batches (4,8,16,32)", 1},
    {"cell", KEY_CELL, "TIME", 0,
     "Timed cells: F, I, W and R of a device take TIME, such as 1ms, without "
     "needing a core",
     2},
    {"model", KEY_MODEL, "SPEC", 0, "Real layers (1024-1024x16)", 2},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch of real layers (1024)",
     2},
    {"repetitions", KEY_REPETITIONS, "N", 0, "Steps that are timed (5)", 3},
    {"warmup", KEY_WARMUP, "N", 0, "Steps before those (2)", 3},
    {"seed", KEY_SEED, "N", 0, "Of parameters, inputs and targets (1)", 3},
    {"output", 'o', "FORMAT", 0, "md (default), csv, json or jsonl", 4},
    {"smoke", KEY_SMOKE, 0, 0, "Only a small, quick run, to see that all works",
     4},
    {0},
};

static const char doc[] =
    "Measure the bubble, the share of the devices' time in which they wait, "
    "beside the formula (K-1)/(M+K-1).\v"
    "A LIST is 2,4,8 or a range: 1-8, 1-9+2 (by 2), 1-64*2 (doubling).\n\n"
    "Each row trains a few steps from the same start as a sequential "
    "reference; `wrong' counts the parameters whose bits differ, and the exit "
    "status is 1 if there are any.  Times and bubbles are medians.  With more "
    "devices than cores only timed cells show a true bubble.";

static const struct bubble_config usual = {
    .devices = {2, {1, 2}},
    .microbatches = {4, {4, 8, 16, 32}},
    .model = "1024-1024x16",
    .batch = 1024,
    .warmup = 2,
    .repetitions = 5,
};

/* Small enough for a test that runs every time. */
static const struct bubble_config small = {
    .devices = {3, {1, 2, 4}},
    .microbatches = {2, {1, 4}},
    .model = "8-8x4",
    .batch = 16,
    .warmup = 1,
    .repetitions = 2,
};

enum { NOT_GIVEN = -1 };

/* The command line as it is read. */
struct line {
    struct bubble_config config; /* what is not given is 0 or NOT_GIVEN */
    const struct table_format *format;
    bool smoke;
};

/* Fill in what was not given. */
static void complete(struct line *line)
{
    const struct bubble_config *by = line->smoke ? &small : &usual;
    struct bubble_config *config = &line->config;
    if (!config->devices.n)
        config->devices = by->devices;
    if (!config->microbatches.n)
        config->microbatches = by->microbatches;
    if (!config->model)
        config->model = by->model;
    if (!config->batch)
        config->batch = by->batch;
    if (!config->repetitions)
        config->repetitions = by->repetitions;
    if (config->warmup == NOT_GIVEN)
        config->warmup = by->warmup;
}

static void parse_list(struct argp_state *state, const char *option,
                       const char *arg, int max, struct range *range)
{
    sluice_diag why;
    option_check(state, option, range_parse(arg, 1, max, range, &why), &why);
}

static void parse_cell(struct argp_state *state, const char *arg,
                       struct bubble_config *config)
{
    sluice_diag why;
    option_check(state, "--cell",
                 number_parse_time(arg, &config->cell_ns, &why), &why);
    if (!config->cell_ns)
        argp_error(state, "--cell: a cell must take some time");
}

static void parse_seed(struct argp_state *state, const char *arg,
                       struct bubble_config *config)
{
    sluice_diag why;
    int64_t seed = 0;
    option_check(state, "--seed",
                 number_parse_integer(arg, 0, INT64_MAX, &seed, &why), &why);
    config->seed = (uint64_t)seed;
}

static const struct table_format *parse_format(struct argp_state *state,
                                               const char *arg)
{
    const struct table_format *format = table_format_find(arg);
    if (!format)
        argp_error(state, "-o: \"%s\" is not one of md, csv, json, jsonl", arg);
    return format;
}

/* A cell is not a layer, and its time does not depend on the rows. */
static void check(struct argp_state *state, const struct bubble_config *config)
{
    if (config->cell_ns && config->model)
        argp_error(state, "--cell and --model exclude each other");
    if (config->cell_ns && config->batch)
        argp_error(state, "--cell and --batch exclude each other: each "
                          "micro-batch of cells is one row");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct bubble_config *config = &line->config;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &config->order;
        break;
    case 'k':
        parse_list(state, "-k", arg, SLUICE_MAX_DEVICES, &config->devices);
        break;
    case 'm':
        parse_list(state, "-m", arg, SLUICE_MAX_MICROBATCHES,
                   &config->microbatches);
        break;
    case KEY_CELL:
        parse_cell(state, arg, config);
        break;
    case KEY_MODEL:
        config->model = arg;
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case KEY_REPETITIONS:
        config->repetitions =
            option_integer(state, "--repetitions", arg, 1, MAX_STEPS);
        break;
    case KEY_WARMUP:
        config->warmup = option_integer(state, "--warmup", arg, 0, MAX_STEPS);
        break;
    case KEY_SEED:
        parse_seed(state, arg, config);
        break;
    case 'o':
        line->format = parse_format(state, arg);
        break;
    case KEY_SMOKE:
        line->smoke = true;
        break;
    case ARGP_KEY_END:
        check(state, config);
        complete(line);
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not an option", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_child children[] = {
    {&order_argp, 0, NULL, 5},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = doc,
    .children = children,
};

int bubble_command(int argc, char **argv)
{
    struct line line = {
        .config =
            {
                .warmup = NOT_GIVEN,
                .seed = 1,
                .order = ORDER_DEFAULTS,
            },
        .format = table_format_find("md"),
    };
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    struct environment env;
    environment_read(&env);
    struct bubble_table table = {.config = &line.config, .env = &env};
    sluice_diag why;
    table_begin(&table.table, line.format, stdout);
    sluice_status st =
        bubble_measure(&line.config, bubble_table_row, &table, &why);
    table_end(&table.table);
    if (st)
        return command_fail(argv[0], &why);
    if (!table.wrong)
        return EXIT_SUCCESS;
    fprintf(stderr,
            "%s: %" PRId64 " parameters differ from the sequential reference\n",
            argv[0], table.wrong);
    return EXIT_FAILURE;
}
