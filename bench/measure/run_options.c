/* Options that the commands which measure share.  The main thread. */
#include "bench/measure/run_options.h"

#include <math.h>
#include <string.h>

#include "bench/cli/option_types.h"
#include "bench/output/picture.h"
#include "bench/output/formats/table_formats.h"

enum { MAX_STEPS = 10000, NAMES_BYTES = 128 };

static sluice_status read_picture(const struct option_row *option,
                                  const char *text, void *value,
                                  sluice_diag *why)
{
    (void)option;
    sluice_status st = picture_check(text, why);
    if (!st)
        *(const char **)value = text;
    return st;
}

static const struct option_type picture_file = {.read = read_picture};

const struct option_row run_options[] = {
    {.name = "seed",
     .argument = "N",
     .help = "Seed of parameters, inputs and targets",
     .type = &option_long,
     .offset = offsetof(struct run_options, seed),
     .most = INT64_MAX,
     .standard = "1",
     .context = "seed"},
    {.name = "warmup",
     .argument = "N",
     .help = "Steps before those that are timed",
     .type = &option_integer,
     .offset = offsetof(struct run_options, warmup),
     .most = MAX_STEPS,
     .standard = "2",
     .small = "1",
     .context = "warmup"},
    {.name = "repetitions",
     .argument = "N",
     .help = "Steps that are timed",
     .type = &option_integer,
     .offset = offsetof(struct run_options, repetitions),
     .least = 1,
     .most = MAX_STEPS,
     .standard = "5",
     .small = "2",
     .context = "repetitions"},
    {.name = "draw",
     .argument = "FILE",
     .help = "Draw the last step: .txt, .svg, .html, or .json for Perfetto",
     .type = &picture_file,
     .offset = offsetof(struct run_options, draw)},
    {0},
};

static sluice_status read_format(const struct option_row *option,
                                 const char *text, void *value,
                                 sluice_diag *why)
{
    enum table_shows shows = (enum table_shows)option->shows;
    char names[NAMES_BYTES];
    const struct table_format *format = table_format_find(text, shows);
    if (format) {
        *(const struct table_format **)value = format;
        return SLUICE_OK;
    }
    table_format_names(shows, names, sizeof names);
    return sluice_diag_set(why, SLUICE_INVALID, "\"%s\" is not one of %s", text,
                           names);
}

static void tell_formats(const struct option_row *option,
                         char help[OPTION_HELP])
{
    table_format_help((enum table_shows)option->shows, help, OPTION_HELP);
}

static const struct option_type table_format = {.read = read_format};

#define FORMAT_ROW(what)                                                       \
    {                                                                          \
        .name = "output", .key = 'o', .argument = "FORMAT",                    \
        .tell = tell_formats, .type = &table_format,                           \
        .offset = offsetof(struct output_options, format), .shows = (what)     \
    }

#define SMOKE_ROW                                                              \
    {                                                                          \
        .name = "smoke",                                                       \
        .help = "Only a small, quick run, to see that all works",              \
        .type = &option_flag,                                                  \
        .offset = offsetof(struct output_options, smoke), .makes_small = true  \
    }

const struct option_row output_options[] = {
    FORMAT_ROW(TABLE_SHOWS_FIGURES),
    SMOKE_ROW,
    {0},
};
const struct option_row timed_output_options[] = {
    FORMAT_ROW(TABLE_SHOWS_SAMPLES),
    SMOKE_ROW,
    {0},
};
const struct option_row bubble_output_options[] = {
    FORMAT_ROW(TABLE_SHOWS_BUBBLES),
    SMOKE_ROW,
    {0},
};

void output_begin(const struct output_options *output, struct table *table)
{
    const struct table_format *format = output->format;
    table_begin(table,
                format ? format : table_format_find("md", TABLE_SHOWS_FIGURES),
                stdout);
}

void add_environment(struct table_fields *fields, const struct environment *env)
{
    add_word(fields, "version", env->version);
    add_word(fields, "commit", env->commit);
    add_word(fields, "cpu", env->cpu);
    add_shared(fields, "cores", env->cores);
    add_word(fields, "blas_core", env->blas_core);
}

void add_wrong(struct table_fields *fields, int64_t wrong)
{
    if (wrong >= 0)
        add_integer(fields, "wrong", wrong);
    else
        add_real(fields, "wrong", NAN);
}

void run_context(const struct run_options *run, struct table_fields *fields)
{
    option_context(run_options, run, fields);
}

void add_step(struct table_fields *fields, const struct samples *samples)
{
    add_integer(fields, "step_ns",
                (int64_t)samples_median(samples, FIGURE_STEP_NS));
    add_integer(fields, "step_min_ns",
                (int64_t)samples_min(samples, FIGURE_STEP_NS));
    add_integer(fields, "step_max_ns",
                (int64_t)samples_max(samples, FIGURE_STEP_NS));
    add_samples(fields, "samples_ns", samples_of(samples, FIGURE_STEP_NS),
                samples->n);
    add_samples(fields, "samples_cpu_ns", samples_of(samples, FIGURE_CPU_NS),
                samples->n);
}
