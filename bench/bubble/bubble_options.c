/* `sluice-bench bubble`: its options.  The main thread. */
#include "bench/bubble/bubble.h"

#include "bench/bubble/bubble_table.h"
#include "bench/cli/command.h"
#include "bench/measure/sweep_options.h"
#include "bench/order/schedule_source.h"
#include "bench/order/schedule_names.h"
#include "bench/output/environment.h"
#include "bench/world/joined.h"

static const struct option_row sizes[] = {
    {SWEEP_DEVICES(struct bubble_config, 1), .standard = "1,2",
     .small = "1,2,4"},
    {SWEEP_MICROBATCHES(struct bubble_config, "Numbers of micro-batches"),
     .standard = "4,8,16,32", .small = "1,4"},
    {.name = "team",
     .argument = "LIST",
     .help = "Devices that work each stage together, at each of --devices",
     .type = &option_list,
     .offset = offsetof(struct bubble_config, team),
     .least = 1,
     .most = SLUICE_MAX_DEVICES,
     .standard = "1",
     .small = "1"},
    {0},
};

static const struct option_row work[] = {
    {.name = "cell",
     .argument = "TIME",
     .help = "Timed cells: F, I, W and R of a device take TIME, such as 1ms, "
             "without needing a core; the stages of a device share it",
     .type = &option_time,
     .offset = offsetof(struct bubble_config, cell_ns)},
    {SWEEP_MODEL(struct bubble_config, "Real layers"),
     .standard = "1024-1024x16", .small = "8-8x4"},
    {SWEEP_BATCH(struct bubble_config, "Rows of a mini-batch of real layers"),
     .standard = "1024", .small = "16"},
    {0},
};

static const char doc[] =
    "Measure the bubble, the share of the devices' time in which they wait, "
    "beside the formula (K-1)/(M+K-1).\v" SWEEP_LISTS "\n\n"
    "Each row trains a few steps from the same start as a sequential "
    "reference; `wrong' counts the parameters whose bits differ, of a team "
    "that "
    "multiplies by OpenBLAS those that differ by more than 1e-5, and the exit "
    "status is 1 if there are any.  `bubble_formula' of other schedules than "
    "gpipe and 1f1b, and with --remat or --gather-weights, is the simulator's "
    "bubble of equal stages.  Times and bubbles are medians.  With more "
    "devices than cores only timed cells show a true bubble.";

/* The command line as it is read. */
struct line {
    struct bubble_config config;
    struct output_options output;
};

static const struct option_group groups[] = {
    {.options = sizes, .offset = offsetof(struct line, config)},
    {.options = work, .offset = offsetof(struct line, config)},
    ORDER_GROUPS(struct line, config.order),
    RUN_GROUPS(struct line, config.run, output, bubble_output_options),
    {0},
};

/* A cell is not a layer, and its time does not depend on the rows. */
static sluice_status check(void *given, sluice_diag *why)
{
    struct line *line = given;
    struct bubble_config *config = &line->config;
    config->sized_by_file = !config->devices.n;
    config->counted_by_file = !config->microbatches.n;
    if (config->cell_ns && config->model)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--cell and --model exclude each other");
    if (config->cell_ns && config->batch)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "--cell and --batch exclude each other: each "
                               "micro-batch of cells is one row");
    return SLUICE_OK;
}

/* The numbers of a schedule from a file stand in it. */
static sluice_status size_by_file(struct bubble_config *config,
                                  sluice_diag *why)
{
    int devices = 0, microbatches = 0;
    if (!schedule_is_file(config->order.schedule))
        return SLUICE_OK;
    sluice_status st =
        schedule_sizes(&config->order, &devices, &microbatches, why);
    if (config->sized_by_file)
        config->devices = (struct range){1, {devices}};
    if (config->counted_by_file)
        config->microbatches = (struct range){1, {microbatches}};
    return st;
}

static int run(const char *called, void *config)
{
    struct line *line = config;
    struct environment env;
    struct bubble_table table = {.config = &line->config, .env = &env};
    sluice_diag why;
    struct joined joined = {0};
    sluice_status st = joined_begin(&joined, &why);
    if (!st)
        st = sluice_world_agree(joined.world, size_by_file(&line->config, &why),
                                &why);
    if (st)
        return joined_fail(called, &joined, &why);
    line->config.run.world = joined.world;
    environment_read(&env);
    output_begin(&line->output, &table.table);
    st = bubble_measure(&line->config, bubble_table_row, &table, &why);
    table_end(&table.table);
    joined_before_failure(&joined);
    int status = st ? order_fail(called, &line->config.order, &why)
                    : command_finish(called, st, &why, table.wrong);
    joined_end(&joined);
    return status;
}

const struct command bubble_command = {
    .name = "bubble",
    .does = "Measure the bubble beside the formula",
    .doc = doc,
    .groups = groups,
    .config_bytes = sizeof(struct line),
    .check = check,
    .joins = true,
    .run = run,
};
