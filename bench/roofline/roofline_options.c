/* `sluice-bench roofline`: its options.  The main thread. */
#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/order/schedule_source.h"
#include "bench/output/environment.h"
#include "bench/roofline/roofline.h"
#include "bench/roofline/roofline_table.h"

static const struct option_row work[] = {
    {SWEEP_DEVICES(struct roofline_config, 1), .standard = "1,2",
     .small = "1,2"},
    {SWEEP_MICROBATCHES(struct roofline_config, "Numbers of micro-batches"),
     .standard = "8,16,32", .small = "4"},
    {SWEEP_MODEL(struct roofline_config, "The network"),
     .standard = "1024-1024x16", .small = "8-8x4"},
    {SWEEP_BATCH(struct roofline_config, "Rows of a mini-batch"),
     .standard = "1024", .small = "16"},
    {0},
};

static const char doc[] =
    "Measure what this machine can do for a network, and a step as a share of "
    "it.\v" SWEEP_LISTS "\n\n"
    "`fma' are multiply-adds in registers, `memory' and the other GB/s are y "
    "+= a x; `alone' is the slowest core by itself, of products the mean of "
    "cores by themselves; else it is a core's share, with all cores at work "
    "for fma and memory, and as many as there are devices for the others.  "
    "`products' are the network's own matrix products with the rows of a "
    "micro-batch, back to back, each with weights of its own.  `bound_ns' is "
    "the least time of a step: products at that rate, work on elements and the "
    "update at the rate of memory, and the bubble of the schedule.  Each row "
    "also trains a few steps, and measures the bound again before and behind "
    "each of them; between the bound and a timed step is one that is not "
    "timed.  `bound_ns' is the median, `bound_share' the median of the bound "
    "over its step, and `wrong' as in `bubble'.";

/* The command line as it is read. */
struct line {
    struct roofline_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = work, .offset = offsetof(struct line, config)},
    ORDER_GROUPS(struct line, config.order),
    RUN_GROUPS(struct line, config.run, output, timed_output_options),
    {0},
};

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct environment env;
    struct roofline_table table = {.config = &line->config, .env = &env};
    sluice_diag why;
    environment_read(&env);
    output_begin(&line->output, &table.table);
    sluice_status st =
        roofline_measure(&line->config, roofline_table_row, &table, &why);
    table_end(&table.table);
    if (st)
        return order_fail(called, &line->config.order, &why);
    return command_finish(called, st, &why, table.wrong);
}

const struct command roofline_command = {
    .name = "roofline",
    .does = "A step as a share of what the machine can do",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
