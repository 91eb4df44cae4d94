/* `sluice-bench bubble`: its command line.  The main thread. */
#include "bench/bubble/bubble.h"

#include "bench/bubble/bubble_table.h"
#include "bench/cli/command.h"
#include "bench/output/environment.h"
#include "bench/cli/option.h"

enum {
    KEY_CELL = 0x100,
    KEY_MODEL,
    KEY_BATCH,
    MAX_BATCH = 1 << 24,
};

static const struct argp_option options[] = {
    {"devices", 'k', "LIST", 0, "Numbers of devices (1,2)", 1},
    {"microbatches", 'm', "LIST", 0, "Numbers of micro-batches (4,8,16,32)", 1},
    {"cell", KEY_CELL, "TIME", 0,
     "Timed cells: F, I, W and R of a device take TIME, such as 1ms, without "
     "needing a core; the stages of a device share it",
     2},
    {"model", KEY_MODEL, "SPEC", 0, "Real layers (1024-1024x16)", 2},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch of real layers (1024)",
     2},
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
};

/* Small enough for a test that runs every time. */
static const struct bubble_config small = {
    .devices = {3, {1, 2, 4}},
    .microbatches = {2, {1, 4}},
    .model = "8-8x4",
    .batch = 16,
};

/* The command line as it is read. */
struct line {
    struct bubble_config config; /* what is not given is 0 */
    struct output_options output;
};

/* Fill in what was not given. */
static void complete(struct line *line)
{
    const struct bubble_config *by = line->output.smoke ? &small : &usual;
    struct bubble_config *config = &line->config;
    if (!config->devices.n)
        config->devices = by->devices;
    if (!config->microbatches.n)
        config->microbatches = by->microbatches;
    if (!config->model)
        config->model = by->model;
    if (!config->batch)
        config->batch = by->batch;
    run_options_complete(&config->run, line->output.smoke);
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
        measure_inputs(state, &config->order, &config->run, &line->output);
        break;
    case 'k':
        option_list(state, "-k", arg, SLUICE_MAX_DEVICES, &config->devices);
        break;
    case 'm':
        option_list(state, "-m", arg, SLUICE_MAX_MICROBATCHES,
                    &config->microbatches);
        break;
    case KEY_CELL:
        option_cell(state, arg, &config->cell_ns);
        break;
    case KEY_MODEL:
        config->model = arg;
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case ARGP_KEY_END:
        check(state, config);
        complete(line);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = doc,
    .children = measure_children,
};

int bubble_command(int argc, char **argv)
{
    struct line line = {
        .config = {.run = RUN_OPTIONS_NONE, .order = ORDER_DEFAULTS},
        .output.timed = true,
    };
    option_parse(&argp, argc, argv, 0, &line);
    struct environment env;
    environment_read(&env);
    struct bubble_table table = {.config = &line.config, .env = &env};
    sluice_diag why;
    output_begin(&line.output, &table.table);
    sluice_status st =
        bubble_measure(&line.config, bubble_table_row, &table, &why);
    table_end(&table.table);
    return command_finish(argv[0], st, &why, table.wrong);
}
