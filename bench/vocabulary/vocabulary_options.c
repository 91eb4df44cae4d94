/* `sluice-bench vocabulary`: its options and its table.  The main thread. */
#include <stdio.h>

#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/vocabulary/vocabulary_rows.h"

enum { PARTS_BYTES = 1024 };

/* The command line as it is read. */
struct line {
    struct vocabulary_bench config;
    struct output_options output;
};

static const struct option_row sizes[] = {
    {SWEEP_DEVICES(struct vocabulary_bench, 2), .standard = "2,4",
     .small = "2"},
    {SWEEP_MICROBATCHES(struct vocabulary_bench, "Numbers of micro-batches"),
     .standard = "16", .small = "4"},
    {0},
};

static const struct option_row work[] = {
    {.name = "blocks",
     .argument = "N",
     .help = "Blocks before the head",
     .type = &option_integer,
     .offset = offsetof(struct vocabulary_bench, blocks),
     .least = 1,
     .most = SLUICE_MAX_STAGES - 1,
     .standard = "12",
     .small = "4",
     .context = "blocks"},
    {.name = "head",
     .argument = "X",
     .help = "Blocks that take as long as the head",
     .type = &option_real,
     .offset = offsetof(struct vocabulary_bench, head),
     .least = 0,
     .most = 1000,
     .standard = "5.45",
     .context = "head"},
    {.name = "cell",
     .argument = "TIME",
     .help = "What F, I and W of a block take, each",
     .type = &option_time,
     .offset = offsetof(struct vocabulary_bench, cell_ns),
     .standard = "500us",
     .small = "50us",
     .context = "cell_ns"},
    {0},
};

static const char doc[] =
    "Cut the head of a language model across the devices, beside the best "
    "contiguous cut of blocks and head, on timed cells.\v" SWEEP_LISTS "\n\n"
    "The standards are the proportions of GPT-2, whose head takes as long as "
    "5.45 of its 12 blocks.  The schedule is 1f1b.  `bubble_formula' of a cut "
    "head is (K-1)(F+B) of idle time if each device has as many blocks, else "
    "the simulator's, as that of a contiguous cut is.  `faster' is the step "
    "of the contiguous cut over that of the row, on the virtual clock.  Times "
    "and bubbles are medians.";

static const struct option_group groups[] = {
    {.options = sizes, .offset = offsetof(struct line, config)},
    {.options = work, .offset = offsetof(struct line, config)},
    RUN_GROUPS(struct line, config.run, output, timed_output_options),
    {0},
};

/* A table under way. */
struct vocabulary_table {
    const struct vocabulary_bench *config;
    struct environment env;
    struct table table;
    char parts[PARTS_BYTES];
};

static const char *print_parts(const struct vocabulary_row *row, char *text)
{
    int at = 0;
    for (int d = 0; d < row->devices && at < PARTS_BYTES; d++)
        at += snprintf(text + at, (size_t)(PARTS_BYTES - at), "%s%d",
                       d ? " " : "", row->sizes[d]);
    return text;
}

static void write_row(void *context, const struct vocabulary_row *row)
{
    struct vocabulary_table *table = context;
    const struct samples *s = &row->measured.samples;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    option_context(work, table->config, &fields);
    run_context(&table->config->run, &fields);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "layout", row->layout);
    add_text(&fields, "layers", print_parts(row, table->parts));
    add_step(&fields, s);
    add_integer(&fields, "step_virtual_ns",
                (int64_t)samples_median(s, FIGURE_VIRTUAL_NS));
    add_share(&fields, "bubble_virtual",
              samples_median(s, FIGURE_BUBBLE_VIRTUAL));
    add_share(&fields, "bubble_formula", row->formula);
    add_real(&fields, "faster", row->faster);
    table_row(&table->table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct vocabulary_table table = {.config = &line->config};
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st =
        vocabulary_measure(&line->config, write_row, &table, &why);
    table_end(&table.table);
    return command_finish(called, st, &why, 0);
}

const struct command vocabulary_command = {
    .name = "vocabulary",
    .does = "A cut head beside the best contiguous cut",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
