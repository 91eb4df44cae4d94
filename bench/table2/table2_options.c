/* `sluice-bench table2`: its options and table.  The main thread. */
#include "bench/table2/table2.h"

#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/order/schedule_source.h"
#include "bench/output/environment.h"

static const struct option_row work[] = {
    {SWEEP_MODEL(struct table2_config, "Real layers"),
     .standard = "1024-1024x16", .small = "16-16x8", .context = "model"},
    {SWEEP_BATCH(struct table2_config, "Rows of a mini-batch of real layers"),
     .standard = "1024", .small = "64", .context = "batch"},
    {.name = "cell",
     .argument = "TIME",
     .help = "F, I and W of one of eight timed cells with 32 micro-batches "
             "({standard}); longer with fewer",
     .type = &option_time,
     .offset = offsetof(struct table2_config, cell_ns),
     .standard = "1ms",
     .small = "20us",
     .context = "cell_ns"},
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

/* The command line as it is read. */
struct line {
    struct table2_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = work, .offset = offsetof(struct line, config)},
    ORDER_GROUPS(struct line, config.order),
    RUN_GROUPS(struct line, config.run, output, timed_output_options),
    {0},
};

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
    int64_t wrong = row->of_cells.wrong < 0
                        ? -1
                        : row->of_cells.wrong + row->of_layers.wrong;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    order_context(&config->order, &fields);
    option_context(work, config, &fields);
    run_context(&config->run, &fields);
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
    add_text(&fields, "gemm_used", row->of_layers.gemm);
    add_wrong(&fields, wrong);
    table_row(&table->table, fields.of, fields.n);
    if (wrong > 0)
        table->wrong += wrong;
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct table2_table table = {.config = &line->config};
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st =
        table2_measure(&line->config, table2_add_row, &table, &why);
    table_end(&table.table);
    if (st)
        return order_fail(called, &line->config.order, &why);
    return command_finish(called, st, &why, table.wrong);
}

const struct command table2_command = {
    .name = "table2",
    .does = "GPipe's table 2: normalized throughput",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
