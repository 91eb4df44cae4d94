/* `sluice schedule`.  The main thread. */
#include <stdlib.h>
#include <string.h>

#include "bench/cli/command.h"
#include "bench/output/environment.h"
#include "bench/order/schedule_source.h"
#include "bench/output/formats/table_formats.h"
#include "bench/schedule/schedule_make.h"
#include "bench/schedule/schedule_options.h"
#include "bench/schedule/schedule_recommend.h"
#include "bench/schedule/show/schedule_page.h"
#include "bench/schedule/schedule_row.h"
#include "bench/schedule/schedule_settle.h"
#include "bench/order/schedule_names.h"
#include "bench/schedule/show/schedule_table.h"

/* What the tasks share. */
struct job {
    const char *command;
    const struct schedule_line *line;
    struct environment env;
    struct schedule_context context;
    struct table table;
    int64_t wrong;
    bool refused;              /* some schedule of a comparison */
    struct schedule_row *kept; /* [n_kept], for the page of a comparison */
    int n_kept;
};

static int print(const char *command, const struct schedule_line *line)
{
    sluice_schedule *schedule;
    sluice_diag why;
    if (schedule_make(&line->wanted, &schedule, &why))
        return command_fail(command, &why);
    sluice_status st =
        schedule_print(schedule, line->format, line->strict, stdout, &why);
    sluice_schedule_destroy(schedule);
    return st ? command_fail(command, &why) : EXIT_SUCCESS;
}

static int check(const char *command, const struct schedule_line *line)
{
    sluice_schedule *schedule;
    sluice_diag why;
    if (schedule_read(line->check, &schedule, &why))
        return command_fail(command, &why);
    sluice_status st = schedule_print_verdict(
        schedule, line->wanted.order.capacity, stdout, &why);
    sluice_schedule_destroy(schedule);
    fflush(stdout); /* before the sentence, wherever both go */
    return st ? command_fail_about(command, line->check, &why) : EXIT_SUCCESS;
}

static void begin(struct job *job)
{
    if (job->line->measures)
        environment_read(&job->env);
    job->context = (struct schedule_context){
        .wanted = &job->line->wanted,
        .names = job->line->compare ? job->line->compare
                                    : job->line->wanted.order.schedule,
        .run = job->line->measures ? &job->line->run : NULL,
        .env = &job->env,
    };
    table_begin(&job->table, job->line->table_format, stdout);
}

/* One schedule of the table; a refusal is told, and the next one comes. */
static sluice_status
add_row(struct job *job, const struct schedule_wanted *wanted, sluice_diag *why)
{
    struct schedule_row row;
    sluice_status st =
        schedule_row_init(&row, wanted, job->context.run, job->kept != NULL,
                          job->kept ? NULL : job->line->draw, why);
    if (st)
        return st;
    if (job->line->task == SCHEDULE_SIMULATE)
        schedule_table_devices(&job->table, &job->context, &row);
    else
        schedule_table_row(&job->table, &job->context, &row);
    if (row.is_raised)
        fprintf(stderr,
                "%s: %s has sends and receives: it ran without them, each "
                "action receiving as it starts and sending as it ends, and the "
                "simulation is of what ran\n",
                job->command, row.name);
    if (row.is_measured && row.measured.wrong > 0)
        job->wrong += row.measured.wrong;
    if (job->kept)
        job->kept[job->n_kept++] = row;
    else
        schedule_row_fini(&row);
    return SLUICE_OK;
}

/* Room for the rows of the page, if one is wanted. */
static sluice_status keep_rows(struct job *job, sluice_diag *why)
{
    size_t n = 1;
    for (const char *at = job->line->compare; *at; at++)
        n += *at == ',';
    if (!job->line->draw)
        return SLUICE_OK;
    job->kept = calloc(n, sizeof *job->kept);
    if (job->kept)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for the rows of the page");
}

static void free_rows(struct job *job)
{
    while (job->n_kept)
        schedule_row_fini(&job->kept[--job->n_kept]);
    free(job->kept);
}

static sluice_status compare(struct job *job, sluice_diag *why)
{
    char *names = strdup(job->line->compare);
    if (!names)
        return sluice_diag_set(why, SLUICE_NO_MEMORY,
                               "out of memory for the names of schedules");
    sluice_status st = keep_rows(job, why);
    for (char *name = names, *next; name && !st; name = next) {
        struct schedule_wanted wanted = job->line->wanted;
        next = strchr(name, ',');
        if (next)
            *next++ = 0;
        wanted.order.schedule = name;
        st = add_row(job, &wanted, why);
        if (st && st != SLUICE_NO_MEMORY) {
            command_fail_about(job->command, name, why);
            job->refused = true;
            st = SLUICE_OK;
        }
    }
    if (!st && job->n_kept)
        st = schedule_page_write(job->kept, job->n_kept, job->line->draw, why);
    free_rows(job);
    free(names);
    return st;
}

static int tabulate(const char *command, const struct schedule_line *line)
{
    struct job job = {.command = command, .line = line};
    sluice_diag why;
    begin(&job);
    sluice_status st = line->task == SCHEDULE_COMPARE
                           ? compare(&job, &why)
                           : add_row(&job, &line->wanted, &why);
    table_end(&job.table);
    const char *name = line->wanted.order.schedule;
    if (st && name && schedule_is_file(name))
        return command_fail_about(command, name, &why);
    int status = command_finish(command, st, &why, job.wrong);
    return job.refused ? EXIT_FAILURE : status;
}

static int recommend(const char *command, const struct schedule_line *line)
{
    struct table table;
    sluice_diag why;
    table_begin(&table, line->table_format, stdout);
    char sentence[RECOMMEND_TEXT];
    sluice_status st =
        schedule_recommend(&line->wanted, &table, sentence, &why);
    table_end(&table);
    if (!st &&
        line->table_format == table_format_find("md", TABLE_SHOWS_FIGURES))
        printf("\n%s\n", sentence);
    return st ? command_fail(command, &why) : EXIT_SUCCESS;
}

static int run(const char *called, void *config)
{
    const struct schedule_line *line = config;
    switch (line->task) {
    case SCHEDULE_PRINT:
        return print(called, line);
    case SCHEDULE_LIST:
        schedule_print_list(stdout);
        return EXIT_SUCCESS;
    case SCHEDULE_CHECK:
        return check(called, line);
    case SCHEDULE_RECOMMEND:
        return recommend(called, line);
    default:
        return tabulate(called, line);
    }
}

const struct command schedule_command = {
    .name = "schedule",
    .does = "Print, prove, price, draw, run and compare schedules",
    .doc = schedule_doc,
    .words = "NAME",
    .groups = schedule_groups,
    .config_bytes = sizeof(struct schedule_line),
    .take = schedule_take,
    .check = schedule_settle,
    .run = run,
};
