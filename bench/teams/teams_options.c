/* `sluice-bench teams`: its options and its table.  The main thread. */
#include "bench/cli/command.h"
#include "bench/cli/product_options.h"
#include "bench/measure/run_options.h"
#include "bench/measure/sweep_options.h"
#include "bench/output/environment.h"
#include "bench/output/table.h"
#include "bench/teams/team_times.h"

enum { MAX_TURNS = 1000 };

static const struct option_row work[] = {
    {SWEEP_MICROBATCHES(struct team_config, "Numbers of micro-batches"),
     .standard = "4,16", .small = "2"},
    {SWEEP_MODEL(struct team_config, "The network"),
     .standard = "input(1024); linear(1024, no-bias) x16",
     .small = "input(32); linear(32, no-bias) x2", .context = "model"},
    {SWEEP_BATCH(struct team_config, "Rows of a mini-batch"),
     .standard = "1024", .small = "16", .context = "batch"},
    {.name = "team",
     .argument = "T",
     .help = "Devices of the team",
     .type = &option_integer,
     .offset = offsetof(struct team_config, team),
     .least = 2,
     .most = SLUICE_MAX_DEVICES,
     .standard = "2",
     .context = "team"},
    {.name = "gemm",
     .argument = "NAME",
     .tell = gemm_option_tell,
     .type = &gemm_name,
     .offset = offsetof(struct team_config, gemm)},
    {.name = "warmup",
     .argument = "N",
     .help = "Turns before those that are timed",
     .type = &option_integer,
     .offset = offsetof(struct team_config, warmup),
     .most = MAX_TURNS,
     .standard = "1",
     .context = "warmup"},
    {.name = "repetitions",
     .argument = "N",
     .help = "Turns that are timed",
     .type = &option_integer,
     .offset = offsetof(struct team_config, repetitions),
     .least = 1,
     .most = MAX_TURNS,
     .standard = "9",
     .small = "2",
     .context = "repetitions"},
    {0},
};

static const char doc[] =
    "Measure the products of a team beside one device, a device on each core, "
    "and the threads of OpenBLAS.\v" SWEEP_LISTS "\n\n"
    "In each turn, one after the other: `alone_ns' is one device, on another "
    "core in each turn, `team_ns' a team, `each_ns' as many devices at once "
    "as the team has, each with a pipeline and a mini-batch of its own, and "
    "`blas_ns' as many threads of OpenBLAS, which make the same products for "
    "all rows at once.  Those of devices are from the first F to the end of "
    "the last B, packing and meetings included, the update not.  `gain' is "
    "alone / team, `gain_bound' what devices that know nothing of each other "
    "gain on these cores, `bound_share' gain / gain_bound, `blas_ratio' team "
    "/ blas, and `team_wait' the share of the time in which a device waits "
    "for its team: medians of the turns.  `..._least_ns' are the least times.";

/* The command line as it is read. */
struct line {
    struct team_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = work, .offset = offsetof(struct line, config)},
    {.title = "Output",
     .options = output_options,
     .offset = offsetof(struct line, output)},
    {0},
};

/* A table under way. */
struct team_table {
    const struct team_config *config;
    struct environment env;
    struct table table;
};

static double least_of(const double *values, int n)
{
    double least = values[0];
    for (int i = 1; i < n; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

static double most_of(const double *values, int n)
{
    double most = values[0];
    for (int i = 1; i < n; i++)
        most = values[i] > most ? values[i] : most;
    return most;
}

static void add_times(struct table_fields *fields, const struct team_row *row,
                      int n)
{
    static const char *const medians[N_TEAM_TIMES] = {"alone_ns", "team_ns",
                                                      "each_ns", "blas_ns"};
    static const char *const least[N_TEAM_TIMES] = {
        "alone_least_ns", "team_least_ns", "each_least_ns", "blas_least_ns"};
    for (int t = 0; t < N_TEAM_TIMES; t++)
        add_integer(fields, medians[t], (int64_t)median_of(row->ns[t], n));
    for (int t = 0; t < N_TEAM_TIMES; t++)
        add_integer(fields, least[t], (int64_t)least_of(row->ns[t], n));
}

static void add_row(void *context, const struct team_row *row)
{
    struct team_table *table = context;
    const struct team_config *config = table->config;
    int n = config->repetitions;
    struct table_fields fields = {0};
    add_environment(&fields, &table->env);
    option_context(work, config, &fields);
    add_key(&fields, "microbatches", row->microbatches);
    add_key(&fields, "rows", row->rows);
    add_times(&fields, row, n);
    add_real(&fields, "gain", median_of(row->gain, n));
    add_real(&fields, "gain_least", least_of(row->gain, n));
    add_real(&fields, "gain_most", most_of(row->gain, n));
    add_real(&fields, "gain_bound", median_of(row->bound, n));
    add_share(&fields, "bound_share", median_of(row->share, n));
    add_real(&fields, "blas_ratio", median_of(row->blas, n));
    add_real(&fields, "blas_ratio_least", least_of(row->blas, n));
    add_real(&fields, "blas_ratio_most", most_of(row->blas, n));
    add_share(&fields, "team_wait", median_of(row->wait, n));
    add_text(&fields, "gemm_used", row->gemm);
    add_samples(&fields, "samples_ns", row->ns[0], N_TEAM_TIMES * n);
    table_row(&table->table, fields.of, fields.n);
}

static int run(const char *called, void *config)
{
    struct line *line = config;
    struct team_table table = {.config = &line->config};
    sluice_diag why;
    environment_read(&table.env);
    output_begin(&line->output, &table.table);
    sluice_status st = team_measure(&line->config, add_row, &table, &why);
    table_end(&table.table);
    return command_finish(called, st, &why, 0);
}

const struct command teams_command = {
    .name = "teams",
    .does = "Products of a team beside one device and threads of BLAS",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .run = run,
};
