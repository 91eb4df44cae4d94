/*
 * Schedules as JSON: reading.  Any bytes may come.
 *
 * The JSON is jansson's to parse, which calls itself for lists within lists:
 * how deep they lie is looked at before.  It allocates by its own means, since
 * those can be set for the whole process only; and its tree may take 80 times
 * the text.  So what the tree consists of is counted before there is one.
 */
#include <sluice/schedule_text.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text/json_depth.h"
#include "base/memory.h"
#include "sched/schedule.h"
#include "sched/text/text_file.h"

static const char *const keys[] = {"devices",      "stages",       "copies",
                                   "microbatches", "stage_device", "actions"};

enum { N_KEYS = sizeof keys / sizeof *keys, SHOWN = 97 };

/* What a schedule's text can hold of what takes memory. */
enum {
    MOST_PARTS = 1 + N_KEYS + 2 + SLUICE_SCHEDULE_MAX_DEVICES,
    MOST_VALUES = SLUICE_JSON_ACTIONS + SLUICE_MAX_STAGES +
                  SLUICE_SCHEDULE_MAX_DEVICES + N_KEYS,
};

/* What the text says, before there is a schedule. */
struct content {
    int devices;
    int stages;
    int copies;
    int microbatches;
    int stage_device[SLUICE_MAX_STAGES];
    const json_t *actions;
};

/* Text that may hold any bytes, cut and made plain. */
static const char *show(const char *text, char shown[SHOWN])
{
    size_t n = 0;
    for (; n < SHOWN - 1 && text[n]; n++)
        shown[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
    shown[n] = '\0';
    return shown;
}

static bool is_key(const char *word)
{
    for (int i = 0; i < N_KEYS; i++)
        if (!strcmp(keys[i], word))
            return true;
    return false;
}

static sluice_status check_keys(json_t *root, sluice_diag *why)
{
    const char *key;
    json_t *value;
    char shown[SHOWN];
    json_object_foreach(root, key, value)
    {
        if (!is_key(key))
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "a schedule has no \"%s\": give devices, "
                                   "stages, copies, microbatches, stage_device "
                                   "and actions",
                                   show(key, shown));
    }
    for (int i = 0; i < N_KEYS; i++)
        if (!json_object_get(root, keys[i]))
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "the schedule's \"%s\" is missing", keys[i]);
    return SLUICE_OK;
}

static bool in_range(const json_t *value, int least, int most)
{
    json_int_t n = json_integer_value(value);
    return json_is_integer(value) && n >= least && n <= most;
}

static sluice_status read_number(const json_t *root, const char *key, int most,
                                 int *out, sluice_diag *why)
{
    const json_t *value = json_object_get(root, key);
    if (!in_range(value, 1, most))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "\"%s\" is not an integer from 1 to %d", key,
                               most);
    *out = (int)json_integer_value(value);
    return SLUICE_OK;
}

/* A list of exactly `n`. */
static sluice_status check_list(const json_t *list, const char *key, int n,
                                sluice_diag *why)
{
    if (json_is_array(list) && json_array_size(list) == (size_t)n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "\"%s\" is not a list of %d, as many as there are "
                           "%s",
                           key, n, *key == 's' ? "stages" : "devices");
}

static sluice_status read_stage_map(const json_t *list, struct content *content,
                                    sluice_diag *why)
{
    sluice_status st = check_list(list, "stage_device", content->stages, why);
    for (int s = 0; s < content->stages && !st; s++) {
        const json_t *device = json_array_get(list, (size_t)s);
        if (!in_range(device, 0, content->devices - 1))
            st = sluice_diag_set(why, SLUICE_FORMAT,
                                 "stage_device[%d] is not a device, an integer "
                                 "from 0 to %d",
                                 s, content->devices - 1);
        else
            content->stage_device[s] = (int)json_integer_value(device);
    }
    return st;
}

static sluice_status read_content(json_t *root, struct content *content,
                                  sluice_diag *why)
{
    sluice_status st = check_keys(root, why);
    if (!st)
        st = read_number(root, "devices", SLUICE_SCHEDULE_MAX_DEVICES,
                         &content->devices, why);
    if (!st)
        st = read_number(root, "stages", SLUICE_MAX_STAGES, &content->stages,
                         why);
    if (!st)
        st = read_number(root, "copies", SLUICE_MAX_COPIES, &content->copies,
                         why);
    if (!st)
        st = read_number(root, "microbatches", SLUICE_MAX_MICROBATCHES,
                         &content->microbatches, why);
    if (!st)
        st =
            read_stage_map(json_object_get(root, "stage_device"), content, why);
    content->actions = json_object_get(root, "actions");
    return st ? st
              : check_list(content->actions, "actions", content->devices, why);
}

static sluice_status read_action(sluice_schedule *schedule, int device,
                                 size_t i, const json_t *value,
                                 sluice_diag *why)
{
    char shown[SHOWN];
    sluice_action action;
    sluice_diag wrong = {.text = ""};
    const char *text = json_string_value(value);
    if (!text || !sl_action_parse(text, &action))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "actions[%d][%zu], \"%s\", is no action such as "
                               "\"2F0\" or \"2F5@3\"",
                               device, i, show(text ? text : "", shown));
    sluice_status st = sluice_schedule_append(schedule, device, action, &wrong);
    if (st == SLUICE_INVALID)
        return sluice_diag_set(why, SLUICE_FORMAT, "actions[%d][%zu]: %.150s",
                               device, i, wrong.text);
    return st ? sl_no_memory(why, "the actions of a schedule") : SLUICE_OK;
}

static sluice_status read_actions(sluice_schedule *schedule,
                                  const json_t *lists, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    for (int d = 0; d < schedule->n_devices && !st; d++) {
        const json_t *list = json_array_get(lists, (size_t)d);
        if (!json_is_array(list))
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "actions[%d] is not a list of actions", d);
        for (size_t i = 0; i < json_array_size(list) && !st; i++)
            st = read_action(schedule, d, i, json_array_get(list, i), why);
    }
    return st;
}

static sluice_status build(json_t *root, const sluice_allocator *allocator,
                           sluice_schedule **out, sluice_diag *why)
{
    struct content content;
    sluice_schedule *schedule = NULL;
    sluice_diag wrong = {.text = ""};
    sluice_status st = read_content(root, &content, why);
    if (st)
        return st;
    st = sluice_schedule_create_copies(
        content.devices, content.stages, content.copies, content.microbatches,
        content.stage_device, allocator, &schedule, &wrong);
    if (st == SLUICE_INVALID)
        return sluice_diag_set(why, SLUICE_FORMAT, "%.200s", wrong.text);
    if (st)
        return sl_no_memory(why, "a schedule");
    st = read_actions(schedule, content.actions, why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

static sluice_status refuse_text(const json_error_t *error, sluice_diag *why)
{
    char shown[SHOWN];
    if (json_error_code(error) == json_error_out_of_memory)
        return sl_no_memory(why, "the JSON of a schedule");
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "line %d, column %d: no JSON: %s", error->line,
                           error->column, show(error->text, shown));
}

/* Count as the parser would, as far as it comes: by the first thing that is no
 * JSON it stops. */
static sluice_status check_size(const char *text, size_t bytes,
                                sluice_diag *why)
{
    size_t n_parts = 0, n_values = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (c == '"')
            quoted = !quoted;
        else if (quoted)
            i += c == '\\';
        else if (c == ',')
            n_values++;
        else
            n_parts += c == '{' || c == '[' || c == ':';
    }
    if (n_parts > MOST_PARTS)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "there are %zu objects, keys and lists: a "
                               "schedule is one object of six keys, with a "
                               "list for each device: at most %d",
                               n_parts, MOST_PARTS);
    if (n_values > MOST_VALUES)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "there are %zu values: give a schedule of at "
                               "most %d actions",
                               n_values, SLUICE_JSON_ACTIONS);
    return SLUICE_OK;
}

static sluice_status check_depth(const char *text, size_t bytes,
                                 sluice_diag *why)
{
    int depth = sl_json_depth(text, bytes);
    if (depth > SL_JSON_MOST_DEPTH)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "objects and lists lie %d deep: a schedule is "
                               "an object with lists of lists, 3 deep",
                               depth);
    return SLUICE_OK;
}

sluice_status sluice_schedule_parse_json(const char *text, size_t bytes,
                                         const sluice_allocator *allocator,
                                         sluice_schedule **out,
                                         sluice_diag *why)
{
    json_error_t error = {.line = 1};
    if (bytes > SLUICE_JSON_BYTES)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "a text of %zu bytes: at most %d are read",
                               bytes, SLUICE_JSON_BYTES);
    sluice_status st = check_size(text, bytes, why);
    if (!st)
        st = check_depth(text, bytes, why);
    if (st)
        return st;
    json_t *root =
        json_loadb(bytes ? text : "", bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return refuse_text(&error, why);
    st = json_is_object(root)
             ? build(root, allocator, out, why)
             : sluice_diag_set(why, SLUICE_FORMAT,
                               "a schedule is a JSON object: begin with {");
    json_decref(root);
    return st;
}

sluice_status sluice_schedule_read_json(const char *path,
                                        const sluice_allocator *allocator,
                                        sluice_schedule **out, sluice_diag *why)
{
    struct sl_content content;
    sluice_status st =
        sl_content_read(&content, path, SLUICE_JSON_BYTES, allocator, why);
    if (st)
        return st;
    st = sluice_schedule_parse_json(content.text, content.n, allocator, out,
                                    why);
    sl_content_fini(&content, allocator);
    return sl_content_blame(path, st, why);
}
