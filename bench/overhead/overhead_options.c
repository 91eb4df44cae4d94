/* `sluice-bench overhead`: its options and its table.  The main thread. */
#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"
#include "bench/output/table.h"
#include "bench/overhead/overhead.h"
#include "bench/world/joined.h"

enum { MAX_STEPS = 10000, MAX_MICROBATCHES = 65536 };

static const struct option_row work[] = {
    {.name = "microbatches",
     .key = 'm',
     .argument = "N",
     .help = "Micro-batches of a step; of parked devices a sixteenth",
     .type = &option_integer,
     .offset = offsetof(struct overhead_config, microbatches),
     .least = 1,
     .most = MAX_MICROBATCHES,
     .standard = "8192",
     .small = "64",
     .context = "microbatches"},
    {.name = "warmup",
     .argument = "N",
     .help = "Steps before those that are timed",
     .type = &option_integer,
     .offset = offsetof(struct overhead_config, warmup),
     .most = MAX_STEPS,
     .standard = "2",
     .small = "1",
     .context = "warmup"},
    {.name = "repetitions",
     .argument = "N",
     .help = "Steps that are timed",
     .type = &option_integer,
     .offset = offsetof(struct overhead_config, repetitions),
     .least = 1,
     .most = MAX_STEPS,
     .standard = "11",
     .small = "2",
     .context = "repetitions"},
    {0},
};

static const char doc[] =
    "Measure what the machinery of a pipeline costs, by cells that compute "
    "nothing.\v"
    "`hot' and `parked': two devices hand one micro-batch to and fro, polling "
    "or sleeping while they wait.  `sluice_ns' is a hand-off with the F and "
    "the B that it lies between, `actions_ns' the same F and B on one device, "
    "which hands nothing off, `hand_off_ns' the median of what remains, and "
    "`raw_ns' the same hand-off between two threads that do nothing else: a "
    "store that the other thread polls for, or a condition variable.  The "
    "three are measured in turn.  `ratio' is sluice_ns / raw_ns, "
    "`hand_off_ratio' hand_off_ns / raw_ns.  `dispatch' is one action of one "
    "device.  Medians, in nanoseconds.  Under mpirun with two processes: a "
    "hand-off between these, of as much as the row says, beside MPI_Isend and "
    "MPI_Irecv of the same.";

/* The command line as it is read. */
struct line {
    struct overhead_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = work, .offset = offsetof(struct line, config)},
    {.title = "Output",
     .options = timed_output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* A table under way. */
struct overhead_table {
    const struct overhead_config *config;
    struct environment env;
    struct table table;
};

static void add_row(void *context, const struct overhead_row *row)
{
    struct overhead_table *table = context;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    option_context(work, table->config, &fields);
    add_key_word(&fields, "what", row->what);
    add_real(&fields, "sluice_ns", row->sluice_ns);
    add_real(&fields, "actions_ns", row->actions_ns);
    add_real(&fields, "hand_off_ns", row->hand_off_ns);
    add_real(&fields, "raw_ns", row->raw_ns);
    add_real(&fields, "overhead_ns", row->sluice_ns - row->raw_ns);
    add_real(&fields, "ratio", row->sluice_ns / row->raw_ns);
    add_real(&fields, "hand_off_ratio", row->hand_off_ns / row->raw_ns);
    add_samples(&fields, "samples_ns", row->samples,
                table->config->repetitions);
    table_row(&table->table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    struct line *line = config;
    struct joined joined = {0};
    struct overhead_table table = {.config = &line->config};
    sluice_diag why;
    if (joined_begin(&joined, &why))
        return joined_fail(called, &joined, &why);
    line->config.world = joined.world;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st = overhead_measure(&line->config, add_row, &table, &why);
    table_end(&table.table);
    joined_before_failure(&joined);
    int status = command_finish(called, st, &why, 0);
    joined_end(&joined);
    return status;
}

const struct command overhead_command = {
    .name = "overhead",
    .does = "What hand-offs and dispatch cost beside the work",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .joins = true,
    .run = run,
};
