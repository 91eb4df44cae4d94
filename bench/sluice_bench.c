/* The benchmark `sluice-bench`. */
#include "bench/cli/dispatch.h"

/* clang-format off */
#define COMMANDS(X) \
    X(bubble)   \
    X(compare)  \
    X(memory)   \
    X(zero)     \
    X(teams)    \
    X(table2)   \
    X(papers)   \
    X(jitter)   \
    X(roofline) \
    X(overhead) \
    X(scaling)  \
    X(vocabulary) \
    X(headline) \
    /* the end: each row ends with a backslash */
/* clang-format on */

COMMANDS(PROGRAM_DECLARE)

static const struct command *const commands[] = {COMMANDS(PROGRAM_LIST) NULL};

static const struct program program = {
    .name = "sluice-bench",
    .doc = "Measurements of pipeline-parallel training.  Without arguments: "
           "train the default network on Fashion-MNIST, then measure the "
           "bubble of two devices; about a minute.",
    .commands = commands,
    .bare = &headline_command,
};

int main(int argc, char **argv)
{
    return program_run(&program, argc, argv);
}
