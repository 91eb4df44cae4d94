/* `sluice advise`: a plan in short.  The main thread. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"
#include "bench/plan/plan_options.h"
#include "bench/plan/planning.h"

static const struct option_row question[] = {
    {.name = "devices",
     .key = 'k',
     .argument = "D",
     .help = "Most devices to use",
     .type = &option_integer,
     .offset = offsetof(struct planning_config, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "2",
     .small = "4"},
    {.name = "microbatches",
     .key = 'm',
     .argument = "LIST",
     .help = "Numbers of micro-batches to compare",
     .type = &option_list,
     .offset = offsetof(struct planning_config, microbatches),
     .least = 1,
     .most = SLUICE_MAX_MICROBATCHES,
     .standard = "1-64*2",
     .small = "1,4,16"},
    {.name = "cap",
     .argument = "BYTES",
     .help = "Memory of each device",
     .type = &option_bytes,
     .offset = offsetof(struct planning_config, cap_bytes),
     .least = 1,
     .context = "cap_bytes"},
    {0},
};

static const char doc[] =
    "Recommend devices, micro-batches, schedule and whether to recompute.\v"
    "`sluice plan --measure' in short: each layer is timed, on all devices at "
    "once, for each size of micro-batch; the first row is recommended.  Memory "
    "is planned to the byte.  Exit status 1 if no configuration fits.";

/* The command line as it is read. */
struct line {
    struct planning_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = plan_work, .offset = offsetof(struct line, config)},
    {.options = question,
     .offset = offsetof(struct line, config),
     .continues = true},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

static sluice_status settle(void *config, sluice_diag *why)
{
    struct line *line = config;
    line->config.seed = 1;
    line->config.measures = true;
    if (line->config.model)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID, "--model: say which network");
}

static void write_row(struct table *table, const struct environment *env,
                      const struct planning_config *config,
                      const sluice_plan_row *row, bool recommended)
{
    struct table_fields fields = {0};
    add_environment(&fields, env);
    option_context(plan_work, config, &fields);
    option_context(question, config, &fields);
    add_key(&fields, "devices", row->devices);
    add_key(&fields, "microbatches", row->microbatches);
    add_key_word(&fields, "schedule", row->schedule);
    add_integer(&fields, "recomputing", row->recomputing);
    add_integer(&fields, "step_ns", row->step_ns);
    add_share(&fields, "bubble_predicted", row->bubble);
    add_integer(&fields, "planned_bytes", (int64_t)row->bytes);
    add_text(&fields, "recommended", recommended ? "yes" : "no");
    table_row(table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct environment env;
    struct planned planned;
    struct table table;
    sluice_diag why;
    environment_read(&env);
    if (planning_find(&line->config, &planned, &why))
        return command_fail(called, &why);
    output_begin(&line->output, &table);
    for (int i = 0; i < sluice_plan_n_rows(planned.plan); i++)
        write_row(&table, &env, &line->config,
                  sluice_plan_row_at(planned.plan, i), i == 0);
    table_end(&table);
    if (!line->output.format)
        printf("\nTake %s\n", sluice_plan_sentence(planned.plan));
    sluice_plan_destroy(planned.plan);
    return EXIT_SUCCESS;
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
