/* `sluice-bench compare`: its command line.  The main thread. */
#include "bench/compare/compare.h"

#include "bench/cli/command.h"
#include "bench/compare/compare_table.h"
#include "bench/cli/option.h"

enum { KEY_MODEL = 0x100, KEY_BATCH, KEY_CAP, MAX_BATCH = 1 << 24 };

static const struct argp_option options[] = {
    {"devices", 'd', "LIST", 0, "Numbers of devices (1,2)", 1},
    {"microbatches", 'm', "LIST", 0, "Micro-batches of pipelines (4,8,16)", 1},
    {"model", KEY_MODEL, "SPEC", 0, "The network (1024-1024x16)", 2},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch (1024)", 2},
    {"cap", KEY_CAP, "BYTES", 0,
     "Memory of a device, for the deepest network that fits (256M)", 2},
    {0},
};

static const char doc[] =
    "Compare one device, a pipeline, data parallelism and replicas of "
    "pipelines on the same model, data and devices.\v"
    "A LIST is 2,4,8 or a range: 1-8, 1-9+2 (by 2), 1-64*2 (doubling).\n\n"
    "Parts of a step are means over the devices; `parts_clock' says whether "
    "of the wall clock or, without a core for each device, of the virtual "
    "one, which tells what a core for each would have done.  `wrong' counts "
    "the parameters whose bits differ from a sequential reference with the "
    "same replicas, and the exit status is 1 if there are any.";

static const struct compare_config usual = {
    .devices = {2, {1, 2}},
    .microbatches = {3, {4, 8, 16}},
    .model = "1024-1024x16",
    .batch = 1024,
    .cap_bytes = 256 << 20,
};

/* Small enough for a test that runs every time. */
static const struct compare_config small = {
    .devices = {2, {2, 4}},
    .microbatches = {2, {2, 4}},
    .model = "16-16x4",
    .batch = 32,
    .cap_bytes = 1 << 20,
};

/* The command line as it is read. */
struct line {
    struct compare_config config; /* what is not given is 0 */
    struct output_options output;
};

/* Fill in what was not given. */
static void complete(struct line *line)
{
    const struct compare_config *by = line->output.smoke ? &small : &usual;
    struct compare_config *config = &line->config;
    if (!config->devices.n)
        config->devices = by->devices;
    if (!config->microbatches.n)
        config->microbatches = by->microbatches;
    if (!config->model)
        config->model = by->model;
    if (!config->batch)
        config->batch = by->batch;
    if (!config->cap_bytes)
        config->cap_bytes = by->cap_bytes;
    run_options_complete(&config->run, line->output.smoke);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct compare_config *config = &line->config;
    switch (key) {
    case ARGP_KEY_INIT:
        measure_inputs(state, &config->order, &config->run, &line->output);
        break;
    case 'd':
        option_list(state, "-d", arg, SLUICE_MAX_DEVICES, &config->devices);
        break;
    case 'm':
        option_list(state, "-m", arg, SLUICE_MAX_MICROBATCHES,
                    &config->microbatches);
        break;
    case KEY_MODEL:
        config->model = arg;
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case KEY_CAP:
        option_bytes(state, "--cap", arg, &config->cap_bytes);
        break;
    case ARGP_KEY_END:
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

int compare_command(int argc, char **argv)
{
    struct line line = {
        .config = {.run = RUN_OPTIONS_NONE, .order = ORDER_DEFAULTS},
        .output.timed = true,
    };
    option_parse(&argp, argc, argv, 0, &line);
    struct environment env;
    environment_read(&env);
    struct compare_table table = {.config = &line.config, .env = &env};
    sluice_diag why;
    output_begin(&line.output, &table.table);
    sluice_status st =
        compare_measure(&line.config, compare_table_row, &table, &why);
    table_end(&table.table);
    return command_finish(argv[0], st, &why, table.wrong);
}
