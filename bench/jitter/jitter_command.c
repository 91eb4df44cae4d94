/* `sluice-bench jitter`: its options and table.  The main thread. */
#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_passes.h>

#include "bench/cli/command.h"
#include "bench/cli/option_types.h"
#include "bench/cli/range.h"
#include "bench/jitter/jittered.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"

enum { MOST_SEEDS = 100000, MOST_JITTER = 90 };

static const char doc[] =
    "Steps whose actions take longer or less long than they should, simulated: "
    "schedules that recompute, as they are listed and with Varuna's rule for "
    "the run.\v"
    "F, I, W and R take 1 ms, and B 2 ms, times a factor that is drawn for "
    "each action, evenly from 1 - J to 1 + J.  By the rule a device whose next "
    "action is an R runs the next F first, if the gradient that the R is for "
    "is not there, and the F can run.  `mean' and `worst' are of all seeds; "
    "`held' is how many inputs the worst device holds.";

/* The command line as it is read. */
struct line {
    int devices;
    int microbatches;
    int seeds;
    struct range jitter; /* in per cent */
    struct output_options output;
};

static const struct option_row sizes[] = {
    {.name = "devices",
     .key = 'k',
     .argument = "K",
     .help = "Devices",
     .type = &option_integer,
     .offset = offsetof(struct line, devices),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "4",
     .context = "devices"},
    {.name = "microbatches",
     .key = 'm',
     .argument = "M",
     .help = "Micro-batches",
     .type = &option_integer,
     .offset = offsetof(struct line, microbatches),
     .least = 1,
     .most = 1024,
     .standard = "16",
     .small = "8",
     .context = "microbatches"},
    {.name = "jitter",
     .argument = "LIST",
     .help = "J, in per cent",
     .type = &option_list,
     .offset = offsetof(struct line, jitter),
     .least = 0,
     .most = MOST_JITTER,
     .standard = "0,10,20,50",
     .small = "0,50"},
    {.name = "seeds",
     .argument = "N",
     .help = "Seeds that are tried",
     .type = &option_integer,
     .offset = offsetof(struct line, seeds),
     .least = 1,
     .most = MOST_SEEDS,
     .standard = "200",
     .small = "5",
     .context = "seeds"},
    {0},
};

static const struct option_group groups[] = {
    {.title = "What is simulated", .options = sizes},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* What comes of the seeds. */
struct tally {
    double mean_ns;
    int64_t worst_ns;
    int held;
};

static sluice_status add_seed(const sluice_schedule *schedule,
                              const struct jitter *jitter, bool opportune,
                              struct tally *tally, sluice_diag *why)
{
    sluice_device_facts facts[SLUICE_MAX_DEVICES];
    sluice_schedule *chosen = NULL;
    sluice_simulation *simulation;
    sluice_status st = opportune
                           ? jittered_opportune(schedule, jitter, &chosen, why)
                           : SLUICE_OK;
    if (st)
        return st;
    const sluice_verify_config rules = {0};
    const sluice_schedule *run = opportune ? chosen : schedule;
    st = sluice_schedule_verify(run, &rules, facts, why);
    if (!st)
        st = jittered_simulate(run, jitter, &simulation, why);
    if (!st) {
        int64_t ns = sluice_simulation_trace(simulation)->end_ns;
        tally->mean_ns += (double)ns;
        tally->worst_ns = ns > tally->worst_ns ? ns : tally->worst_ns;
        for (int d = 0; d < sluice_schedule_n_devices(run); d++)
            if (facts[d].peak_activations > tally->held)
                tally->held = facts[d].peak_activations;
        sluice_simulation_destroy(simulation);
    }
    sluice_schedule_destroy(chosen);
    return st;
}

static sluice_status add_row(const struct line *line, struct table *table,
                             const char *name, const sluice_schedule *schedule,
                             int percent, bool opportune, sluice_diag *why)
{
    struct environment env;
    struct table_fields fields = {0};
    struct tally tally = {0};
    sluice_status st = SLUICE_OK;
    for (int seed = 1; seed <= line->seeds && !st; seed++) {
        const struct jitter jitter = {percent / 100.0, (uint64_t)seed};
        st = add_seed(schedule, &jitter, opportune, &tally, why);
    }
    if (st)
        return st;
    environment_read(&env);
    add_environment(&fields, &env);
    option_context(sizes, line, &fields);
    add_key_word(&fields, "schedule", name);
    add_key(&fields, "jitter", percent);
    add_key(&fields, "opportune", opportune);
    add_real(&fields, "mean_ns", tally.mean_ns / line->seeds);
    add_integer(&fields, "worst_ns", tally.worst_ns);
    add_integer(&fields, "held", tally.held);
    table_row(table, fields.of, fields.n);
    return SLUICE_OK;
}

/* One that recomputes; varuna does by itself. */
static sluice_status make(const struct line *line, const char *name,
                          sluice_schedule **out, sluice_diag *why)
{
    const sluice_schedule_config wanted = {
        .name = name,
        .devices = line->devices,
        .microbatches = line->microbatches,
    };
    sluice_schedule *plain;
    sluice_status st = sluice_schedule_generate(&wanted, &plain, why);
    if (st)
        return st;
    st = sluice_schedule_remat(plain,
                               strcmp(name, "varuna") ? SLUICE_REMAT_ALWAYS
                                                      : SLUICE_REMAT_NEVER,
                               out, why);
    sluice_schedule_destroy(plain);
    return st;
}

static sluice_status add_rows(const struct line *line, struct table *table,
                              const char *name, sluice_diag *why)
{
    sluice_schedule *schedule;
    sluice_status st = make(line, name, &schedule, why);
    if (st)
        return st;
    for (int i = 0; i < 2 * line->jitter.n && !st; i++)
        st = add_row(line, table, name, schedule, line->jitter.values[i / 2],
                     i % 2, why);
    sluice_schedule_destroy(schedule);
    return st;
}

static int run(const char *called, void *config)
{
    static const char *const names[] = {"gpipe", "1f1b", "eager-1f1b",
                                        "varuna"};
    const struct line *line = config;
    struct table table;
    sluice_diag why;
    sluice_status st = SLUICE_OK;
    output_begin(&line->output, &table);
    for (size_t i = 0; i < sizeof names / sizeof *names && !st; i++)
        st = add_rows(line, &table, names[i], &why);
    table_end(&table);
    return st ? command_fail(called, &why) : EXIT_SUCCESS;
}

const struct command jitter_command = {
    .name = "jitter",
    .does = "Steps whose actions take unequally long, and Varuna's choice",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
