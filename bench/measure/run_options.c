/* Options that the commands which measure share.  The main thread. */
#include "bench/measure/run_options.h"

#include "bench/cli/choice.h"
#include "bench/cli/number.h"
#include "bench/output/picture.h"
#include "bench/output/table_formats.h"

enum {
    KEY_REPETITIONS = 0x300,
    KEY_WARMUP,
    KEY_SEED,
    KEY_DRAW,
    KEY_SMOKE,
    MAX_STEPS = 10000,
};

static const struct argp_option run_table[] = {
    {0, 0, 0, 0, "Measurement", 0},
    {"repetitions", KEY_REPETITIONS, "N", 0, "Steps that are timed (5)", 0},
    {"warmup", KEY_WARMUP, "N", 0, "Steps before those (2)", 0},
    {"seed", KEY_SEED, "N", 0, "Of parameters, inputs and targets (1)", 0},
    {"draw", KEY_DRAW, "FILE", 0,
     "Draw the last step: .txt, .svg, .html, or .json for Perfetto", 0},
    {0},
};

static const struct argp_option output_table[] = {
    {0, 0, 0, 0, "Output", 0},
    {"output", 'o', "FORMAT", 0,
     "md (default), csv, json, jsonl or, where steps are timed, gbench: "
     "Google Benchmark's JSON, for its compare.py",
     0},
    {"smoke", KEY_SMOKE, 0, 0, "Only a small, quick run, to see that all works",
     0},
    {0},
};

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
    struct run_options *run = state->input;
    sluice_diag why;
    int64_t seed = 0;
    switch (key) {
    case KEY_REPETITIONS:
        run->repetitions =
            option_integer(state, "--repetitions", arg, 1, MAX_STEPS);
        break;
    case KEY_WARMUP:
        run->warmup = option_integer(state, "--warmup", arg, 0, MAX_STEPS);
        break;
    case KEY_SEED:
        option_check(state, "--seed",
                     number_parse_integer(arg, 0, INT64_MAX, &seed, &why),
                     &why);
        run->seed = (uint64_t)seed;
        break;
    case KEY_DRAW:
        option_check(state, "--draw", picture_check(arg, &why), &why);
        run->draw = arg;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void parse_format(struct argp_state *state, const char *arg,
                         struct output_options *output)
{
    output->format = table_format_find(arg);
    if (!output->format)
        argp_error(state,
                   "-o: \"%s\" is not one of md, csv, json, jsonl, gbench",
                   arg);
    if (output->format->needs_samples && !output->timed)
        argp_error(state, "-o: \"%s\" is for commands that time steps", arg);
}

static error_t parse_output(int key, char *arg, struct argp_state *state)
{
    struct output_options *output = state->input;
    switch (key) {
    case 'o':
        parse_format(state, arg, output);
        break;
    case KEY_SMOKE:
        output->smoke = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not an option", arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp run_argp = {
    .options = run_table,
    .parser = parse_run,
};

static const struct argp output_argp = {
    .options = output_table,
    .parser = parse_output,
};

enum { GROUP_ORDER = 10, GROUP_RUN, GROUP_OUTPUT };

const struct argp_child output_children[] = {
    {&output_argp, 0, NULL, GROUP_OUTPUT},
    {0},
};

const struct argp_child measure_children[] = {
    {&order_argp, 0, NULL, GROUP_ORDER},
    {&run_argp, 0, NULL, GROUP_RUN},
    {&output_argp, 0, NULL, GROUP_OUTPUT},
    {0},
};

void measure_inputs(struct argp_state *state, struct order_options *order,
                    struct run_options *run, struct output_options *output)
{
    state->child_inputs[0] = order;
    state->child_inputs[1] = run;
    state->child_inputs[2] = output;
}

void run_options_complete(struct run_options *run, bool smoke)
{
    if (run->warmup < 0)
        run->warmup = smoke ? 1 : 2;
    if (!run->repetitions)
        run->repetitions = smoke ? 2 : 5;
}

void output_begin(const struct output_options *output, struct table *table)
{
    const struct table_format *format = output->format;
    table_begin(table, format ? format : table_format_find("md"), stdout);
}

void option_list(struct argp_state *state, const char *option, const char *text,
                 int max, struct range *range)
{
    sluice_diag why;
    option_check(state, option, range_parse(text, 1, max, range, &why), &why);
}

void option_cell(struct argp_state *state, const char *text, int64_t *cell_ns)
{
    sluice_diag why;
    option_check(state, "--cell", number_parse_time(text, cell_ns, &why), &why);
    if (!*cell_ns)
        argp_error(state, "--cell: a cell must take some time");
}

void option_bytes(struct argp_state *state, const char *option,
                  const char *text, uint64_t *bytes)
{
    sluice_diag why;
    option_check(state, option, number_parse_bytes(text, bytes, &why), &why);
    if (!*bytes)
        argp_error(state, "%s: give at least one byte", option);
}

void add_environment(struct table_fields *fields, const struct environment *env)
{
    add_word(fields, "version", env->version);
    add_word(fields, "commit", env->commit);
    add_word(fields, "cpu", env->cpu);
    add_shared(fields, "cores", env->cores);
    add_word(fields, "blas_core", env->blas_core);
}

void add_order(struct table_fields *fields, const struct order_options *order)
{
    add_word(fields, "schedule", order->schedule);
    add_word(fields, "remat", choice_name(remat_choices, order->remat));
    add_word(fields, "backward_order",
             choice_name(backward_order_choices, order->backward_order));
    add_shared(fields, "capacity", order->capacity);
    add_shared(fields, "chunks", order->chunks);
    add_shared(fields, "group", order->group);
    add_shared(fields, "warm_up_forwards", order->warm_up);
}

void add_run(struct table_fields *fields, const struct run_options *run)
{
    add_shared(fields, "seed", (int64_t)run->seed);
    add_shared(fields, "warmup", run->warmup);
    add_shared(fields, "repetitions", run->repetitions);
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
