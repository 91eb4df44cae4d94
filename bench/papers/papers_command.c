/* `sluice-bench papers`: its options and table.  The main thread. */
#include "bench/cli/command.h"
#include "bench/measure/run_options.h"
#include "bench/output/environment.h"
#include "bench/papers/papers.h"

enum { MOST_SMALL = 8 }; /* devices, of a small run */

static const char doc[] =
    "What papers on schedules print, beside our schedules under the same "
    "assumptions: costs of a micro-batch, hand-off, and memory.  Nothing is "
    "measured: the times are those of the simulator, the peaks those of the "
    "verifier.\v"
    "Of all figures less is better.  `bubble of the span' is the rate of steps "
    "that follow each other without a barrier; `idle time' is per device, in "
    "units of the time that a device's forward takes; `peak' is in "
    "micro-batches, or sequences, whose activations the worst device holds.  "
    "`worse' is 1 where ours is larger than what is printed, to its last "
    "digit; the exit status is 1 if there is such a row.";

/* The command line as it is read. */
struct line {
    struct output_options output;
};

static const struct option_group groups[] = {
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

static void add_claim(struct table *table, const struct environment *env,
                      const struct paper_claim *claim, double ours)
{
    struct table_fields fields = {0};
    add_environment(&fields, env);
    add_key_word(&fields, "source", claim->source);
    add_key_word(&fields, "called", claim->called);
    add_key_word(&fields, "schedule", claim->schedule);
    add_key(&fields, "devices", claim->devices);
    add_key(&fields, "microbatches", claim->microbatches);
    add_key(&fields, "chunks", claim->chunks ? claim->chunks : 1);
    add_key(&fields, "slices", claim->slices ? claim->slices : 1);
    add_key(&fields, "group", claim->group);
    add_key(&fields, "limit", claim->limit);
    add_key_word(&fields, "figure", paper_figure_names[claim->figure]);
    add_real(&fields, "printed", claim->printed);
    add_real(&fields, "ours", ours);
    add_integer(&fields, "worse", paper_is_worse(claim, ours));
    table_row(table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    const struct line *line = config;
    struct environment env;
    struct table table;
    struct paper_claim claim;
    sluice_diag why;
    sluice_status st = SLUICE_OK;
    int n_worse = 0;
    environment_read(&env);
    output_begin(&line->output, &table);
    for (int i = 0; !st && paper_claim(i, &claim); i++) {
        double ours;
        if (line->output.smoke && claim.devices > MOST_SMALL)
            continue;
        st = paper_measure(&claim, &ours, &why);
        if (st)
            break;
        add_claim(&table, &env, &claim, ours);
        n_worse += paper_is_worse(&claim, ours);
    }
    table_end(&table);
    if (st)
        return command_fail(called, &why);
    return n_worse > 0;
}

const struct command papers_command = {
    .name = "papers",
    .does = "Our schedules beside what papers print",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
