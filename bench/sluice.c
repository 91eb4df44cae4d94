/* The command line tool `sluice`. */
#include "bench/advise/advise.h"
#include "bench/cli/command.h"
#include "bench/schedule/schedule_command.h"
#include "bench/train/train_command.h"

static const struct command commands[] = {
    {"train", "Train a network on images or on your own arrays", train_command},
    {"schedule", "Print, prove, price, draw, run and compare schedules",
     schedule_command},
    {"advise", "Recommend a configuration for a model", advise_command},
    {0},
};

static const struct program program = {
    .name = "sluice",
    .doc = "Pipeline-parallel training of neural networks.",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return program_run(&program, argc, argv);
}
