/* The options of `sluice plan`.  The main thread. */
#include "bench/plan/plan_options.h"

#include "bench/cli/product_options.h"
#include "bench/cli/option_types.h"
#include "bench/train/train_choices.h"

enum { MAX_BATCH = 1 << 24, MAX_GFLOPS = 1000000, MAX_TRIES = 100000 };

const struct option_row plan_work[] = {
    {.name = "model",
     .argument = "SPEC",
     .help = "The network, such as 784-256x10-10",
     .type = &option_text,
     .offset = offsetof(struct planning_config, model),
     .small = "16-16x6",
     .context = "model"},
    {.name = "batch",
     .argument = "N",
     .help = "Rows of a mini-batch",
     .type = &option_long,
     .offset = offsetof(struct planning_config, batch),
     .least = 1,
     .most = MAX_BATCH,
     .standard = "256",
     .small = "64",
     .context = "batch"},
    {0},
};

static const struct option_row states[] = {
    {.name = "optimizer",
     .argument = "NAME",
     .help = "Whose states need memory: NAME or NAME:option=value,... "
             "(default: sgd with momentum)",
     .type = &option_optimizer,
     .offset = offsetof(struct planning_config, optimizer)},
    {0},
};

static const struct option_row machine[] = {
    {.name = "devices",
     .key = 'k',
     .argument = "D",
     .help = "Most devices to use (2, or as many as there are speeds)",
     .type = &option_integer,
     .offset = offsetof(struct planning_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES},
    {.name = "speeds",
     .argument = "X,X,...",
     .help = "Speed of each device: an action takes its cost divided by it",
     .type = &option_speeds,
     .offset = offsetof(struct planning_config, speeds),
     .context = "speeds"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of each device",
     .type = &option_bytes,
     .offset = offsetof(struct planning_config, cap_bytes),
     .least = 1,
     .context = "cap_bytes"},
    {.name = "machine",
     .argument = "FILE",
     .help = "The devices, a line for each node: \"node 4 speed 0.5 cap 2G\"; "
             "also \"latency 300ns\", \"bandwidth 8G\", \"wake 50us\", "
             "\"network-latency 50us\" and \"network-bandwidth 1G\"",
     .type = &option_text,
     .offset = offsetof(struct planning_config, machine)},
    {0},
};

static const struct option_row choices[] = {
    {.name = "microbatches",
     .key = 'm',
     .argument = "LIST",
     .help = "Numbers of micro-batches to choose from",
     .type = &option_list,
     .offset = offsetof(struct planning_config, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "1-64*2",
     .small = "1,4,16"},
    {.name = "replicas",
     .argument = "LIST",
     .help =
         "Numbers of replicas to choose from, which share the micro-batches "
         "and the devices",
     .type = &option_list,
     .offset = offsetof(struct planning_config, replicas),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1-64*2",
     .small = "1"},
    {.name = "team",
     .argument = "LIST",
     .help = "Numbers of devices that may work a stage together (default: 1, "
             "2, 4 and 8, with --measure no more than cores; with --costs 1)",
     .type = &option_list,
     .offset = offsetof(struct planning_config, teams),
     .least = 1,
     .most = SLUICE_MAX_DEVICES},
    {.name = "zero",
     .argument = "LIST",
     .help = "ZeRO stages to choose from where there are replicas, 0 to 3 "
             "(default: 0)",
     .type = &option_list,
     .offset = offsetof(struct planning_config, zeros),
     .least = 0,
     .most = 3},
    {.name = "gather-weights",
     .argument = "LIST",
     .help = "Numbers of micro-batches whose weight gradients may be one "
             "product, 0 for none; N needs 1 / N of the micro-batches among "
             "--microbatches, changes the bits, and a device keeps more "
             "gradients (default: 0)",
     .type = &option_list,
     .offset = offsetof(struct planning_config, gathers),
     .least = 0,
     .most = SLUICE_MAX_MICROBATCHES},
    {.name = "vocabulary-parallel",
     .help = "The head that the model ends with, and an embedding that it "
             "begins with, may be cut across the devices",
     .type = &option_flag,
     .offset = offsetof(struct planning_config, vocabulary)},
    {.name = "schedules",
     .argument = "NAME,...",
     .help = "Schedules to choose from, auto among them (default: all that "
             "are synchronous and hold the model once)",
     .type = &option_text,
     .offset = offsetof(struct planning_config, schedules)},
    {.name = "capacity",
     .argument = "N",
     .help = "Micro-batches a device may run ahead of its neighbour (default: "
             "chosen, at most 8)",
     .type = &option_integer,
     .offset = offsetof(struct planning_config, capacity),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES},
    {.name = "no-remat",
     .help = "Recompute nothing",
     .type = &option_flag,
     .offset = offsetof(struct planning_config, no_remat)},
    {.name = "no-early",
     .help = "Recompute just before the backward, never earlier",
     .type = &option_flag,
     .offset = offsetof(struct planning_config, no_early)},
    {0},
};

static const struct option_row costs[] = {
    {.name = "measure",
     .help = "Time each layer on this machine, for each number of "
             "micro-batches",
     .type = &option_flag,
     .offset = offsetof(struct planning_config, measures)},
    {.name = "costs",
     .argument = "FILE",
     .help = "Read the times that --save-costs has written",
     .type = &option_text,
     .offset = offsetof(struct planning_config, costs)},
    {.name = "save-costs",
     .argument = "FILE",
     .help = "Write the times of the layers",
     .type = &option_text,
     .offset = offsetof(struct planning_config, saves_costs)},
    {.name = "gflops",
     .argument = "X",
     .help = "Without --measure and --costs: operations of a core, in 10^9 a "
             "second",
     .type = &option_real,
     .offset = offsetof(struct planning_config, gflops),
     .least = 0,
     .most = MAX_GFLOPS,
     .standard = "50"},
    {.name = "bandwidth",
     .argument = "BYTES",
     .help = "The same: what a core reads and writes in a second",
     .type = &option_bytes,
     .offset = offsetof(struct planning_config, bandwidth),
     .least = 1,
     .standard = "8G"},
    {.name = "gemm",
     .argument = "NAME",
     .tell = gemm_option_tell,
     .type = &gemm_name,
     .offset = offsetof(struct planning_config, gemm)},
    {.name = "precision",
     .argument = "NAME",
     .tell = precision_option_tell,
     .type = &precision_name,
     .offset = offsetof(struct planning_config, precision)},
    {0},
};

static const struct option_row results[] = {
    {.name = "write",
     .argument = "FILE",
     .help = "Write the plan, as `sluice train --plan' and `sluice schedule' "
             "read it, which want a name that ends in .plan",
     .type = &option_text,
     .offset = offsetof(struct planning_config, write)},
    {.name = "try",
     .argument = "N",
     .help = "Train N steps by the plan, devices slowed to their speeds, and N "
             "by an equal cut, and print what they took",
     .type = &option_integer,
     .offset = offsetof(struct planning_config, tries),
     .least = 1,
     .most = MAX_TRIES},
    {0},
};

const char plan_doc[] =
    "Find the fastest way to train a model on given devices.\v"
    "Chooses devices and their order, replicas, teams, cut, schedule, "
    "micro-batches, queues, which stages recompute, and, if allowed, ZeRO "
    "stages, gathered weight gradients and a cut vocabulary.  The table has "
    "the "
    "plan first, then the best of "
    "each other schedule and number of devices, replicas and teams; each is "
    "proved to run, and "
    "simulated.  The bound is what no plan can beat.  Exit status 1 if nothing "
    "fits.";

const struct option_group plan_groups[] = {
    {.title = "The work",
     .options = plan_work,
     .offset = offsetof(struct plan_line, config)},
    {.options = states,
     .offset = offsetof(struct plan_line, config),
     .continues = true},
    {.title = "The devices",
     .options = machine,
     .offset = offsetof(struct plan_line, config)},
    {.title = "What may be chosen",
     .options = choices,
     .offset = offsetof(struct plan_line, config)},
    {.title = "What layers take",
     .options = costs,
     .offset = offsetof(struct plan_line, config)},
    {.title = "Output",
     .options = results,
     .offset = offsetof(struct plan_line, config)},
    {.options = output_options,
     .offset = offsetof(struct plan_line, output),
     .continues = true},
    {0},
};

void plan_context(const struct planning_config *config,
                  struct table_fields *fields)
{
    option_context(plan_work, config, fields);
    option_context(machine, config, fields);
}
