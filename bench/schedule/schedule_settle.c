/* What a command line of `sluice schedule` comes to.  The main thread. */
#include "bench/schedule/schedule_settle.h"

#include <stdlib.h>
#include <string.h>

#include "bench/output/table_formats.h"

enum { NAMES_BYTES = 512 };

static void check_name(struct argp_state *state, const char *name)
{
    char names[NAMES_BYTES] = "";
    if (schedule_is_file(name) || !strcmp(name, SCHEDULE_AUTO))
        return;
    for (int i = 0; sluice_schedule_generator(i); i++) {
        if (!strcmp(sluice_schedule_generator(i), name))
            return;
        size_t n = strlen(names);
        snprintf(names + n, sizeof names - n, "%s%s", n ? ", " : "",
                 sluice_schedule_generator(i));
    }
    argp_error(
        state,
        "no schedule is called \"%s\": there are auto, %s; a file has a dot "
        "or a slash in its name",
        name, names);
}

static void check_names(struct argp_state *state, const char *list)
{
    for (const char *at = list;; at++) {
        size_t n = strcspn(at, ",");
        char *name = strndup(at, n);
        if (!name)
            argp_failure(state, EXIT_FAILURE, 0, "out of memory for a name");
        check_name(state, name);
        free(name);
        at += n;
        if (!*at)
            return;
    }
}

/* What is to be done, and with one schedule, a file or a list. */
static void settle_task(struct argp_state *state, struct schedule_line *line,
                        const struct schedule_request *request)
{
    bool list = line->task == SCHEDULE_LIST;
    bool alone = list || line->check || request->simulates;
    int others = list + !!line->check + !!line->compare;
    if (others + request->simulates > 1 || (request->runs && alone))
        argp_error(state, "--list, --check, --simulate and --compare exclude "
                          "each other; --run goes with --compare");
    if (others && line->wanted.order.schedule)
        argp_error(state,
                   "\"%s\" has no place beside --list, --check and "
                   "--compare",
                   line->wanted.order.schedule);
    if (!others && !line->wanted.order.schedule)
        argp_error(state, "say which schedule: --list lists them");
    line->measures = request->runs;
    if (line->check)
        line->task = SCHEDULE_CHECK;
    else if (line->compare)
        line->task = SCHEDULE_COMPARE;
    else if (request->runs)
        line->task = SCHEDULE_RUN;
    else if (request->simulates || (line->draw && !list))
        line->task = SCHEDULE_SIMULATE;
}

static void settle_output(struct argp_state *state, struct schedule_line *line,
                          const char *output)
{
    char names[NAMES_BYTES];
    if (line->task == SCHEDULE_PRINT) {
        line->format = schedule_format_find(output ? output : "grid");
        schedule_format_names(names, sizeof names);
        if (!line->format)
            argp_error(state, "-o: \"%s\" is not one of %s", output, names);
        return;
    }
    line->table_format = table_format_find(output ? output : "md");
    if (!line->table_format || line->table_format->needs_samples)
        argp_error(state, "-o: \"%s\" is not one of md, csv, json, jsonl",
                   output);
}

/* Whether the search is in a list of names, or it alone. */
static bool has_auto(const char *list)
{
    size_t n = strlen(SCHEDULE_AUTO);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strcspn(at, ",") == n && !strncmp(at, SCHEDULE_AUTO, n))
            return true;
    }
    return false;
}

/* Options that only make sense together. */
static void check_together(struct argp_state *state,
                           const struct schedule_line *line)
{
    const struct schedule_wanted *wanted = &line->wanted;
    if (wanted->split && wanted->merge)
        argp_error(state, "--split and --merge exclude each other");
    if (!line->measures && (line->run.model || line->run.batch))
        argp_error(state, "--model and --batch go with --run");
    if (line->run.batch && !line->run.model)
        argp_error(state, "--batch goes with --model: each micro-batch of "
                          "cells is one row");
    if (wanted->order.join_weights && !line->run.model)
        argp_error(state, "--join-weights goes with --model: cells have none");
    if (line->measures && wanted->moment == RECOMPUTE_NAIVE)
        argp_error(state, "--recompute naive cannot run: no device waits for "
                          "a gradient to recompute");
    if (wanted->limit && !has_auto(wanted->order.schedule) &&
        !has_auto(line->compare))
        argp_error(state, "--limit is for auto: the others are what they are");
    if (line->draw && line->task != SCHEDULE_SIMULATE &&
        line->task != SCHEDULE_RUN)
        argp_error(state, "--draw goes with one schedule");
}

void schedule_settle(struct argp_state *state, struct schedule_line *line,
                     const struct schedule_request *request)
{
    line->draw = line->run.run.draw;
    settle_task(state, line, request);
    settle_output(state, line, request->output);
    check_together(state, line);
    if (line->wanted.order.schedule)
        check_name(state, line->wanted.order.schedule);
    if (line->compare)
        check_names(state, line->compare);
}
