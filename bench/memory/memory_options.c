/* `sluice-bench memory`: its options and tables.  The main thread. */
#include "bench/memory/footprint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/memory/table1.h"

enum { MAX_WIDTH = 1 << 16, MAX_POSITIONS = 1 << 16 };

/* The command line as it is read. */
struct line {
    struct footprint_config config;
    struct output_options output;
    bool table1;
    bool asks_microbatches; /* -m was given */
};

static const struct option_row sizes[] = {
    {SWEEP_DEVICES(struct footprint_config, 1), .standard = "1,2,4,8",
     .small = "1,4"},
    {SWEEP_MICROBATCHES(
         struct footprint_config,
         "Numbers of micro-batches ({standard}); table 1 takes the first (32)"),
     .standard = "1,8,32", .small = "1,4"},
    {.name = "remat",
     .argument = "LIST",
     .help = "Which activations are recomputed, a row for each: {choices}",
     .type = &option_words,
     .offset = offsetof(struct footprint_config, remats),
     .choices = remat_choices,
     .standard = "never,always"},
    {0},
};

static const struct option_row networks[] = {
    {.name = "layers",
     .argument = "LIST",
     .help = "Numbers of layers",
     .type = &option_list,
     .offset = offsetof(struct footprint_config, layers),
     .least = 1,
     .most = SLUICE_MODEL_MAX_LAYERS,
     .standard = "16",
     .small = "8"},
    {.name = "width",
     .argument = "N",
     .help = "Inputs and outputs of each layer",
     .type = &option_long,
     .offset = offsetof(struct footprint_config, width),
     .least = 1,
     .most = MAX_WIDTH,
     .standard = "256",
     .small = "16",
     .context = "width"},
    {SWEEP_BATCH(struct footprint_config, "Rows of a mini-batch"),
     .standard = "4096", .small = "64", .context = "batch"},
    {0},
};

static const char *table1_needs(const void *config,
                                const struct option_row *option)
{
    const struct line *line = config;
    bool sequences = !strcmp(option->name, "sequence");
    if (!strcmp(option->name, "heads") && !line->config.positions)
        return "needs --sequence";
    return sequences && !line->table1 ? "needs --table1" : NULL;
}

static const struct option_row table1_options[] = {
    {.name = "table1",
     .help =
         "The deepest network under a cap for each device, as GPipe's table "
         "1",
     .type = &option_flag,
     .offset = offsetof(struct line, table1)},
    {.name = "sequence",
     .argument = "N",
     .help = "Layers of --table1 are blocks of a Transformer over rows of N "
             "positions of the width: 1024 in the paper",
     .type = &option_long,
     .offset = offsetof(struct line, config.positions),
     .least = 1,
     .most = MAX_POSITIONS},
    {.name = "heads",
     .argument = "N",
     .help = "Heads of their attention, which divide the width",
     .type = &option_long,
     .offset = offsetof(struct line, config.heads),
     .least = 1,
     .most = MAX_WIDTH,
     .standard = "1"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of a device, of --table1",
     .type = &option_bytes,
     .offset = offsetof(struct line, config.cap_bytes),
     .least = 1,
     .standard = "24M",
     .small = "64K"},
    {0},
};

static const char doc[] =
    "Memory of a device, planned and actual, with and without "
    "rematerialization, beside the paper's estimate O(N + L/K x "
    "N/M).\v" SWEEP_LISTS "  "
    "Products are OpenBLAS's (--gemm openblas of other commands): no packed "
    "copies, whatever the processor.\n\n"
    "With --table1 the exit status is 1 if the depth does not grow linearly "
    "with the devices, to one layer, if a row's devices hold no layer each, or "
    "if more is handed out than was planned.";

static const struct option_group groups[] = {
    {.options = sizes, .offset = offsetof(struct line, config)},
    {.options = networks, .offset = offsetof(struct line, config)},
    {.options = table1_options, .needs = table1_needs},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* Table 1 has its own rows. */
static sluice_status check(void *given, sluice_diag *why)
{
    struct line *line = given;
    const struct footprint_config *config = &line->config;
    line->asks_microbatches = config->microbatches.n;
    if (line->table1 &&
        (config->devices.n || config->layers.n || config->remats.n))
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "--table1 excludes --devices, --layers and --remat");
    if (!line->table1 && config->cap_bytes)
        return sluice_diag_set(why, SLUICE_INVALID, "--cap needs --table1");
    return SLUICE_OK;
}

static sluice_status settle(void *config, sluice_diag *why)
{
    static const struct range table1_microbatches = {1, {32}};
    struct line *line = config;
    (void)why;
    line->config.schedule = "gpipe";
    line->config.gemm = "openblas"; /* the same bytes on every machine */
    line->config.capacity = SLUICE_QUEUE_CAPACITY;
    if (line->table1 && !line->asks_microbatches)
        line->config.microbatches = table1_microbatches;
    return SLUICE_OK;
}

/* A table under way. */
struct memory_table {
    const struct footprint_config *config;
    struct environment env;
    struct table table;
    bool wrong;  /* more was handed out than planned */
    int n_unfit; /* rows of table 1 without a layer for each device ... */
    struct table1_row worst; /* ... and the one that needs most */
};

static void begin_fields(const struct memory_table *table,
                         struct table_fields *fields)
{
    const struct footprint_config *config = table->config;
    *fields = (struct table_fields){0};
    add_environment(fields, &table->env);
    add_word(fields, "schedule", config->schedule);
    add_word(fields, "gemm", config->gemm);
    add_shared(fields, "capacity", config->capacity);
    option_context(networks, config, fields);
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

/* The row that a cap for all would have to hold. */
static void count_unfit(struct memory_table *table,
                        const struct table1_row *row)
{
    if (row->layers)
        return;
    if (row->least > table->worst.least)
        table->worst = *row;
    table->n_unfit++;
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
    add_integer(&fields, "least_bytes", (int64_t)row->least);
    add_text(&fields, "planned_for", row->by_position ? "three" : "all");
    add_text(&fields, "trained", row->trained ? "yes" : "no");
    add_integer(&fields, "actual_bytes", (int64_t)row->actual);
    table_row(&table->table, fields.of, fields.n);
    table->wrong = table->wrong || row->actual > row->planned;
    count_unfit(table, row);
}

/* What could not be tabulated at all, as a sentence. */
static bool tell_gaps(const char *called, const struct memory_table *table)
{
    uint64_t cap = table->config->cap_bytes;
    if (table->n_unfit)
        fprintf(stderr,
                "%s: under the cap of %" PRIu64
                " bytes %d of %d rows cannot hold one "
                "layer on each device; %s needs the most, %zu bytes: raise "
                "--cap, or lower --width or --batch\n",
                called, cap, table->n_unfit, table->table.n_rows,
                table->worst.name, table->worst.least);
    return !table->n_unfit;
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct memory_table table = {.config = &line->config};
    bool linear = true;
    int n_left_out = line->table1 ? 0 : footprint_left_out(&line->config);
    sluice_diag why;
    if (n_left_out)
        fprintf(stderr,
                "%s: %d combination%s with more devices than layers left out\n",
                called, n_left_out, n_left_out == 1 ? "" : "s");
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st =
        line->table1
            ? table1_measure(&line->config, table1_row, &table, &linear, &why)
            : footprint_measure(&line->config, memory_row, &table, &why);
    table_end(&table.table);
    if (st)
        return command_fail(called, &why);
    if (!linear)
        fprintf(stderr, "%s: the depth does not grow linearly\n", called);
    if (table.wrong)
        fprintf(stderr, "%s: more memory was used than planned\n", called);
    bool fits = tell_gaps(called, &table);
    return linear && fits && !table.wrong ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command memory_command = {
    .name = "memory",
    .does = "Memory of a device; GPipe's table 1",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .check = check,
    .settle = settle,
    .run = run,
};
