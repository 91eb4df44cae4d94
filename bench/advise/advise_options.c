/* `sluice advise`: its command line, table and sentence.  The main thread. */
#include "bench/advise/advise.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/choice.h"
#include "bench/cli/command.h"
#include "bench/output/environment.h"
#include "bench/cli/option.h"
#include "bench/measure/run_options.h"

enum { KEY_MODEL = 0x100, KEY_BATCH, KEY_CAP, MAX_BATCH = 1 << 24 };

static const struct argp_option options[] = {
    {"model", KEY_MODEL, "SPEC", 0, "The network, such as 784-256x10-10", 1},
    {"batch", KEY_BATCH, "N", 0, "Rows of a mini-batch (256)", 1},
    {"devices", 'k', "D", 0, "Devices there are (2)", 1},
    {"microbatches", 'm', "LIST", 0,
     "Numbers of micro-batches to think of (1-64*2)", 1},
    {"cap", KEY_CAP, "BYTES", 0, "Memory of each device", 1},
    {0},
};

static const char doc[] =
    "Recommend numbers of devices and micro-batches, and whether to "
    "recompute.\v"
    "Each layer is timed on one device for each size of micro-batch; what "
    "the devices would make of it together is simulated, with GPipe's "
    "schedule, a core for each, and hand-offs that cost nothing.  Memory is "
    "planned to the byte.  Exit status 1 if nothing fits.";

static const struct advise_config usual = {
    .batch = 256,
    .devices = 2,
    .microbatches = {7, {1, 2, 4, 8, 16, 32, 64}},
    .seed = 1,
};

static const struct advise_config small = {
    .model = "16-16x6",
    .batch = 64,
    .devices = 4,
    .microbatches = {3, {1, 4, 16}},
    .seed = 1,
};

/* The command line as it is read. */
struct line {
    struct advise_config config; /* what is not given is 0 */
    struct output_options output;
};

/* Fill in what was not given. */
static void complete(struct argp_state *state, struct line *line)
{
    const struct advise_config *by = line->output.smoke ? &small : &usual;
    struct advise_config *config = &line->config;
    config->seed = by->seed;
    if (!config->model)
        config->model = by->model;
    if (!config->model)
        argp_error(state, "--model: say which network");
    if (!config->batch)
        config->batch = by->batch;
    if (!config->devices)
        config->devices = by->devices;
    if (!config->microbatches.n)
        config->microbatches = by->microbatches;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct line *line = state->input;
    struct advise_config *config = &line->config;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &line->output;
        break;
    case KEY_MODEL:
        config->model = arg;
        break;
    case KEY_BATCH:
        config->batch = option_integer(state, "--batch", arg, 1, MAX_BATCH);
        break;
    case 'k':
        config->devices =
            option_integer(state, "--devices", arg, 1, SLUICE_MAX_DEVICES);
        break;
    case 'm':
        option_list(state, "-m", arg, SLUICE_MAX_MICROBATCHES,
                    &config->microbatches);
        break;
    case KEY_CAP:
        option_bytes(state, "--cap", arg, &config->cap_bytes);
        break;
    case ARGP_KEY_END:
        complete(state, line);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void write_row(struct table *table, const struct environment *env,
                      const struct advise_config *config,
                      const struct advise_row *row)
{
    struct table_fields fields = {0};
    add_environment(&fields, env);
    add_word(&fields, "model", config->model);
    add_shared(&fields, "batch", config->batch);
    add_shared(&fields, "cap_bytes", (int64_t)config->cap_bytes);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "remat", choice_name(remat_choices, row->remat));
    add_integer(&fields, "step_ns", row->step_ns);
    add_real(&fields, "bubble_predicted", row->bubble);
    add_real(&fields, "bubble_formula", row->formula);
    add_integer(&fields, "planned_bytes", (int64_t)row->bytes);
    add_text(&fields, "fits", row->fits ? "yes" : "no");
    add_text(&fields, "recommended", row->recommended ? "yes" : "no");
    table_row(table, fields.of, fields.n);
}

/* What the paper's rule would bring. */
static void print_rule(const struct advise_row *choice,
                       const struct advise_row *rule, FILE *out)
{
    if (choice->devices == 1)
        return;
    if (!rule) {
        fprintf(out, " The paper's rule, M = 4 K, is not in the table.");
        return;
    }
    if (rule == choice) {
        fprintf(out, " The paper's rule, M = 4 K, agrees.");
        return;
    }
    double more = 100 * ((double)rule->step_ns / (double)choice->step_ns - 1);
    fprintf(out,
            " The paper's rule, M = 4 K = %d, disagrees: ", rule->microbatches);
    if (!rule->fits)
        fprintf(out, "it does not fit.");
    else if (more >= 1)
        fprintf(out, "its step would take %.0f %% longer.", more);
    else
        fprintf(out, "it is as fast, but needs %.3g MiB.",
                (double)rule->bytes / (1 << 20));
}

static void print_choice(const struct advice *advice, FILE *out)
{
    const struct advise_row *choice = advice_choice(advice);
    fprintf(out,
            "\nTake %d device%s and %d micro-batch%s, %s: %.3g ms a step, "
            "bubble %.1f %%, %.3g MiB on the largest device.",
            choice->devices, choice->devices == 1 ? "" : "s",
            choice->microbatches, choice->microbatches == 1 ? "" : "es",
            choice->remat == SLUICE_REMAT_NEVER ? "without rematerialization"
                                                : "with rematerialization",
            (double)choice->step_ns / 1e6, 100 * choice->bubble,
            (double)choice->bytes / (1 << 20));
    print_rule(choice, advice_rule(advice, choice), out);
    fputc('\n', out);
}

static const struct argp argp = {
    .options = options,
    .parser = parse_option,
    .doc = doc,
    .children = output_children,
};

int advise_command(int argc, char **argv)
{
    struct line line = {.output.timed = false};
    option_parse(&argp, argc, argv, 0, &line);
    struct environment env;
    struct advice advice;
    struct table table;
    sluice_diag why;
    environment_read(&env);
    if (advise(&line.config, &advice, &why))
        return command_fail(argv[0], &why);
    output_begin(&line.output, &table);
    for (int i = 0; i < advice.n; i++)
        write_row(&table, &env, &line.config, &advice.rows[i]);
    table_end(&table);
    bool any = advice_choice(&advice) != NULL;
    if (!any)
        fprintf(stderr, "%s: nothing fits under the cap\n", argv[0]);
    else if (!line.output.format)
        print_choice(&advice, stdout);
    advice_fini(&advice);
    return any ? EXIT_SUCCESS : EXIT_FAILURE;
}
