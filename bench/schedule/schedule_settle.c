/* What a command line of `sluice schedule` comes to.  The main thread. */
#include "bench/schedule/schedule_settle.h"

#include <stdlib.h>
#include <string.h>

#include "bench/order/generator_options.h"
#include "bench/order/schedule_names.h"
#include "bench/output/formats/table_formats.h"
#include "bench/schedule/schedule_needs.h"

enum { NAMES_BYTES = 512 };

sluice_status schedule_take(void *given, const char *name, sluice_diag *why)
{
    struct schedule_line *line = given;
    if (line->wanted.order.schedule)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "\"%s\" and \"%s\": several schedules need "
                               "--compare",
                               line->wanted.order.schedule, name);
    line->wanted.order.schedule = name;
    return SLUICE_OK;
}

static sluice_status refuse(sluice_diag *why, const char *text)
{
    return sluice_diag_set(why, SLUICE_INVALID, "%s", text);
}

/* Call `with` for each name between commas, until it refuses one. */
static sluice_status for_names(const char *list,
                               sluice_status (*with)(const char *name,
                                                     sluice_diag *why),
                               sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (const char *at = list; at && !st;) {
        size_t n = strcspn(at, ",");
        char *name = strndup(at, n);
        if (!name)
            return sluice_diag_set(why, SLUICE_NO_MEMORY,
                                   "out of memory for a name");
        st = with(name, why);
        free(name);
        at = at[n] ? at + n + 1 : NULL;
    }
    return st;
}

/* What is to be done, and with one schedule, a file or a list. */
static sluice_status settle_task(struct schedule_line *line, sluice_diag *why)
{
    const struct schedule_request *request = &line->request;
    bool alone = request->lists || line->check || request->simulates ||
                 request->recommends;
    int others =
        request->lists + !!line->check + !!line->compare + request->recommends;
    if (others + request->simulates > 1 || (request->runs && alone))
        return refuse(
            why,
            "--list, --check, --simulate, --compare and "
            "--recommend exclude each other, and --run excludes all except "
            "--compare");
    if (others && line->wanted.order.schedule)
        return sluice_diag_set(
            why, SLUICE_INVALID,
            "\"%s\": --list, --check, --compare and "
            "--recommend take no schedule as a word: leave one of them out",
            line->wanted.order.schedule);
    if (!others && !line->wanted.order.schedule)
        return refuse(why, "say which schedule: --list lists them");
    line->measures = request->runs;
    if (request->lists)
        line->task = SCHEDULE_LIST;
    else if (line->check)
        line->task = SCHEDULE_CHECK;
    else if (line->compare)
        line->task = SCHEDULE_COMPARE;
    else if (request->recommends)
        line->task = SCHEDULE_RECOMMEND;
    else if (request->runs)
        line->task = SCHEDULE_RUN;
    else if (request->simulates || line->draw)
        line->task = SCHEDULE_SIMULATE;
    return SLUICE_OK;
}

static sluice_status settle_output(struct schedule_line *line,
                                   const char *output, sluice_diag *why)
{
    char names[NAMES_BYTES];
    if (line->task == SCHEDULE_PRINT) {
        line->format = schedule_format_find(output ? output : "grid");
        schedule_format_names(names, sizeof names);
    } else {
        line->table_format =
            table_format_find(output ? output : "md", TABLE_SHOWS_FIGURES);
        table_format_names(TABLE_SHOWS_FIGURES, names, sizeof names);
    }
    if (line->format || line->table_format)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID, "-o: \"%s\" is not one of %s",
                           output, names);
}

static sluice_status refuse_limit(const struct schedule_line *line,
                                  sluice_diag *why)
{
    const char *list =
        line->compare ? line->compare : line->wanted.order.schedule;
    return sluice_diag_set(
        why, SLUICE_INVALID,
        "--%s applies to auto only: the order and the memory "
        "of %.100s are fixed",
        line->wanted.goal.objective ? "objective" : "limit",
        list ? list : "the others");
}

/* One schedule in any kind of picture; several as a page. */
static sluice_status check_draw(const struct schedule_line *line,
                                sluice_diag *why)
{
    if (!line->draw || line->task == SCHEDULE_SIMULATE ||
        line->task == SCHEDULE_RUN)
        return SLUICE_OK;
    if (line->task != SCHEDULE_COMPARE)
        return refuse(why, "--draw needs a schedule, or several with "
                           "--compare");
    const char *end = strrchr(line->draw, '.');
    if (!end || strcmp(end, ".html") != 0)
        return refuse(why, "--draw writes a page of several schedules: let the "
                           "name of the file end with .html");
    return SLUICE_OK;
}

/* Options that only make sense together. */
static sluice_status check_together(const struct schedule_line *line,
                                    sluice_diag *why)
{
    const struct schedule_wanted *wanted = &line->wanted;
    if (wanted->split && wanted->merge)
        return refuse(why, "--split and --merge exclude each other");
    if (!line->measures && (line->run.model || line->run.batch))
        return refuse(why, "--model and --batch need --run");
    if (line->run.batch && !line->run.model)
        return refuse(why, "--batch needs --model: without real layers each "
                           "micro-batch is one row");
    if (wanted->order.join_weights && !line->run.model)
        return refuse(why, "--join-weights needs --model: timed cells have "
                           "no weight gradients to join");
    if (line->measures && wanted->moment == RECOMPUTE_NAIVE)
        return refuse(why, "--recompute naive is simulated only: a device "
                           "that runs does not wait for the gradient before "
                           "it recomputes; leave out --run");
    if ((wanted->goal.limit > 0 || wanted->goal.limit_bytes ||
         wanted->goal.objective) &&
        line->task != SCHEDULE_RECOMMEND &&
        !schedule_list_has(wanted->order.schedule, SCHEDULE_AUTO) &&
        !schedule_list_has(line->compare, SCHEDULE_AUTO))
        return refuse_limit(line, why);
    return check_draw(line, why);
}

/* Options of generators of which none is there. */
static sluice_status check_options(const struct schedule_line *line,
                                   sluice_diag *why)
{
    const struct order_options *order = &line->wanted.order;
    const char *list = line->compare ? line->compare : order->schedule;
    for (const struct option_row *o = order_generator_options; list && o->name;
         o++)
        if (order_gives(order, o->name) && !schedule_any_reads(list, o->name))
            return generator_refuse_option(list, o->name, why);
    return SLUICE_OK;
}

sluice_status schedule_settle(void *given, sluice_diag *why)
{
    struct schedule_line *line = given;
    line->draw = line->run.run.draw;
    sluice_status st = settle_task(line, why);
    if (!st)
        st = settle_output(line, line->request.output, why);
    if (!st)
        st = check_together(line, why);
    if (!st && line->wanted.order.schedule)
        st = schedule_check_name(line->wanted.order.schedule, why);
    if (!st)
        st = for_names(line->compare, schedule_check_name, why);
    if (!st)
        st = check_options(line, why);
    return st;
}
