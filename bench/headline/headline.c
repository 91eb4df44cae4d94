/*
 * `sluice-bench` without arguments: print the environment, train the default
 * network, measure the bubble of two devices with real layers and of up to
 * eight with timed cells, and write the report.  The main thread.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bubble/bubble.h"
#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/headline/headline_report.h"
#include "bench/train/train_options.h"
#include "bench/train/training.h"

/* The command line as it is read. */
struct line {
    const char *path;
    bool smoke;
};

static const struct option_row options[] = {
    {.name = "report",
     .argument = "FILE",
     .help = "Where the page of HTML goes",
     .type = &option_text,
     .offset = offsetof(struct line, path),
     .standard = "sluice-report.html"},
    {.name = "smoke",
     .help = "Only a small, quick run, to see that all works",
     .type = &option_flag,
     .offset = offsetof(struct line, smoke)},
    {0},
};

/* What is measured.  Each struct is an initializer of its member. */
struct sizes {
    int epochs; /* of the training; 0: its standard */
    struct bubble_config bubble;
    struct bubble_config cells; /* they need no core, so that eight devices show
                                   a true bubble */
    struct memory_sweep sweep;  /* many layers and rows: activations need more
                                   than parameters */
    struct shown_step_config shown;
};

static const struct sizes whole = {
    .bubble = {.devices = {2, {1, 2}},
               .team = {1, {1}},
               .microbatches = {4, {2, 4, 8, 16}},
               .model = "1024-1024x8",
               .batch = 512,
               .run = {.warmup = 1, .repetitions = 3, .seed = 1},
               .order = ORDER_DEFAULTS},
    .cells = {.devices = {4, {1, 2, 4, 8}},
              .team = {1, {1}},
              .microbatches = {4, {1, 4, 16, 32}},
              .cell_ns = 1000 * 1000,
              .run = {.warmup = 2, .repetitions = 3, .seed = 1},
              .order = ORDER_DEFAULTS},
    .sweep = {.model = "256-256x32",
              .batch = 2048,
              .microbatches = 8,
              .max_devices = REPORT_MEMORY / 2},
    .shown = {.model = "1024-1024x8",
              .batch = 512,
              .devices = 2,
              .microbatches = 8,
              .n_steps = 5,
              .seed = 1},
};

/* The same tables and page in a few seconds. */
static const struct sizes smoke = {
    .epochs = 2,
    .bubble = {.devices = {2, {1, 2}},
               .team = {1, {1}},
               .microbatches = {4, {2, 4, 8, 16}},
               .model = "32-32x8",
               .batch = 64,
               .run = {.repetitions = 1, .seed = 1},
               .order = ORDER_DEFAULTS},
    .cells = {.devices = {4, {1, 2, 4, 8}},
              .team = {1, {1}},
              .microbatches = {4, {1, 4, 16, 32}},
              .cell_ns = 50 * 1000,
              .run = {.repetitions = 1, .seed = 1},
              .order = ORDER_DEFAULTS},
    .sweep = {.model = "16-16x32",
              .batch = 256,
              .microbatches = 8,
              .max_devices = REPORT_MEMORY / 2},
    .shown = {.model = "32-32x8",
              .batch = 64,
              .devices = 2,
              .microbatches = 8,
              .n_steps = 2,
              .seed = 1},
};

/* What a run is about. */
struct headline {
    const struct sizes *sizes;
    struct report report;
    struct training_config training; /* as it was done */
    int64_t wrong;                   /* parameters, of all measurements */
};

/* A line for people; adds up what is wrong. */
static void print_row(void *context, const struct bubble_row *row)
{
    struct headline *h = context;
    const struct measurement *m = &row->measured;
    double step_ns = samples_median(&m->samples, FIGURE_STEP_NS);
    printf("%7d %13d %8.1f %8.0f %8.2f %8.1f %8.1f %7.0f %6" PRId64 "\n",
           row->devices, row->microbatches, step_ns / 1e6,
           1e9 * (double)row->batch / step_ns, row->speedup,
           100 * samples_median(&m->samples, FIGURE_BUBBLE), 100 * row->formula,
           100 * row->bound_ns / step_ns, m->wrong);
    fflush(stdout);
    h->wrong += m->wrong;
}

static void print_cell(void *context, const struct bubble_row *row)
{
    struct headline *h = context;
    const struct measurement *m = &row->measured;
    report_cell(&h->report, row);
    h->wrong += m->wrong;
    if (row->devices == 1)
        return;
    printf("%7d %13d %8.1f %8.2f %8.2f %8.2f\n", row->devices,
           row->microbatches, samples_median(&m->samples, FIGURE_STEP_NS) / 1e6,
           row->speedup, 100 * samples_median(&m->samples, FIGURE_BUBBLE),
           100 * row->formula);
    fflush(stdout);
}

static sluice_status show_bubble(struct headline *h, sluice_diag *why)
{
    const struct bubble_config *bubble = &h->sizes->bubble;
    const struct bubble_config *cells = &h->sizes->cells;
    printf("\nBubble of %s, batch %" PRId64 ", %s, in per cent beside "
           "(K-1)/(M+K-1);\n\"machine\" is the least time of the step, by "
           "`sluice-bench roofline', as a share of it,\nand \"wrong\" counts "
           "parameters that differ from the sequential reference\n\n"
           "devices micro-batches  step ms   rows/s  speedup   bubble  formula"
           " machine  wrong\n",
           bubble->model, bubble->batch, bubble->order.schedule);
    sluice_status st = bubble_measure(bubble, print_row, h, why);
    if (st)
        return st;
    printf("\nThe same of timed cells of %g ms, which need no core\n\n"
           "devices micro-batches  step ms  speedup   bubble  formula\n",
           (double)cells->cell_ns / 1e6);
    h->report.cells_config = cells;
    return bubble_measure(cells, print_cell, h, why);
}

/* Train, with the curve of its loss for the report.  The metrics go by way of a
 * file without a name; without that there is no curve. */
static sluice_status train(struct headline *h, sluice_diag *why)
{
    char path[32];
    double accuracy;
    struct training_config config = training_standards();
    FILE *metrics = tmpfile();
    if (h->sizes->epochs > 0)
        config.epochs = h->sizes->epochs;
    if (metrics) {
        snprintf(path, sizeof path, "/dev/fd/%d", fileno(metrics));
        config.metrics = path;
    }
    sluice_status st =
        training_run(&config, h->report.env, stdout, &accuracy, why);
    h->training = config;
    h->report.training = &h->training;
    if (!st && metrics)
        st = loss_curve_read(&h->report.curve, metrics, why);
    if (metrics)
        fclose(metrics);
    return st;
}

static sluice_status explain(struct report *report, const struct sizes *sizes,
                             sluice_diag *why)
{
    const struct shown_step_config *shown = &sizes->shown;
    report->sweep = &sizes->sweep;
    sluice_status st = memory_sweep_run(&sizes->sweep, report->memory, why);
    if (st)
        return st;
    report->n_memory = 2 * sizes->sweep.max_devices;
    report->step_config = shown;
    st = shown_step_init(&report->step, shown, why);
    if (st)
        return st;
    printf("\nAdvice for %s on %d devices with %d micro-batches: %s\n",
           shown->model, shown->devices, shown->microbatches,
           report->step.attribution.advice.text);
    return SLUICE_OK;
}

/* A directory that cannot be written is no reason to fail. */
static void write_report(const struct report *report, const char *called,
                         const char *path)
{
    sluice_diag why;
    if (report_write(report, path, &why))
        fprintf(stderr, "%s: no report: %s\n", called, why.text);
    else
        printf("\nreport    %s\n", path);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct environment env;
    struct headline h = {.sizes = line->smoke ? &smoke : &whole,
                         .report = {.env = &env}};
    sluice_diag why;
    environment_read(&env);
    environment_print(&env, NULL, stdout);
    sluice_status st = train(&h, &why);
    if (!st)
        st = show_bubble(&h, &why);
    if (!st)
        st = explain(&h.report, h.sizes, &why);
    if (!st)
        write_report(&h.report, called, line->path);
    report_fini(&h.report);
    if (st)
        return command_fail(called, &why);
    return h.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const struct option_group groups[] = {
    {.options = options},
    {0},
};

const struct command headline_command = {
    .name = "headline",
    .does = "What a run without arguments does",
    .doc = "Train the default network, measure the bubble of real layers "
           "and of timed cells, and write a report.",
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
