/* `sluice-bench scaling`: its options and table.  The main thread. */
#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"
#include "bench/scaling/scaling.h"

enum { MOST = 1 << 24, MOST_GFLOPS = 1000000000, MOST_BLOCKS = 4096 };

static const struct option_row machine[] = {
    {.name = "devices",
     .key = 'd',
     .argument = "LIST",
     .help = "Numbers of devices",
     .type = &option_list,
     .offset = offsetof(struct scaling_config, devices),
     .least = 1,
     .most = SCALING_MOST_DEVICES,
     .standard = "64-1024*4",
     .small = "8,16"},
    {.name = "node-devices",
     .argument = "N",
     .help = "Devices of a node",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, node_devices),
     .least = 1,
     .most = SCALING_MOST_DEVICES,
     .standard = "64",
     .small = "4",
     .context = "node_devices"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of a device",
     .type = &option_bytes,
     .offset = offsetof(struct scaling_config, cap_bytes),
     .standard = "80G",
     .context = "cap_bytes"},
    {.name = "gflops",
     .argument = "X",
     .help = "Operations of a device, in 10^9 a second",
     .type = &option_real,
     .offset = offsetof(struct scaling_config, gflops),
     .least = 1,
     .most = MOST_GFLOPS,
     .standard = "100000"},
    {.name = "memory-bandwidth",
     .argument = "BYTES",
     .help = "What a device reads and writes in a second",
     .type = &option_bytes,
     .offset = offsetof(struct scaling_config, memory_rate),
     .least = 1,
     .standard = "1500G"},
    {.name = "latency",
     .argument = "TIME",
     .help = "Of a message within a node",
     .type = &option_time,
     .offset = offsetof(struct scaling_config, latency_ns),
     .standard = "2us",
     .context = "latency_ns"},
    {.name = "bandwidth",
     .argument = "BYTES",
     .help = "Of a device's link within a node, in a second",
     .type = &option_bytes,
     .offset = offsetof(struct scaling_config, rate),
     .least = 1,
     .standard = "200G",
     .context = "bandwidth"},
    {.name = "network-latency",
     .argument = "TIME",
     .help = "Of a message between nodes",
     .type = &option_time,
     .offset = offsetof(struct scaling_config, network_ns),
     .standard = "10us",
     .context = "network_latency_ns"},
    {.name = "network-bandwidth",
     .argument = "BYTES",
     .help = "Of a device's link between nodes, in a second",
     .type = &option_bytes,
     .offset = offsetof(struct scaling_config, network_rate),
     .least = 1,
     .standard = "20G",
     .context = "network_bandwidth"},
    {0},
};

static const struct option_row work[] = {
    {.name = "layers",
     .argument = "N",
     .help = "Blocks of the Transformer",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, layers),
     .least = 1,
     .most = MOST_BLOCKS,
     .standard = "64",
     .small = "4",
     .context = "layers"},
    {.name = "width",
     .argument = "N",
     .help = "Its width",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, width),
     .least = 1,
     .most = SCALING_MOST_WIDTH,
     .standard = "8192",
     .small = "64",
     .context = "width"},
    {.name = "heads",
     .argument = "N",
     .help = "Its heads",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, heads),
     .least = 1,
     .most = SCALING_MOST_WIDTH,
     .standard = "64",
     .small = "4",
     .context = "heads"},
    {.name = "vocabulary",
     .argument = "N",
     .help = "Its tokens",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, vocabulary),
     .least = 1,
     .most = MOST,
     .standard = "51200",
     .small = "64",
     .context = "vocabulary"},
    {.name = "context",
     .argument = "N",
     .help = "Tokens of a sequence",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, context),
     .least = 1,
     .most = MOST,
     .standard = "2048",
     .small = "16",
     .context = "context"},
    {.name = "batch",
     .argument = "N",
     .help = "Sequences of a mini-batch",
     .type = &option_long,
     .offset = offsetof(struct scaling_config, batch),
     .least = 1,
     .most = MOST,
     .standard = "2048",
     .small = "64",
     .context = "batch"},
    {.name = "rows",
     .argument = "N",
     .help = "Sequences of a micro-batch",
     .type = &option_long,
     .offset = offsetof(struct scaling_config, rows),
     .least = 1,
     .most = MOST,
     .standard = "1",
     .context = "rows"},
    {.name = "schedule",
     .argument = "NAME",
     .help = "Of a pipeline's devices",
     .type = &option_text,
     .offset = offsetof(struct scaling_config, schedule),
     .standard = "1f1b",
     .context = "schedule"},
    {.name = "zero",
     .argument = "STAGE",
     .help = "What replicas share out: 1 the optimizer's states, 2 the "
             "gradients, too, 3 also the parameters",
     .type = &option_integer,
     .offset = offsetof(struct scaling_config, zero),
     .most = 3,
     .standard = "0",
     .context = "zero"},
    {0},
};

static const char doc[] =
    "Every product of pipeline, data and tensor parallelism on so many "
    "devices: planned, proved and simulated.\v"
    "Nothing is measured: all times are those of the simulator, with layers "
    "that take the longer of their operations and bytes, and collectives by "
    "the formulas of a ring.  The devices of a team follow each other, then "
    "the places of a pipeline, then replicas.  Of as many devices `fastest' is "
    "1 for the shortest step that fits.  Times in ns.";

/* The command line as it is read. */
struct line {
    struct scaling_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.title = "The devices",
     .options = machine,
     .offset = offsetof(struct line, config)},
    {.title = "The work",
     .options = work,
     .offset = offsetof(struct line, config)},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* A table under way. */
struct scaling_table {
    const struct scaling_config *config;
    struct environment env;
    struct table table;
};

static void add_row(void *context, const struct scaling_row *row)
{
    struct scaling_table *table = context;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    add_word(&fields, "times", "simulated");
    option_context(machine, table->config, &fields);
    option_context(work, table->config, &fields);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "places", row->places);
    add_key(&fields, "replicas", row->replicas);
    add_key(&fields, "team", row->team);
    add_key(&fields, "microbatches", row->microbatches);
    add_integer(&fields, "step_ns", row->step_ns);
    add_share(&fields, "efficiency", row->efficiency);
    add_share(&fields, "bubble", row->bubble);
    add_integer(&fields, "reduce_ns", row->reduce_ns);
    add_integer(&fields, "team_ns", row->team_ns);
    add_integer(&fields, "boundary_bytes", row->hand_bytes);
    add_integer(&fields, "reduce_bytes", row->reduce_bytes);
    add_integer(&fields, "team_bytes", row->team_bytes);
    add_integer(&fields, "device_bytes", row->bytes);
    add_integer(&fields, "recomputes", row->recomputes);
    add_integer(&fields, "fits", row->fits);
    add_integer(&fields, "fastest", row->fastest);
    table_row(&table->table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct scaling_table table = {.config = &line->config};
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st = scaling_find(&line->config, add_row, &table, &why);
    table_end(&table.table);
    return command_finish(called, st, &why, 0);
}

const struct command scaling_command = {
    .name = "scaling",
    .does = "Pipeline x data x tensor on many devices, simulated",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
