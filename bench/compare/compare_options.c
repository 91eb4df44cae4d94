/* `sluice-bench compare`: its options.  The main thread. */
#include "bench/compare/compare.h"

#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/order/schedule_source.h"
#include "bench/compare/compare_table.h"
#include "bench/world/joined.h"

static const struct option_row sizes[] = {
    {.name = "devices",
     .key = 'd',
     .argument = "LIST",
     .help = "Numbers of devices",
     .type = &option_list,
     .offset = offsetof(struct compare_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1,2",
     .small = "2,4"},
    {SWEEP_MICROBATCHES(struct compare_config, "Micro-batches of pipelines"),
     .standard = "4,8,16", .small = "2,4"},
    {.name = "team",
     .argument = "LIST",
     .help = "Devices of a team, which work a stage together",
     .type = &option_list,
     .offset = offsetof(struct compare_config, teams),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1,2",
     .small = "1"},
    {.name = "zero",
     .argument = "LIST",
     .help = "Stages of ZeRO, of replicas",
     .type = &option_list,
     .offset = offsetof(struct compare_config, zeros),
     .most = 3,
     .standard = "0",
     .small = "0"},
    {0},
};

static const struct option_row work[] = {
    {SWEEP_MODEL(struct compare_config, "The network"),
     .standard = "1024-1024x16", .small = "16-16x4"},
    {SWEEP_BATCH(struct compare_config, "Rows of a mini-batch"),
     .standard = "1024", .small = "32"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of a device, for the deepest network that fits",
     .type = &option_bytes,
     .offset = offsetof(struct compare_config, cap_bytes),
     .least = 1,
     .standard = "256M",
     .small = "1M"},
    {0},
};

static const char doc[] =
    "Compare one device, a pipeline, data and tensor parallelism and their "
    "products on the same model, data and devices.\v" SWEEP_LISTS "\n\n"
    "Parts of a step are means over the devices; `parts_clock' says whether "
    "of the wall clock or, without a core for each device, of the virtual "
    "one, which tells what a core for each would have done.  `wrong' counts "
    "the parameters whose bits differ from a sequential reference with the "
    "same replicas, and the exit status is 1 if there are any.\n\n"
    "Under mpirun the processes share the teams of a row, or its devices; a "
    "row with fewer than processes is that of process 0 alone.  "
    "`sent_bytes' counts what they sent each other in a step, beside "
    "`sent_formula'.";

/* The command line as it is read. */
struct line {
    struct compare_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = sizes, .offset = offsetof(struct line, config)},
    {.options = work, .offset = offsetof(struct line, config)},
    ORDER_GROUPS(struct line, config.order),
    RUN_GROUPS(struct line, config.run, output, timed_output_options),
    {0},
};

static int run(const char *called, void *config)
{
    struct line *line = config;
    struct environment env;
    struct compare_table table = {.config = &line->config, .env = &env};
    sluice_diag why;
    struct joined joined = {0};
    if (joined_begin(&joined, &why))
        return joined_fail(called, &joined, &why);
    line->config.run.world = joined.world;
    environment_read(&env);
    output_begin(&line->output, &table.table);
    sluice_status st =
        compare_measure(&line->config, compare_table_row, &table, &why);
    table_end(&table.table);
    joined_before_failure(&joined);
    int status = st ? order_fail(called, &line->config.order, &why)
                    : command_finish(called, st, &why, table.wrong);
    joined_end(&joined);
    return status;
}

const struct command compare_command = {
    .name = "compare",
    .does = "Pipeline against data and tensor parallelism",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .joins = true,
    .run = run,
};
