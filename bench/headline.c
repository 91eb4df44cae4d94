/* `sluice-bench` without arguments.  The main thread. */
#include "bench/headline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bubble.h"
#include "bench/command.h"
#include "bench/training.h"

static const char name[] = "sluice-bench";

static const struct bubble_config bubble = {
    .devices = {2, {1, 2}},
    .microbatches = {4, {2, 4, 8, 16}},
    .model = "1024-1024x8",
    .batch = 512,
    .warmup = 1,
    .repetitions = 3,
    .seed = 1,
    .order = ORDER_DEFAULTS,
};

/* A line for people; adds up what is wrong. */
static void print_row(void *context, const struct bubble_row *row)
{
    int64_t *wrong = context;
    const struct measurement *m = &row->measured;
    printf("%7d %13d %8.1f %8.0f %8.2f %8.1f %8.1f %6" PRId64 "\n",
           row->devices, row->microbatches, (double)m->step_ns / 1e6,
           1e9 * (double)row->batch / (double)m->step_ns, row->speedup,
           100 * m->bubble, 100 * row->formula, m->wrong);
    fflush(stdout);
    *wrong += m->wrong;
}

static int show_bubble(void)
{
    int64_t wrong = 0;
    sluice_diag why;
    printf("\nBubble of %s, batch %" PRId64 ", %s, in per cent beside "
           "(K-1)/(M+K-1);\n\"wrong\" counts parameters that differ from the "
           "sequential reference\n\n"
           "devices micro-batches  step ms   rows/s  speedup   bubble  formula"
           "  wrong\n",
           bubble.model, bubble.batch, bubble.order.schedule);
    if (bubble_measure(&bubble, print_row, &wrong, &why))
        return command_fail(name, &why);
    return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

int headline(void)
{
    struct environment env;
    environment_read(&env);
    environment_print(&env, stdout);
    double accuracy;
    sluice_diag why;
    if (training_run(&training_defaults, &env, stdout, &accuracy, &why))
        return command_fail(name, &why);
    return show_bubble();
}
