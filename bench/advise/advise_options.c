/* `sluice advise`: its options, table and sentence.  The main thread. */
#include "bench/advise/advise.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"

enum { MAX_BATCH = 1 << 24 };

static const struct option_row question[] = {
    {.name = "model",
     .argument = "SPEC",
     .help = "The network, such as 784-256x10-10",
     .type = &option_text,
     .offset = offsetof(struct advise_config, model),
     .small = "16-16x6",
     .context = "model"},
    {.name = "batch",
     .argument = "N",
     .help = "Rows of a mini-batch",
     .type = &option_long,
     .offset = offsetof(struct advise_config, batch),
     .least = 1,
     .most = MAX_BATCH,
     .standard = "256",
     .small = "64",
     .context = "batch"},
    {.name = "devices",
     .key = 'k',
     .argument = "D",
     .help = "Most devices to use",
     .type = &option_integer,
     .offset = offsetof(struct advise_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "2",
     .small = "4"},
    {.name = "microbatches",
     .key = 'm',
     .argument = "LIST",
     .help = "Numbers of micro-batches to compare",
     .type = &option_list,
     .offset = offsetof(struct advise_config, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "1-64*2",
     .small = "1,4,16"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of each device",
     .type = &option_bytes,
     .offset = offsetof(struct advise_config, cap_bytes),
     .least = 1,
     .context = "cap_bytes"},
    {0},
};

static const char doc[] =
    "Recommend numbers of devices and micro-batches, and whether to "
    "recompute.\v"
    "Each layer is timed on one device for each size of micro-batch; a step "
    "of all devices is simulated, with GPipe's schedule, a core for each "
    "device, and hand-offs that cost nothing.  Memory is planned to the "
    "byte.  Exit status 1 if no configuration fits.";

/* The command line as it is read. */
struct line {
    struct advise_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = question, .offset = offsetof(struct line, config)},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

static sluice_status settle(void *config, sluice_diag *why)
{
    struct line *line = config;
    line->config.seed = 1;
    if (line->config.model)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID, "--model: say which network");
}

static void write_row(struct table *table, const struct environment *env,
                      const struct advise_config *config,
                      const struct advise_row *row)
{
    struct table_fields fields = {0};
    add_environment(&fields, env);
    option_context(question, config, &fields);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "remat", choice_name(remat_choices, row->remat));
    add_integer(&fields, "step_ns", row->step_ns);
    add_share(&fields, "bubble_predicted", row->bubble);
    add_share(&fields, "bubble_formula", row->formula);
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

static void print_misfit(const char *called, uint64_t cap_bytes,
                         const struct advise_row *smallest)
{
    fprintf(stderr,
            "%s: no configuration fits under the cap of %" PRIu64
            " bytes: the smallest, %d device%s with %d micro-batch%s, needs "
            "%zu bytes on a device; raise --cap or give a smaller --batch\n",
            called, cap_bytes, smallest->devices,
            smallest->devices == 1 ? "" : "s", smallest->microbatches,
            smallest->microbatches == 1 ? "" : "es", smallest->bytes);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct environment env;
    struct advice advice;
    struct table table;
    sluice_diag why;
    environment_read(&env);
    if (advise(&line->config, &advice, &why))
        return command_fail(called, &why);
    output_begin(&line->output, &table);
    for (int i = 0; i < advice.n; i++)
        write_row(&table, &env, &line->config, &advice.rows[i]);
    table_end(&table);
    bool any = advice_choice(&advice) != NULL;
    if (!any)
        print_misfit(called, line->config.cap_bytes, advice_smallest(&advice));
    else if (!line->output.format)
        print_choice(&advice, stdout);
    advice_fini(&advice);
    return any ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command advise_command = {
    .name = "advise",
    .does = "Recommend a configuration for a model",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .settle = settle,
    .run = run,
};
