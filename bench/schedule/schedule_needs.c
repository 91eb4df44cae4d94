/* What options of `sluice schedule` need.  The main thread. */
#include "bench/schedule/schedule_needs.h"

#include <string.h>

#include "bench/order/generator_options.h"
#include "bench/schedule/schedule_line.h"

bool schedule_list_has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strcspn(at, ",") == n && !strncmp(at, name, n))
            return true;
    }
    return false;
}

bool schedule_any_reads(const char *list, const char *option)
{
    bool any = schedule_list_has(list, SCHEDULE_AUTO) &&
               generator_reads(SCHEDULE_AUTO, option);
    for (int i = 0; sluice_schedule_generator(i) && !any; i++) {
        const char *name = sluice_schedule_generator(i);
        any = schedule_list_has(list, name) && generator_reads(name, option);
    }
    return any;
}

static bool is(const struct option_row *option, const char *name)
{
    return !strcmp(option->name, name);
}

/* Whether the schedule, or one of those that are compared, has the name. */
static bool has(const struct schedule_line *line, const char *name)
{
    return schedule_list_has(
        line->compare ? line->compare : line->wanted.order.schedule, name);
}

static bool makes_one(const struct schedule_line *line)
{
    return line->task != SCHEDULE_CHECK && line->task != SCHEDULE_LIST;
}

static bool prices(const struct schedule_line *line)
{
    return line->task == SCHEDULE_SIMULATE || line->task == SCHEDULE_RUN ||
           line->task == SCHEDULE_COMPARE || line->task == SCHEDULE_RECOMMEND;
}

/* Whether making the schedule reads the costs. */
static bool weighs(const struct schedule_line *line)
{
    return has(line, SCHEDULE_AUTO) || line->wanted.moment == RECOMPUTE_EARLY;
}

const char *schedule_shape_needs(const void *given,
                                 const struct option_row *option)
{
    const struct schedule_line *line = given;
    const struct schedule_wanted *wanted = &line->wanted;
    if (!makes_one(line))
        return "has no effect with --check or --list: leave it out";
    if (is(option, "order") && !has(line, "gpipe"))
        return "applies to gpipe only: the order of the others is fixed";
    if (is(option, "freed") && wanted->goal.limit <= 0 &&
        !wanted->goal.limit_bytes)
        return "needs --limit: without one no order depends on memory";
    if (is(option, "recompute") && !wanted->remats &&
        wanted->order.remat == SLUICE_REMAT_NEVER)
        return "needs --remat: nothing is recomputed";
    return NULL;
}

const char *schedule_costs_need(const void *given,
                                const struct option_row *option)
{
    const struct schedule_line *line = given;
    const struct schedule_wanted *wanted = &line->wanted;
    bool has_layers = line->run.model;
    if (is(option, "capacity") &&
        (line->task == SCHEDULE_CHECK || wanted->slack || wanted->lower))
        return NULL;
    if (!prices(line) && !weighs(line))
        return "needs --simulate, --run, --compare or --draw: an order that "
               "is only printed takes no time";
    if (is(option, "cell") && has_layers)
        return "and --model exclude each other: real layers take the time "
               "that they take";
    if (is(option, "speeds") && line->task == SCHEDULE_CHECK)
        return "has no effect with --check: leave it out";
    if (is(option, "costs") && has_layers && !weighs(line))
        return "and --model exclude each other: real layers are priced by "
               "what they took";
    return NULL;
}

const char *schedule_running_needs(const void *given,
                                   const struct option_row *option)
{
    const struct schedule_line *line = given;
    if ((is(option, "gemm") || is(option, "precision")) && !line->run.model)
        return "needs --model: timed cells make no matrix products";
    if (is(option, "pin") && !line->measures)
        return "needs --run";
    return NULL;
}

const char *schedule_run_needs(const void *given,
                               const struct option_row *option)
{
    const struct schedule_line *line = given;
    return line->measures || is(option, "draw") ? NULL : "needs --run";
}

const char *schedule_output_needs(const void *given,
                                  const struct option_row *option)
{
    const struct schedule_line *line = given;
    if (!makes_one(line))
        return "has no effect with --check or --list: leave it out";
    if (is(option, "strict") && (line->task != SCHEDULE_PRINT ||
                                 line->format != schedule_format_find("csv")))
        return "needs -o csv: it is about what PyTorch reads";
    return NULL;
}
