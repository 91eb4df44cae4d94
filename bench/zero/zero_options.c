/* `sluice-bench zero`: its options and its table.  The main thread. */
#include "bench/zero/zero_rows.h"

#include "bench/cli/command.h"
#include "bench/measure/run_options.h"
#include "bench/measure/sweep_options.h"
#include "bench/world/joined.h"

enum { MAX_STEPS = 1 << 16, MOST_CHUNKS = 64 };

/* The command line as it is read. */
struct line {
    struct zero_config config;
    struct output_options output;
};

static const struct option_row sizes[] = {
    {.name = "replicas",
     .argument = "LIST",
     .help = "Numbers of replicas",
     .type = &option_list,
     .offset = offsetof(struct zero_config, replicas),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1-8",
     .small = "1,3"},
    {.name = "zero",
     .argument = "LIST",
     .help = "ZeRO stages",
     .type = &option_list,
     .offset = offsetof(struct zero_config, stages),
     .least = 0,
     .most = 3,
     .standard = "0-3"},
    {.name = "devices",
     .key = 'k',
     .argument = "K",
     .help = "Devices of a replica",
     .type = &option_integer,
     .offset = offsetof(struct zero_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1",
     .context = "devices"},
    {.name = "chunks",
     .argument = "V",
     .help = "Stages of a device: with 1 the schedule is gpipe, with more "
             "looped-bfs",
     .type = &option_integer,
     .offset = offsetof(struct zero_config, chunks),
     .least = 1,
     .most = MOST_CHUNKS,
     .standard = "4",
     .small = "2",
     .context = "chunks"},
    {.name = "microbatches",
     .key = 'm',
     .argument = "M",
     .help = "Micro-batches of a replica",
     .type = &option_integer,
     .offset = offsetof(struct zero_config, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "4",
     .small = "2",
     .context = "microbatches"},
    {0},
};

static const struct option_row work[] = {
    {SWEEP_MODEL(struct zero_config, "The network"), .standard = "256-256x16",
     .small = "16-16x4", .context = "model"},
    {SWEEP_BATCH(struct zero_config, "Rows of a mini-batch"), .standard = "256",
     .small = "24", .context = "batch"},
    {.name = "steps",
     .argument = "N",
     .help = "Steps that are timed, each behind one of plain replicas; 0: only "
             "the bytes and the bits",
     .type = &option_integer,
     .offset = offsetof(struct zero_config, steps),
     .least = 0,
     .most = MAX_STEPS,
     .standard = "10",
     .small = "1",
     .context = "steps"},
    {.name = "seed",
     .argument = "N",
     .help = "Seed of parameters, inputs and targets",
     .type = &option_long,
     .offset = offsetof(struct zero_config, seed),
     .most = INT64_MAX,
     .standard = "1",
     .context = "seed"},
    {0},
};

static const char doc[] =
    "Bytes for each parameter with ZeRO stages 0 to 3, planned and actual, "
    "beside the paper's formula, and the step beside that of plain "
    "replicas.\v" SWEEP_LISTS "  "
    "`paper' is Rajbhandari et al. (2020) in float32; stages 2 and 3 have the "
    "whole gradient of one stage of the pipeline besides.  `over' is the "
    "median of a step's time over that of the plain step beside it, less 1.  "
    "The exit status is 1 if parameters have other bits than those of plain "
    "replicas, or if other bytes were taken than planned.\n\n"
    "Under mpirun the processes share the devices of a row; a row with fewer "
    "than processes is that of process 0 alone.";

static const struct option_group groups[] = {
    {.options = sizes, .offset = offsetof(struct line, config)},
    {.options = work, .offset = offsetof(struct line, config)},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* A table under way. */
struct zero_table {
    const struct zero_config *config;
    struct environment env;
    struct table table;
    int64_t wrong;
};

static void write_row(void *context, const struct zero_row *row)
{
    struct zero_table *table = context;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    option_context(sizes, table->config, &fields);
    option_context(work, table->config, &fields);
    add_key_word(&fields, "optimizer", row->optimizer);
    add_key(&fields, "replicas", row->replicas);
    add_key(&fields, "zero", row->zero);
    add_key(&fields, "processes", row->processes);
    add_real(&fields, "parameters", row->parameters);
    add_real(&fields, "gradients", row->gradients);
    add_real(&fields, "states", row->states);
    add_real(&fields, "sum", row->parameters + row->gradients + row->states);
    add_real(&fields, "paper", row->paper);
    add_integer(&fields, "planned_bytes", row->planned_bytes);
    add_integer(&fields, "actual_bytes", row->actual_bytes);
    add_real(&fields, "step_ns", row->step_ns);
    add_share(&fields, "bound_share", row->bound_ns / row->step_ns);
    add_share(&fields, "over", row->over);
    add_wrong(&fields, row->wrong);
    table_row(&table->table, fields.of, fields.n);
    table->wrong += row->wrong + (row->planned_bytes != row->actual_bytes);
}

static int run(const char *called, void *config)
{
    struct line *line = config;
    struct zero_table table = {.config = &line->config};
    struct joined joined = {0};
    sluice_diag why;
    if (joined_begin(&joined, &why))
        return joined_fail(called, &joined, &why);
    line->config.world = joined.world;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st = zero_measure(&line->config, write_row, &table, &why);
    table_end(&table.table);
    joined_before_failure(&joined);
    int status = command_finish(called, st, &why, table.wrong);
    joined_end(&joined);
    return status;
}

const struct command zero_command = {
    .name = "zero",
    .does = "ZeRO: bytes per parameter, and the step",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .joins = true,
    .run = run,
};
