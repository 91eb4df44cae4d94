/* Schedules as text.  The main thread. */
#include "bench/schedule/show/schedule_print.h"

#include <stdlib.h>
#include <string.h>

#include <sluice/schedule_text.h>

#include "bench/schedule/schedule_price.h"
#include "bench/schedule/schedule_wanted.h"

static sluice_status no_memory(sluice_diag *why)
{
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for the text of a schedule");
}

/* `mark` as in sluice_schedule_format_marked(). */
static sluice_status print_grid(const sluice_schedule *schedule,
                                const sluice_diag *mark, FILE *out,
                                sluice_diag *why)
{
    size_t n = sluice_schedule_format_marked(schedule, mark, NULL, 0) + 1;
    char *text = malloc(n);
    if (!text)
        return no_memory(why);
    sluice_schedule_format_marked(schedule, mark, text, n);
    fputs(text, out);
    free(text);
    return SLUICE_OK;
}

static sluice_status write_grid(const sluice_schedule *schedule, bool strict,
                                FILE *out, sluice_diag *why)
{
    (void)strict;
    return print_grid(schedule, NULL, out, why);
}

static sluice_status write_csv(const sluice_schedule *schedule, bool strict,
                               FILE *out, sluice_diag *why)
{
    size_t n;
    sluice_status st =
        sluice_schedule_format_csv(schedule, strict, NULL, 0, &n, why);
    if (st)
        return st;
    char *text = malloc(n + 1);
    if (!text)
        return no_memory(why);
    st = sluice_schedule_format_csv(schedule, strict, text, n + 1, &n, why);
    if (!st)
        fputs(text, out);
    free(text);
    return st;
}

static sluice_status write_json(const sluice_schedule *schedule, bool strict,
                                FILE *out, sluice_diag *why)
{
    size_t n;
    (void)strict;
    sluice_status st = sluice_schedule_format_json(schedule, NULL, 0, &n, why);
    if (st)
        return st;
    char *text = malloc(n + 1);
    if (!text)
        return no_memory(why);
    st = sluice_schedule_format_json(schedule, text, n + 1, &n, why);
    if (!st)
        fputs(text, out);
    free(text);
    return st;
}

static const struct schedule_format {
    const char *name;
    sluice_status (*write)(const sluice_schedule *schedule, bool strict,
                           FILE *out, sluice_diag *why);
} formats[] = {
    {"grid", write_grid},
    {"csv", write_csv},
    {"json", write_json},
};

enum { N_FORMATS = (int)(sizeof formats / sizeof *formats) };

const struct schedule_format *schedule_format_find(const char *name)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}

void schedule_format_help(char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        size_t n = strlen(text);
        snprintf(text + n, bytes - n, "%s%s%s", n ? ", " : "", formats[i].name,
                 i ? "" : " (default)");
    }
}

void schedule_format_names(char *text, size_t bytes)
{
    text[0] = 0;
    for (int i = 0; i < N_FORMATS; i++) {
        size_t n = strlen(text);
        snprintf(text + n, bytes - n, "%s%s", i ? ", " : "", formats[i].name);
    }
}

sluice_status schedule_print(const sluice_schedule *schedule,
                             const struct schedule_format *format, bool strict,
                             FILE *out, sluice_diag *why)
{
    return format->write(schedule, strict, out, why);
}

void schedule_print_list(FILE *out)
{
    for (int i = 0; sluice_schedule_generator(i); i++)
        fprintf(out, "%-16s  %s\n", sluice_schedule_generator(i),
                sluice_schedule_summary(i));
}

static void print_facts(const sluice_schedule *schedule, int capacity,
                        const sluice_device_facts *facts, FILE *out)
{
    int n = sluice_schedule_n_devices(schedule);
    bool asynchronous = sluice_schedule_n_updates(schedule) > 1;
    const char *remark = sluice_schedule_remark(schedule);
    char copies[48] = "";
    if (sluice_schedule_n_copies(schedule) > 1)
        snprintf(copies, sizeof copies, " of %d copies of the model",
                 sluice_schedule_n_copies(schedule));
    fprintf(out,
            "OK: %d device%s, %d stage%s%s, %d micro-batch%s, queues of "
            "%d\n%s%s%s\n"
            "device   stages  actions  peak_activations  peak_inner%s\n",
            n, n == 1 ? "" : "s", sluice_schedule_n_stages(schedule),
            sluice_schedule_n_stages(schedule) == 1 ? "" : "s", copies,
            sluice_schedule_n_microbatches(schedule),
            sluice_schedule_n_microbatches(schedule) == 1 ? "" : "es", capacity,
            *remark ? "note: " : "", remark, *remark ? "\n" : "",
            asynchronous ? "  weight_versions  staleness" : "");
    for (int d = 0; d < n; d++) {
        fprintf(out, "%6d %8d %8d %17g %11g", d,
                schedule_stages_on(schedule, d), facts[d].n_actions,
                facts[d].whole_activations, facts[d].whole_inner);
        if (asynchronous)
            fprintf(out, " %16d %10d", facts[d].peak_versions,
                    facts[d].max_staleness);
        fputs(facts[d].n_actions ? "\n" : "  nothing to do\n", out);
    }
}

sluice_status schedule_print_verdict(const sluice_schedule *schedule,
                                     int capacity, FILE *out, sluice_diag *why)
{
    size_t n = (size_t)sluice_schedule_n_devices(schedule);
    sluice_device_facts *facts = calloc(n, sizeof *facts);
    if (!facts)
        return no_memory(why);
    sluice_status st = schedule_prove(schedule, capacity, facts, why);
    if (!st)
        print_facts(schedule, capacity, facts, out);
    else if (st == SLUICE_SCHEDULE && print_grid(schedule, why, out, NULL))
        st = no_memory(why);
    free(facts);
    return st;
}
