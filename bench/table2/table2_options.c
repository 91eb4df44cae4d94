/* `sluice-bench table2`: its command line and table.  The main thread. */
#include "bench/table2/table2.h"

#include "bench/cli/command.h"
#include "bench/output/environment.h"
#include "bench/cli/option.h"

enum { KEY_CELL = 0x100, KEY_MODEL, KEY_BATCH, MAX_BATCH = 1 << 24 };

static const struct argp_option options[] = {
    {"cell", KEY_CELL, "TIME", 0,
     "F, I and W of one of eight timed cells with 32 micro-batches (1ms); "
     "longer with fewer",
     1},
    {"model", KEY_MODEL, "SPEC", 0, "Real layers (1024-1024x16)", 1},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch for them (1024)", 1},
    {0},
};

static const char doc[] =
    "GPipe's table 2: throughput of 2, 4 and 8 devices with 1, 4 and 32 "
    "micro-batches, normalized by that of two devices with one.\v"
    "Beside the ideal K M / (M + K - 1) stand timed cells on the wall clock, "
    "real layers on the virtual clock, which tells what a core for each device "
    "would have done, and the papers' figures.  `wrong' counts the parameters "
    "whose bits differ from a sequential reference; the exit status is 1 if "
    "there are any.";

static const struct table2_config usual = {
    .cell_ns = 1000 * 1000,
    .model = "1024-1024x16",
    .batch = 1024,
};

/* Small enough for a test that runs every time. */
static const struct table2_config small = {
    .cell_ns = 20 * 1000,
    .model = "16-16x8",
    .batch = 64,
};

/* The command line as it is read. */
struct line {
    struct table2_config config; /* what is not given is 0 */
    struct output_options output;
};

/* Fill in what was not given. */
static void complete(struct line *line)
{
    const struct table2_config *by = line->output.smoke ? &small : &usual;
    struct table2_config *config = &line->config;
    if (!config->cell_ns)
        config->cell_ns = by->cell_ns;
    if (!config->model)
        config->model = by->model;
    if (!config->batch)
        config->batch = by->batch;
    run_options_complete(&config->run, line->output.smoke);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct table2_config *config = &line->config;
    switch (key) {
    case ARGP_KEY_INIT:
        measure_inputs(state, &config->order, &config->run, &line->output);
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
        complete(line);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* A table under way. */
struct table2_table {
    const struct table2_config *config;
    struct environment env;
    struct table table;
    int64_t wrong; /* of all rows */
};

static void table2_add_row(void *context, const struct table2_row *row)
{
    struct table2_table *table = context;
    const struct table2_config *config = table->config;
    int64_t wrong = row->of_cells.wrong + row->of_layers.wrong;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    add_order(&fields, &config->order);
    add_word(&fields, "model", config->model);
    add_shared(&fields, "batch", config->batch);
    add_shared(&fields, "cell_ns", config->cell_ns);
    add_run(&fields, &config->run);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_real(&fields, "ideal", row->ideal);
    add_real(&fields, "cells", row->cells);
    add_real(&fields, "cells_virtual", row->cells_virtual);
    add_real(&fields, "layers_virtual", row->layers);
    add_real(&fields, "transformer", row->transformer);
    add_real(&fields, "amoebanet", row->amoebanet);
    add_real(&fields, "torchgpipe", row->torchgpipe);
    add_step(&fields, &row->of_cells.samples);
    add_integer(
        &fields, "layers_virtual_ns",
        (int64_t)samples_median(&row->of_layers.samples, FIGURE_VIRTUAL_NS));
    add_integer(&fields, "wrong", wrong);
    table_row(&table->table, fields.of, fields.n);
    table->wrong += wrong;
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = doc,
    .children = measure_children,
};

int table2_command(int argc, char **argv)
{
    struct line line = {
        .config = {.run = RUN_OPTIONS_NONE, .order = ORDER_DEFAULTS},
        .output.timed = true,
    };
    option_parse(&argp, argc, argv, 0, &line);
    struct table2_table table = {.config = &line.config};
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line.output, &table.table);
    sluice_status st =
        table2_measure(&line.config, table2_add_row, &table, &why);
    table_end(&table.table);
    return command_finish(argv[0], st, &why, table.wrong);
}
