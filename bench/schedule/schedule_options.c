/* The options of `sluice schedule`.  The main thread. */
#include "bench/schedule/schedule_options.h"

#include <stdio.h>
#include <string.h>

#include "bench/cli/product_options.h"
#include "bench/cli/number.h"
#include "bench/cli/option_types.h"
#include "bench/output/formats/table_formats.h"
#include "bench/schedule/schedule_needs.h"

enum {
    MAX_BATCH = 1 << 24,
    MAX_CELLS = 1000000, /* that an action may take */
    MAX_SLACK = 1024,
    COSTS_BYTES = 2048,
    NAMES_BYTES = 128,
};

/* One word for all stages, or a list that waits for their number. */
static sluice_status read_remat(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    struct schedule_wanted *wanted = value;
    if (!strchr(text, ','))
        return choice_parse(option->choices, text, &wanted->order.remat, why);
    wanted->remats = text;
    return SLUICE_OK;
}

static const struct option_type remat = {.read = read_remat};

/* F,I,W or F,I,W,R, in place. */
static sluice_status read_stage(char *text, struct stage_cost *cost,
                                sluice_diag *why)
{
    double *const places[] = {&cost->forward, &cost->input, &cost->weight,
                              &cost->recompute};
    int n = 0;
    cost->recompute = -1;
    for (char *word; (word = strsep(&text, ",")); n++) {
        if (n == 4)
            return sluice_diag_set(why, SLUICE_INVALID, "more than F,I,W,R");
        sluice_status st =
            number_parse_real(word, 0, MAX_CELLS, places[n], why);
        if (st)
            return st;
    }
    if (n < 3)
        return sluice_diag_set(why, SLUICE_INVALID, "give F,I,W or F,I,W,R");
    return SLUICE_OK;
}

/* Of a device, or of each stage with a '/' between. */
static sluice_status read_costs(const struct option_row *option,
                                const char *text, void *value, sluice_diag *why)
{
    struct schedule_costs *costs = value;
    char words[COSTS_BYTES];
    char *rest = words;
    (void)option;
    if (snprintf(words, sizeof words, "%s", text) >= (int)sizeof words)
        return sluice_diag_set(why, SLUICE_INVALID, "the list is too long");
    costs->n_stages = 0;
    costs->text = text;
    for (char *word; (word = strsep(&rest, "/"));) {
        if (costs->n_stages == COSTS_STAGES)
            return sluice_diag_set(why, SLUICE_INVALID, "more than %d stages",
                                   COSTS_STAGES);
        sluice_status st =
            read_stage(word, &costs->stages[costs->n_stages++], why);
        if (st)
            return st;
    }
    const struct stage_cost *first = &costs->stages[0];
    costs->forward = first->forward;
    costs->input = first->input;
    costs->weight = first->weight;
    costs->recompute = first->recompute;
    if (costs->n_stages == 1)
        costs->n_stages = 0;
    return SLUICE_OK;
}

static const struct option_type costs = {.read = read_costs};

/* S,T */
static sluice_status read_scores(const struct option_row *option,
                                 const char *text, void *value,
                                 sluice_diag *why)
{
    struct schedule_wanted *wanted = value;
    const char *comma = strchr(text, ',');
    char first[NAMES_BYTES] = {0};
    (void)option;
    size_t n = comma ? (size_t)(comma - text) : sizeof first;
    if (n >= sizeof first)
        return sluice_diag_set(why, SLUICE_INVALID, "give S,T");
    memcpy(first, text, n);
    wanted->cuts = true;
    sluice_status st =
        number_parse_real(first, 0, MAX_CELLS, &wanted->costs.scores, why);
    return st ? st
              : number_parse_real(comma + 1, 0, MAX_CELLS,
                                  &wanted->costs.scores_weight, why);
}

static const struct option_type scores = {.read = read_scores};

static void tell_formats(const struct option_row *option,
                         char help[OPTION_HELP])
{
    char schedules[NAMES_BYTES], tables[NAMES_BYTES];
    (void)option;
    schedule_format_help(schedules, sizeof schedules);
    table_format_help(TABLE_SHOWS_FIGURES, tables, sizeof tables);
    snprintf(help, OPTION_HELP, "A schedule: %s; a table: %s", schedules,
             tables);
}

static const struct option_row tasks[] = {
    {.name = "list",
     .help = "List the generators",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, request.lists)},
    {.name = "check",
     .argument = "FILE",
     .help = "Prove that it can run, or mark the cell that cannot",
     .type = &option_text,
     .offset = offsetof(struct schedule_line, check)},
    {.name = "simulate",
     .help = "Price it, device by device",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, request.simulates)},
    {.name = "run",
     .help = "Run it on threads: bubble by formula, simulated and measured",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, request.runs)},
    {.name = "compare",
     .argument = "NAME,NAME,...",
     .help = "One table of several schedules; with --run also measured",
     .type = &option_text,
     .offset = offsetof(struct schedule_line, compare)},
    {.name = "recommend",
     .help = "One table of all schedules for so many devices, micro-batches "
             "and --limit, the fastest first",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, request.recommends)},
    {0},
};

static const struct option_row shape[] = {
    {.name = "devices",
     .key = 'k',
     .argument = "K",
     .help = "Devices (4)",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, devices),
     .least = 1,
     .most = SLUICE_SCHEDULE_MAX_DEVICES},
    {.name = "microbatches",
     .key = 'm',
     .argument = "M",
     .help = "Micro-batches (8)",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES},
    {.name = "order",
     .argument = "ORDER",
     .help = "Order of gpipe's backwards: {choices}",
     .type = &option_word,
     .offset = offsetof(struct schedule_wanted, order.backward_order),
     .choices = backward_order_choices,
     .standard = "reverse"},
    {.name = "split",
     .help = "Split each B into I and W",
     .type = &option_flag,
     .offset = offsetof(struct schedule_wanted, split)},
    {.name = "gather-weights",
     .argument = "N",
     .help = "Split each B, and let the W of N micro-batches stand together",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, order.gather_weights),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES},
    {.name = "shard",
     .argument = "N",
     .help = "Place UNSHARD, RESHARD and REDUCE_GRAD, as for parameters that "
             "replicas share: a device has those of the next N stages (ZeRO "
             "stage 3; PyTorch takes 3)",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, shard),
     .least = 1,
     .most = 64},
    {.name = "lower",
     .help = "Spell out sends and receives",
     .type = &option_flag,
     .offset = offsetof(struct schedule_wanted, lower)},
    {.name = "merge",
     .help = "Merge each I and the W after it into B",
     .type = &option_flag,
     .offset = offsetof(struct schedule_wanted, merge)},
    {.name = "limit",
     .argument = "N|BYTES",
     .help = "With auto: micro-batches whose activations a device can hold, "
             "such as 2.5; or bytes, such as 300M, with --activations",
     .type = &option_limit,
     .offset = offsetof(struct schedule_wanted, goal),
     .most = SLUICE_MAX_MICROBATCHES},
    {.name = "activations",
     .argument = "BYTES[/...]",
     .help = "With --limit in bytes: what a micro-batch holds of a stage; or "
             "of each stage, with a / between",
     .type = &option_activations,
     .offset = offsetof(struct schedule_wanted, goal)},
    {.name = "freed",
     .argument = "SHARE",
     .help = "With --limit: what I frees of an activation, as W does not need "
             "it, such as 0.5; the limit is kept in thousandths",
     .type = &option_real,
     .offset = offsetof(struct schedule_wanted, goal.freed),
     .least = 0,
     .most = 1,
     .standard = "0"},
    {.name = "objective",
     .argument = "WHAT",
     .help = "With auto: what is to be short, {choices} (of steps that follow "
             "each other without a barrier)",
     .type = &option_word,
     .offset = offsetof(struct schedule_wanted, goal.objective),
     .choices = objective_choices,
     .standard = "makespan"},
    {.name = "slack",
     .argument = "N",
     .help = "Forwards further ahead for each device behind, as far as that "
             "can run",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, slack),
     .least = 1,
     .most = MAX_SLACK},
    {.name = "remat",
     .argument = "WHICH",
     .help = "Recompute activations: {choices}; or a word for each stage: "
             "always,never,...",
     .type = &remat,
     .choices = remat_choices,
     .standard = "never"},
    {.name = "vocabulary",
     .argument = "S,T",
     .help = "Cut the output layer across the devices: what its scores and "
             "their weight gradient take on each, in cells",
     .type = &scores},
    {.name = "recompute",
     .argument = "WHEN",
     .help =
         "{standard}: just before the backward (default); early: where the "
         "device "
         "would wait; naive: having waited for the gradient, which no device "
         "does, but a simulation can",
     .type = &option_word,
     .offset = offsetof(struct schedule_wanted, moment),
     .choices = recompute_choices,
     .standard = "at_once"},
    {0},
};

static const struct option_row costs_options[] = {
    {.name = "costs",
     .argument = "F,I,W[,R]",
     .help = "A micro-batch on a device, in cells; its stages share it; B "
             "takes I + W "
             "({standard}, R as F); or on each stage, with a / between: "
             "1,1,1/2,2,2",
     .type = &costs,
     .offset = offsetof(struct schedule_wanted, costs),
     .standard = "1,1,1"},
    {.name = "speeds",
     .argument = "X,X,...",
     .help = "Speed of each device: its actions take their time divided by it; "
             "with --run at most 1",
     .type = &option_speeds,
     .offset = offsetof(struct schedule_wanted, order.speeds)},
    {.name = "latency",
     .argument = "X",
     .help = "Latency of a simulated hand-off, in cells",
     .type = &option_real,
     .offset = offsetof(struct schedule_wanted, costs.latency),
     .least = 0,
     .most = MAX_CELLS,
     .standard = "0"},
    {.name = "cell",
     .argument = "TIME",
     .help = "Time of a cell",
     .type = &option_time,
     .offset = offsetof(struct schedule_wanted, costs.cell_ns),
     .standard = "1ms"},
    {.name = "capacity",
     .argument = "N",
     .help = "Micro-batches a device may run ahead of its neighbour",
     .type = &option_integer,
     .offset = offsetof(struct schedule_wanted, order.capacity),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "2"},
    {0},
};

static const struct option_row running[] = {
    {.name = "model",
     .argument = "SPEC",
     .help =
         "Real layers instead of timed cells; simulated with what they took",
     .type = &option_text,
     .offset = offsetof(struct schedule_line, run.model)},
    {.name = "batch",
     .argument = "N",
     .help = "Rows of a mini-batch of real layers (32 a micro-batch)",
     .type = &option_long,
     .offset = offsetof(struct schedule_line, run.batch),
     .least = 1,
     .most = MAX_BATCH},
    {.name = "join-weights",
     .help = "Compute W's of neighbouring micro-batches that follow each "
             "other in one",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, wanted.order.join_weights)},
    {.name = "gemm",
     .argument = "NAME",
     .tell = gemm_option_tell,
     .type = &gemm_name,
     .offset = offsetof(struct schedule_line, wanted.order.gemm)},
    {.name = "precision",
     .argument = "NAME",
     .tell = precision_option_tell,
     .type = &precision_name,
     .offset = offsetof(struct schedule_line, wanted.order.precision)},
    {.name = "pin",
     .argument = "CPUS",
     .tell = pin_option_tell,
     .type = &option_pin,
     .offset = offsetof(struct schedule_line, wanted.order.pin),
     .context = "pin"},
    {0},
};

static const struct option_row output[] = {
    {.name = "output",
     .key = 'o',
     .argument = "FORMAT",
     .tell = tell_formats,
     .type = &option_text,
     .offset = offsetof(struct schedule_line, request.output)},
    {.name = "strict",
     .help = "No more in a CSV than PyTorch can read",
     .type = &option_flag,
     .offset = offsetof(struct schedule_line, strict)},
    {0},
};

const char schedule_doc[] =
    "Print a schedule; or prove, price, draw, run or compare.\v"
    "NAME is one of --list; or auto, the best order that is found for the "
    "costs, latency, capacity, chunks (1) and limit that are given; or a FILE, "
    "whose name has a dot or a slash in it: JSON if it ends in .json, else a "
    "CSV as PyTorch's pipelining reads and writes it.\n\n"
    "--draw FILE draws the simulated step, in the kind that the name ends with "
    "(.txt, .svg, .html, or .json for Perfetto), and with --run the measured "
    "one beside it (.measured.svg).  With --compare it writes a page, .html, "
    "of all timelines at one scale and a table.\n\n"
    "Peaks are in micro-batches of a whole device, parameters in models. "
    "`wrong' counts the parameters whose bits differ from the sequential "
    "reference; it is empty if there is none for the schedule's order.  Exit "
    "status 1 if there are any, or if a schedule cannot run.";

const struct option_group schedule_groups[] = {
    {.title = "What to do with the schedule, other than to print it",
     .options = tasks},
    {.title = "The schedule",
     .options = shape,
     .offset = offsetof(struct schedule_line, wanted),
     .needs = schedule_shape_needs},
    {.options = order_generator_options,
     .offset = offsetof(struct schedule_line, wanted.order),
     .continues = true,
     .needs = schedule_shape_needs},
    {.title = "What things take",
     .options = costs_options,
     .offset = offsetof(struct schedule_line, wanted),
     .needs = schedule_costs_need},
    {.title = "Running", .options = running, .needs = schedule_running_needs},
    {.title = "Measurement",
     .options = run_options,
     .offset = offsetof(struct schedule_line, run.run),
     .needs = schedule_run_needs},
    {.title = "Output", .options = output, .needs = schedule_output_needs},
    {0},
};
