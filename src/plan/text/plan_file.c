/*
 * Plans as text.  Any bytes may come.
 *
 * The settings stand first, a line each; the schedule follows as CSV, which
 * says by itself how many devices, stages and micro-batches there are.
 * plan_write.c writes what is read here.
 */
#include "plan/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/partition.h>
#include <sluice/schedule_text.h>

#include "base/memory.h"
#include "base/text/real_text.h"
#include "sched/schedule.h"
#include "sched/text/text_file.h"

/* A file that is being read. */
struct reading {
    sluice_plan *plan;
    char *at; /* the line that is being read, a copy; as long as the text */
    int line; /* of the text, from 1 */
    unsigned given;
    int n_speeds;
    sluice_diag *why;
};

static sluice_status refuse(const struct reading *reading, const char *what)
{
    return sluice_diag_set(reading->why, SLUICE_FORMAT, "line %d: %s",
                           reading->line, what);
}

static sluice_status read_whole(const struct reading *reading, const char *text,
                                int64_t least, int64_t most, int64_t *value)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end || errno || n < least || n > most)
        return refuse(reading, "the value is no whole number in its range");
    *value = n;
    return SLUICE_OK;
}

/* "3,5": at most `most` numbers, none below `least`. */
static sluice_status read_list(const struct reading *reading, const char *text,
                               int least, int most_value, int most, int *values,
                               int *n)
{
    for (*n = 0; *text; ++*n) {
        char *end;
        errno = 0;
        long value = strtol(text, &end, 10);
        if (end == text || errno || value < least || value > most_value ||
            *n == most || (*end && (*end != ',' || !end[1])))
            return refuse(reading, "the value is no list of whole numbers in "
                                   "their range, such as 3,5");
        values[*n] = (int)value;
        text = *end ? end + 1 : end;
    }
    return *n ? SLUICE_OK : refuse(reading, "the list is empty");
}

static sluice_status read_speeds(struct reading *reading, const char *text)
{
    int n = 0;
    for (; *text; n++) {
        double speed;
        if (n == SLUICE_MAX_DEVICES || !sl_real_next(&text, &speed) ||
            speed < 1e-3 || speed > 1e3)
            return refuse(reading, "the value is no list of speeds from 0.001 "
                                   "to 1000, such as 1,0.5");
        reading->plan->speed[n] = speed;
    }
    reading->n_speeds = n;
    return n ? SLUICE_OK : refuse(reading, "the list is empty");
}

static sluice_status read_batch(struct reading *reading, const char *text)
{
    return read_whole(reading, text, 1, INT32_MAX, &reading->plan->batch);
}

static sluice_status read_partition(struct reading *reading, const char *text)
{
    return read_list(reading, text, 1, SLUICE_MODEL_MAX_LAYERS,
                     SLUICE_PLAN_MAX_STAGES, reading->plan->sizes,
                     &reading->plan->n_stages);
}

static sluice_status read_int(const struct reading *reading, const char *text,
                              int least, int most, int *value)
{
    int64_t n = 0;
    sluice_status st = read_whole(reading, text, least, most, &n);
    if (!st)
        *value = (int)n;
    return st;
}

static sluice_status read_capacity(struct reading *reading, const char *text)
{
    return read_int(reading, text, 1, SLUICE_MAX_MICROBATCHES,
                    &reading->plan->rows[0].queue_capacity);
}

static sluice_status read_replicas(struct reading *reading, const char *text)
{
    return read_int(reading, text, 1, SLUICE_MAX_DEVICES,
                    &reading->plan->rows[0].replicas);
}

static sluice_status read_team(struct reading *reading, const char *text)
{
    return read_int(reading, text, 1, SLUICE_MAX_DEVICES,
                    &reading->plan->rows[0].team);
}

static sluice_status read_zero(struct reading *reading, const char *text)
{
    return read_int(reading, text, 0, 3, &reading->plan->rows[0].zero);
}

static sluice_status read_gather(struct reading *reading, const char *text)
{
    return read_int(reading, text, 0, SLUICE_MAX_MICROBATCHES,
                    &reading->plan->rows[0].gather);
}

static sluice_status read_places(struct reading *reading, const char *text)
{
    return read_list(reading, text, 0, SLUICE_MAX_DEVICES - 1,
                     SLUICE_MAX_DEVICES, reading->plan->device,
                     &reading->plan->n_devices);
}

static sluice_status read_name(struct reading *reading, const char *text)
{
    snprintf(reading->plan->rows[0].schedule,
             sizeof reading->plan->rows[0].schedule, "%s", text);
    return SLUICE_OK;
}

static sluice_status read_step(struct reading *reading, const char *text)
{
    return read_whole(reading, text, 0, INT64_MAX,
                      &reading->plan->rows[0].step_ns);
}

static sluice_status read_bound(struct reading *reading, const char *text)
{
    return read_whole(reading, text, 0, INT64_MAX, &reading->plan->bound_ns);
}

static sluice_status read_bytes(struct reading *reading, const char *text)
{
    int64_t n = 0;
    sluice_status st = read_whole(reading, text, 0, INT64_MAX, &n);
    if (!st)
        reading->plan->rows[0].bytes = (size_t)n;
    return st;
}

static sluice_status read_model(struct reading *reading, const char *text)
{
    if (!strcmp(text, sl_plan_any_model))
        return SLUICE_OK;
    return sl_plan_keep_model(reading->plan, text, reading->why);
}

static const struct setting {
    const char *name;
    sluice_status (*read)(struct reading *reading, const char *text);
    bool optional;
} settings[] = {
    {"batch", read_batch, false},
    {"partition", read_partition, false},
    {"queue_capacity", read_capacity, false},
    {"replicas", read_replicas, true},
    {"team", read_team, true},
    {"zero", read_zero, true},
    {"gather_weights", read_gather, true},
    {"places", read_places, false},
    {"speeds", read_speeds, true},
    {"model", read_model, false},
    {"schedule", read_name, true},
    {"step_ns", read_step, true},
    {"bound_ns", read_bound, true},
    {"bytes", read_bytes, true},
};

enum { N_SETTINGS = sizeof settings / sizeof *settings };

/* "NAME = VALUE". */
static sluice_status read_setting(struct reading *reading, char *line)
{
    char *equals = strstr(line, " = ");
    if (!equals)
        return refuse(reading, "neither NAME = VALUE, nor a remark, nor "
                               "\"actions:\"");
    *equals = '\0';
    for (int i = 0; i < N_SETTINGS; i++) {
        if (strcmp(line, settings[i].name) != 0)
            continue;
        if (reading->given >> i & 1)
            return refuse(reading, "a setting is given twice");
        reading->given |= 1u << i;
        return settings[i].read(reading, equals + strlen(" = "));
    }
    return refuse(
        reading,
        "a plan has no setting of that name: it has batch, "
        "partition, queue_capacity, replicas, team, zero, gather_weights, "
        "places, speeds, model, schedule, step_ns, bound_ns and bytes");
}

/* All lines up to the actions; `*used` bytes. */
static sluice_status read_settings(struct reading *reading, const char *text,
                                   size_t n, size_t *used)
{
    char *line = reading->at;
    for (*used = 0; *used < n;) {
        const char *at = text + *used;
        const char *end = memchr(at, '\n', n - *used);
        size_t length = end ? (size_t)(end - at) : n - *used;
        reading->line++;
        *used += length + (end ? 1 : 0);
        memcpy(line, at, length);
        line[length] = '\0';
        if (strlen(line) != length)
            return refuse(reading, "the line has a byte 0");
        if (!strcmp(line, "actions:"))
            return SLUICE_OK;
        sluice_status st = SLUICE_OK;
        if (length && *line != '#')
            st = read_setting(reading, line);
        if (st)
            return st;
    }
    return refuse(reading, "\"actions:\", and the schedule after it, are "
                           "missing");
}

/* What must be there, and must go together. */
static sluice_status check(const struct reading *reading)
{
    const sluice_plan *plan = reading->plan;
    const sluice_schedule *schedule = plan->schedule;
    for (int i = 0; i < N_SETTINGS; i++)
        if (!settings[i].optional && !(reading->given >> i & 1))
            return sluice_diag_set(reading->why, SLUICE_FORMAT,
                                   "the plan has no %s: make it again with "
                                   "`sluice plan --write'",
                                   settings[i].name);
    const sluice_plan_row *row = &plan->rows[0];
    if (plan->n_devices != row->replicas * schedule->n_devices * row->team ||
        plan->n_stages * schedule->n_copies != schedule->n_stages)
        return sluice_diag_set(
            reading->why, SLUICE_FORMAT,
            "the plan has %d places and %d sizes of stages, and its "
            "schedule, with %d replicas and teams of %d, %d devices and %d "
            "stages",
            plan->n_devices, plan->n_stages, row->replicas, row->team,
            row->replicas * schedule->n_devices * row->team,
            schedule->n_stages / schedule->n_copies);
    if (reading->n_speeds && reading->n_speeds != plan->n_devices)
        return sluice_diag_set(reading->why, SLUICE_FORMAT,
                               "the plan has %d speeds for %d places: give a "
                               "speed for each, or leave the line out",
                               reading->n_speeds, plan->n_devices);
    const sluice_verify_config rules = {.queue_capacity =
                                            plan->rows[0].queue_capacity};
    return sluice_schedule_verify(schedule, &rules, NULL, reading->why);
}

static void complete(const struct reading *reading)
{
    sluice_plan *plan = reading->plan;
    sluice_plan_row *row = &plan->rows[0];
    plan->n_rows = 1;
    row->devices = plan->n_places = plan->schedule->n_devices;
    row->microbatches = plan->schedule->n_microbatches;
    row->chunks = plan->n_stages / plan->n_places;
    row->vocabulary = sl_schedule_cuts_vocabulary(plan->schedule);
    for (int p = 0; p < plan->n_devices && !reading->n_speeds; p++)
        plan->speed[p] = 1;
}

static sluice_status parse(const char *text, size_t n,
                           const sluice_allocator *allocator, sluice_plan *plan,
                           sluice_diag *why)
{
    struct reading reading = {.plan = plan, .why = why};
    size_t used;
    plan->rows[0].replicas = plan->rows[0].team = 1;
    reading.at = sl_alloc(allocator, n + 1, 1);
    if (!reading.at)
        return sl_no_memory(why, "the lines of a plan");
    sluice_status st = read_settings(&reading, text, n, &used);
    sl_free(allocator, reading.at, n + 1, 1);
    if (!st)
        st = sluice_schedule_parse_csv(text + used, n - used, SLUICE_CSV_NEW,
                                       allocator, &plan->schedule, why);
    if (!st)
        st = check(&reading);
    if (!st)
        complete(&reading);
    return st;
}

sluice_status sl_plan_parse(const char *text, size_t n,
                            const sluice_allocator *allocator,
                            sluice_plan **out, sluice_diag *why)
{
    sluice_plan *plan = sl_alloc(allocator, 1, sizeof *plan);
    if (!plan)
        return sl_no_memory(why, "a plan");
    plan->allocator = allocator;
    sluice_status st = parse(text, n, allocator, plan, why);
    if (st)
        sluice_plan_destroy(plan);
    else
        *out = plan;
    return st;
}

sluice_status sluice_plan_read(const char *path,
                               const sluice_allocator *allocator,
                               sluice_plan **out, sluice_diag *why)
{
    struct sl_content content;
    sluice_status st =
        sl_content_read(&content, path, SLUICE_JSON_BYTES, allocator, why);
    if (st)
        return st;
    st = sl_plan_parse(content.text, content.n, allocator, out, why);
    sl_content_fini(&content, allocator);
    return sl_content_blame(path, st, why);
}
