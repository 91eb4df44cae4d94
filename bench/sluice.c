/* The command line tool `sluice`. */
#include "bench/cli/dispatch.h"

/* clang-format off */
#define COMMANDS(X) \
    X(train)    \
    X(schedule) \
    X(plan)     \
    X(advise)   \
    X(sample)   \
    X(evaluate) \
    X(predict)  \
    /* the end: each row ends with a backslash */
/* clang-format on */

COMMANDS(PROGRAM_DECLARE)

static const struct command *const commands[] = {COMMANDS(PROGRAM_LIST) NULL};

static const struct program program = {
    .name = "sluice",
    .doc = "Pipeline-parallel training of neural networks.",
    .commands = commands,
};

int main(int argc, char **argv)
{
    return program_run(&program, argc, argv);
}
