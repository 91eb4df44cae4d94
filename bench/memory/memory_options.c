/* `sluice-bench memory`: its command line and tables.  The main thread. */
#include "bench/memory/footprint.h"

#include <stdlib.h>
#include <string.h>

#include "bench/cli/choice.h"
#include "bench/cli/command.h"
#include "bench/cli/option.h"
#include "bench/memory/table1.h"

enum {
    KEY_REMAT = 0x100,
    KEY_LAYERS,
    KEY_WIDTH,
    KEY_BATCH,
    KEY_TABLE1,
    KEY_CAP,
    MAX_BATCH = 1 << 24,
    MAX_WIDTH = 1 << 16,
    WORDS_BYTES = 128,
};

static const struct argp_option options[] = {
    {"devices", 'k', "LIST", 0, "Numbers of devices (1,2,4,8)", 1},
    {"microbatches", 'm', "LIST", 0,
     "Numbers of micro-batches (1,8,32); table 1 takes the first (32)", 1},
    {"remat", KEY_REMAT, "LIST", 0,
     "Of never, always, except_last (never,always)", 1},
    {"layers", KEY_LAYERS, "LIST", 0, "Numbers of layers (16)", 2},
    {"width", KEY_WIDTH, "N", 0, "Of each layer (256)", 2},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch (4096)", 2},
    {"table1", KEY_TABLE1, 0, 0,
     "The deepest network under a cap for each device, as GPipe's table 1", 3},
    {"cap", KEY_CAP, "BYTES", 0, "That cap (24M)", 3},
    {0},
};

static const char doc[] =
    "Memory of a device, planned and actual, with and without "
    "rematerialization, beside the paper's estimate O(N + L/K x N/M).\v"
    "A LIST is 2,4,8 or a range: 1-8, 1-9+2 (by 2), 1-64*2 (doubling).\n\n"
    "With --table1 the exit status is 1 if the depth does not grow linearly "
    "with the devices, to one layer, or if more is handed out than was "
    "planned.";

static const struct footprint_config usual = {
    .layers = {1, {16}},
    .devices = {4, {1, 2, 4, 8}},
    .microbatches = {3, {1, 8, 32}},
    .remats = {2, {SLUICE_REMAT_NEVER, SLUICE_REMAT_ALWAYS}},
    .width = 256,
    .batch = 4096,
    .cap_bytes = 24 << 20,
};

/* Small enough for a test that runs every time. */
static const struct footprint_config small = {
    .layers = {1, {8}},
    .devices = {2, {1, 4}},
    .microbatches = {2, {1, 4}},
    .remats = {2, {SLUICE_REMAT_NEVER, SLUICE_REMAT_ALWAYS}},
    .width = 16,
    .batch = 64,
    .cap_bytes = 64 << 10,
};

static const struct range table1_microbatches = {1, {32}};

/* The command line as it is read. */
struct line {
    struct footprint_config config; /* what is not given is 0 */
    struct output_options output;
    bool table1;
};

/* Fill in what was not given. */
static void complete(struct line *line)
{
    const struct footprint_config *by = line->output.smoke ? &small : &usual;
    struct footprint_config *config = &line->config;
    config->schedule = "gpipe";
    config->capacity = SLUICE_QUEUE_CAPACITY;
    if (!config->layers.n)
        config->layers = by->layers;
    if (!config->devices.n)
        config->devices = by->devices;
    if (!config->microbatches.n)
        config->microbatches =
            line->table1 ? table1_microbatches : by->microbatches;
    if (!config->remats.n)
        config->remats = by->remats;
    if (!config->width)
        config->width = by->width;
    if (!config->batch)
        config->batch = by->batch;
    if (!config->cap_bytes)
        config->cap_bytes = by->cap_bytes;
}

/* Words between commas. */
static void parse_remats(struct argp_state *state, const char *arg,
                         struct range *remats)
{
    char words[WORDS_BYTES];
    char *rest = words;
    sluice_diag why;
    if (strlen(arg) >= sizeof words)
        argp_error(state, "--remat: the list is too long");
    snprintf(words, sizeof words, "%s", arg);
    remats->n = 0;
    for (char *word; (word = strsep(&rest, ",")) && remats->n < RANGE_MAX;)
        option_check(state, "--remat",
                     choice_parse(remat_choices, word,
                                  &remats->values[remats->n++], &why),
                     &why);
}

/* Table 1 has its own rows. */
static void check(struct argp_state *state, const struct line *line)
{
    const struct footprint_config *config = &line->config;
    if (line->table1 &&
        (config->devices.n || config->layers.n || config->remats.n))
        argp_error(state, "--table1 excludes --devices, --layers and --remat");
    if (!line->table1 && config->cap_bytes)
        argp_error(state, "--cap goes with --table1");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct footprint_config *config = &line->config;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &line->output;
        break;
    case 'k':
        option_list(state, "-k", arg, SLUICE_MAX_DEVICES, &config->devices);
        break;
    case 'm':
        option_list(state, "-m", arg, SLUICE_MAX_MICROBATCHES,
                    &config->microbatches);
        break;
    case KEY_REMAT:
        parse_remats(state, arg, &config->remats);
        break;
    case KEY_LAYERS:
        option_list(state, "--layers", arg, SLUICE_MODEL_MAX_LAYERS,
                    &config->layers);
        break;
    case KEY_WIDTH:
        config->width = option_integer(state, "--width", arg, 1, MAX_WIDTH);
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case KEY_TABLE1:
        line->table1 = true;
        break;
    case KEY_CAP:
        option_bytes(state, "--cap", arg, &config->cap_bytes);
        break;
    case ARGP_KEY_END:
        check(state, line);
        complete(line);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* A table under way. */
struct memory_table {
    const struct footprint_config *config;
    struct environment env;
    struct table table;
    bool wrong; /* more was handed out than planned */
};

static void begin_fields(const struct memory_table *table,
                         struct table_fields *fields)
{
    const struct footprint_config *config = table->config;
    *fields = (struct table_fields){0};
    add_environment(fields, &table->env);
    add_word(fields, "schedule", config->schedule);
    add_shared(fields, "capacity", config->capacity);
    add_shared(fields, "width", config->width);
    add_shared(fields, "batch", config->batch);
}

static void memory_row(void *context, const struct footprint_row *row)
{
    struct memory_table *table = context;
    struct table_fields fields;
    begin_fields(table, &fields);
    add_key(&fields, "layers", row->layers);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "remat", choice_name(remat_choices, row->remat));
    add_integer(&fields, "planned_bytes", (int64_t)row->planned);
    add_integer(&fields, "actual_bytes", (int64_t)row->actual);
    add_integer(&fields, "activation_bytes", (int64_t)row->activations);
    add_integer(&fields, "estimate_bytes", (int64_t)row->estimate);
    add_integer(&fields, "all_activation_bytes", (int64_t)row->all_activations);
    add_integer(&fields, "classic_bytes", (int64_t)row->classic);
    table_row(&table->table, fields.of, fields.n);
    table->wrong = table->wrong || row->actual > row->planned;
}

static void table1_row(void *context, const struct table1_row *row)
{
    struct memory_table *table = context;
    struct table_fields fields;
    begin_fields(table, &fields);
    add_shared(&fields, "cap_bytes", (int64_t)table->config->cap_bytes);
    add_key_word(&fields, "name", row->name);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "remat", choice_name(remat_choices, row->remat));
    add_integer(&fields, "layers", row->layers);
    add_integer(&fields, "first_layers", row->depth.first);
    add_integer(&fields, "inner_layers", row->depth.inner);
    add_integer(&fields, "last_layers", row->depth.last);
    add_real(&fields, "layers_per_device", (double)row->layers / row->devices);
    add_integer(&fields, "off_linear", row->off_linear);
    add_real(&fields, "growth", row->growth);
    add_real(&fields, "paper_layers", row->paper);
    add_integer(&fields, "planned_bytes", (int64_t)row->planned);
    add_text(&fields, "planned_for", row->by_position ? "three" : "all");
    add_text(&fields, "trained", row->trained ? "yes" : "no");
    add_integer(&fields, "actual_bytes", (int64_t)row->actual);
    table_row(&table->table, fields.of, fields.n);
    table->wrong = table->wrong || row->actual > row->planned;
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = doc,
    .children = output_children,
};

int memory_command(int argc, char **argv)
{
    struct line line = {.table1 = false};
    option_parse(&argp, argc, argv, 0, &line);
    struct memory_table table = {.config = &line.config};
    bool linear = true;
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line.output, &table.table);
    sluice_status st =
        line.table1
            ? table1_measure(&line.config, table1_row, &table, &linear, &why)
            : footprint_measure(&line.config, memory_row, &table, &why);
    table_end(&table.table);
    if (st)
        return command_fail(argv[0], &why);
    if (!linear)
        fprintf(stderr, "%s: the depth does not grow linearly\n", argv[0]);
    if (table.wrong)
        fprintf(stderr, "%s: more memory was used than planned\n", argv[0]);
    return linear && !table.wrong ? EXIT_SUCCESS : EXIT_FAILURE;
}
