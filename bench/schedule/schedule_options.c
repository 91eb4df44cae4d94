/* The command line of `sluice schedule`.  The main thread. */
#include "bench/schedule/schedule_command.h"

#include <stdlib.h>
#include <string.h>

#include "bench/cli/choice.h"
#include "bench/cli/number.h"
#include "bench/cli/option.h"
#include "bench/measure/run_options.h"
#include "bench/schedule/schedule_settle.h"

enum {
    KEY_LIST = 0x100,
    KEY_CHECK,
    KEY_SIMULATE,
    KEY_RUN,
    KEY_COMPARE,
    KEY_GROUP,
    KEY_WARM_UP,
    KEY_ORDER,
    KEY_REMAT,
    KEY_RECOMPUTE,
    KEY_SPLIT,
    KEY_MERGE,
    KEY_LOWER,
    KEY_SLACK,
    KEY_LIMIT,
    KEY_CAPACITY,
    KEY_COSTS,
    KEY_LATENCY,
    KEY_CELL,
    KEY_MODEL,
    KEY_BATCH,
    KEY_JOIN_WEIGHTS,
    KEY_STRICT,
    KEY_VERTICAL_SYNC,
    GROUP_RUN = 5,
    MAX_BATCH = 1 << 24,
    MAX_CELLS = 1000000, /* that an action may take */
};

static const struct argp_option options[] = {
    {0, 0, 0, 0, "What to do with the schedule, other than to print it", 1},
    {"list", KEY_LIST, 0, 0, "List the generators", 0},
    {"check", KEY_CHECK, "FILE", 0,
     "Prove that it can run, or mark the cell that cannot", 0},
    {"simulate", KEY_SIMULATE, 0, 0, "Price it, device by device", 0},
    {"run", KEY_RUN, 0, 0,
     "Run it on threads: bubble by formula, simulated and measured", 0},
    {"compare", KEY_COMPARE, "NAME,NAME,...", 0,
     "One table of several; with --run also measured", 0},
    {0, 0, 0, 0, "The schedule", 2},
    {"devices", 'k', "K", 0, "Devices (4)", 0},
    {"microbatches", 'm', "M", 0, "Micro-batches (8)", 0},
    {"chunks", 'v', "N", 0,
     "Stages of a device: interleaved-1f1b, looped-bfs (2), auto (1)", 0},
    {"group", KEY_GROUP, "N", 0,
     "Micro-batches that go through a chunk before the next does: "
     "interleaved-1f1b; or into one update: pipedream-2bw (K)",
     0},
    {"warm-up", KEY_WARM_UP, "N", 0,
     "Forwards ahead for each device behind: eager-1f1b, interleaved-1f1b (2)",
     0},
    {"vertical-sync", KEY_VERTICAL_SYNC, 0, 0,
     "A micro-batch uses on all devices the weight version that it used on "
     "the first: pipedream",
     0},
    {"order", KEY_ORDER, "ORDER", 0,
     "Of gpipe's backwards: reverse (default), in_order", 0},
    {"split", KEY_SPLIT, 0, 0, "B's become I and W", 0},
    {"lower", KEY_LOWER, 0, 0, "Spell out sends and receives", 0},
    {"merge", KEY_MERGE, 0, 0, "An I and the W after it become B", 0},
    {"limit", KEY_LIMIT, "N", 0,
     "Of auto: micro-batches whose activations a device can hold", 0},
    {"slack", KEY_SLACK, "N", 0,
     "Forwards further ahead for each device behind, as far as that can run",
     0},
    {"remat", KEY_REMAT, "WHICH", 0,
     "Recompute activations: never (default), always, except_last; or a word "
     "for each stage: always,never,...",
     0},
    {"recompute", KEY_RECOMPUTE, "WHEN", 0,
     "at_once: just before the backward (default); early: where the device "
     "would wait; naive: having waited for the gradient, which no device does, "
     "but a simulation can",
     0},
    {0, 0, 0, 0, "What things take", 3},
    {"costs", KEY_COSTS, "F,I,W[,R]", 0,
     "A micro-batch on a device, in cells; its stages share it; B takes I + W "
     "(1,1,1, R as F)",
     0},
    {"latency", KEY_LATENCY, "X", 0, "Of a simulated hand-off, in cells (0)",
     0},
    {"cell", KEY_CELL, "TIME", 0, "A cell (1ms)", 0},
    {"capacity", KEY_CAPACITY, "N", 0,
     "Micro-batches a device may run ahead of its neighbour (2)", 0},
    {0, 0, 0, 0, "Running", 4},
    {"model", KEY_MODEL, "SPEC", 0,
     "Real layers instead of timed cells; simulated with what they took", 0},
    {"batch", KEY_BATCH, "N", 0,
     "Rows of a mini-batch of real layers (32 a micro-batch)", 0},
    {"join-weights", KEY_JOIN_WEIGHTS, 0, 0,
     "Compute W's of neighbouring micro-batches that follow each other in one",
     0},
    {0, 0, 0, 0, "Output", 6},
    {"output", 'o', "FORMAT", 0,
     "A schedule: grid (default), csv, json; a table: md (default), csv, json, "
     "jsonl",
     0},
    {"strict", KEY_STRICT, 0, 0, "No more in a CSV than PyTorch can read", 0},
    {0},
};

static const char doc[] =
    "Print a schedule; or prove, price, draw, run or compare.\v"
    "NAME is one of --list; or auto, the best order that is found for the "
    "costs, latency, capacity and limit that are given; or a FILE, whose name "
    "has a dot or a slash in it: JSON if it ends in .json, else a CSV as "
    "PyTorch's pipelining reads and writes it.\n\n"
    "--draw FILE draws the simulated step, in the kind that the name ends with "
    "(.txt, .svg, .html, or .json for Perfetto), and with --run the measured "
    "one beside it (.measured.svg).\n\n"
    "Peaks are in micro-batches of a whole device, parameters in models. "
    "`wrong' counts the parameters whose bits differ from the sequential "
    "reference; it is empty if there is none for the schedule's order.  Exit "
    "status 1 if there are any, or if a schedule cannot run.";

/* The command line as it is read. */
struct reader {
    struct schedule_line *line;
    struct schedule_request request;
};

static double parse_cells(struct argp_state *state, const char *option,
                          const char *text)
{
    sluice_diag why;
    double value = 0;
    option_check(state, option,
                 number_parse_real(text, 0, MAX_CELLS, &value, &why), &why);
    return value;
}

static void parse_costs(struct argp_state *state, char *text,
                        struct schedule_costs *costs)
{
    double *const values[] = {&costs->forward, &costs->input, &costs->weight,
                              &costs->recompute};
    int n = 0;
    for (char *word = text; word; n++) {
        char *comma = strchr(word, ',');
        if (comma)
            *comma = 0;
        if (n == 4)
            argp_error(state, "--costs: more than F,I,W,R");
        *values[n] = parse_cells(state, "--costs", word);
        word = comma ? comma + 1 : NULL;
    }
    if (n < 3)
        argp_error(state, "--costs: give F,I,W or F,I,W,R");
}

static int parse_choice(struct argp_state *state, const char *option,
                        const struct choice *table, const char *text)
{
    sluice_diag why;
    int value = 0;
    option_check(state, option, choice_parse(table, text, &value, &why), &why);
    return value;
}

/* One word for all stages, or a list that waits for their number. */
static void parse_remat(struct argp_state *state, const char *text,
                        struct schedule_wanted *wanted)
{
    if (strchr(text, ','))
        wanted->remats = text;
    else
        wanted->order.remat =
            parse_choice(state, "--remat", remat_choices, text);
}

static int parse_count(struct argp_state *state, const char *option,
                       const char *text, int max)
{
    return option_integer(state, option, text, 1, max);
}

/* The schedule and its passes. */
static error_t parse_shape(int key, char *arg, struct argp_state *state,
                           struct schedule_wanted *wanted)
{
    switch (key) {
    case 'k':
        wanted->devices =
            parse_count(state, "-k", arg, SLUICE_SCHEDULE_MAX_DEVICES);
        break;
    case 'm':
        wanted->microbatches =
            parse_count(state, "-m", arg, SLUICE_MAX_MICROBATCHES);
        break;
    case 'v':
        wanted->order.chunks =
            parse_count(state, "--chunks", arg, SLUICE_MAX_STAGES);
        break;
    case KEY_GROUP:
        wanted->order.group =
            parse_count(state, "--group", arg, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_WARM_UP:
        wanted->order.warm_up =
            parse_count(state, "--warm-up", arg, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_VERTICAL_SYNC:
        wanted->order.vertical_sync = true;
        break;
    case KEY_ORDER:
        wanted->order.backward_order =
            parse_choice(state, "--order", backward_order_choices, arg);
        break;
    case KEY_SPLIT:
        wanted->split = true;
        break;
    case KEY_LOWER:
        wanted->lower = true;
        break;
    case KEY_MERGE:
        wanted->merge = true;
        break;
    case KEY_LIMIT:
        wanted->limit =
            parse_count(state, "--limit", arg, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_SLACK:
        wanted->slack = parse_count(state, "--slack", arg, 1024);
        break;
    case KEY_REMAT:
        parse_remat(state, arg, wanted);
        break;
    case KEY_RECOMPUTE:
        wanted->moment = (enum schedule_moment)parse_choice(
            state, "--recompute", recompute_choices, arg);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* Costs and running. */
static error_t parse_costs_and_run(int key, char *arg, struct argp_state *state,
                                   struct schedule_line *line)
{
    struct schedule_costs *costs = &line->wanted.costs;
    switch (key) {
    case KEY_CAPACITY:
        line->wanted.order.capacity =
            parse_count(state, "--capacity", arg, SLUICE_MAX_MICROBATCHES);
        break;
    case KEY_COSTS:
        parse_costs(state, arg, costs);
        break;
    case KEY_LATENCY:
        costs->latency = parse_cells(state, "--latency", arg);
        break;
    case KEY_CELL:
        option_cell(state, arg, &costs->cell_ns);
        break;
    case KEY_MODEL:
        line->run.model = arg;
        break;
    case KEY_BATCH:
        line->run.batch = parse_count(state, "--batch", arg, MAX_BATCH);
        break;
    case KEY_JOIN_WEIGHTS:
        line->wanted.order.join_weights = true;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void take_name(struct argp_state *state, struct schedule_line *line,
                      const char *name)
{
    if (line->wanted.order.schedule)
        argp_error(state,
                   "\"%s\" and \"%s\": several schedules go with "
                   "--compare",
                   line->wanted.order.schedule, name);
    line->wanted.order.schedule = name;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct reader *reader = state->input;
    struct schedule_line *line = reader->line;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &line->run.run;
        break;
    case KEY_LIST:
        line->task = SCHEDULE_LIST;
        break;
    case KEY_CHECK:
        line->check = arg;
        break;
    case KEY_SIMULATE:
        reader->request.simulates = true;
        break;
    case KEY_RUN:
        reader->request.runs = true;
        break;
    case KEY_COMPARE:
        line->compare = arg;
        break;
    case KEY_STRICT:
        line->strict = true;
        break;
    case 'o':
        reader->request.output = arg;
        break;
    case ARGP_KEY_ARG:
        take_name(state, line, arg);
        break;
    case ARGP_KEY_END:
        schedule_settle(state, line, &reader->request);
        run_options_complete(&line->run.run, false);
        break;
    default:
        if (!parse_shape(key, arg, state, &line->wanted))
            return 0;
        return parse_costs_and_run(key, arg, state, line);
    }
    return 0;
}

static const struct argp_child children[] = {
    {&run_argp, 0, NULL, GROUP_RUN},
    {0},
};

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .args_doc = "NAME",
    .doc = doc,
    .children = children,
};

void schedule_options_parse(int argc, char **argv, struct schedule_line *line)
{
    struct reader reader = {.line = line};
    *line = (struct schedule_line){
        .wanted =
            {
                .order = {.capacity = SLUICE_QUEUE_CAPACITY},
                .costs =
                    {
                        .forward = 1,
                        .input = 1,
                        .weight = 1,
                        .recompute = -1,
                        .cell_ns = 1000 * 1000,
                    },
            },
        .run = {.run = RUN_OPTIONS_NONE},
    };
    option_parse(&argp, argc, argv, 0, &reader);
}
