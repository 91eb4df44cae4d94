/* The benchmark `sluice-bench`. */
#include "bench/bubble/bubble.h"
#include "bench/cli/command.h"
#include "bench/compare/compare.h"
#include "bench/memory/footprint.h"
#include "bench/headline/headline.h"
#include "bench/table2/table2.h"

static const struct command commands[] = {
    {"bubble", "Measure the bubble beside the formula", bubble_command},
    {"compare", "Pipeline against data parallelism", compare_command},
    {"memory", "Memory of a device; GPipe's table 1", memory_command},
    {"table2", "GPipe's table 2: normalized throughput", table2_command},
    {"headline", "What a run without arguments does", headline_command},
    {0},
};

static const struct program program = {
    .name = "sluice-bench",
    .doc = "Measurements of pipeline-parallel training.  Without arguments: "
           "train the default network on Fashion-MNIST, then measure the "
           "bubble of two devices; about a minute.",
    .commands = commands,
    .bare = headline,
};

int main(int argc, char **argv)
{
    return program_run(&program, argc, argv);
}
