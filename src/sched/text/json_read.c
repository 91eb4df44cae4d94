/*
 * Schedules as JSON: reading.  Any bytes may come.
 *
 * The text is gone through twice: first to see that it is JSON and where each
 * key has its value, since keys may come in any order; then value by value.
 */
#include <sluice/schedule_text.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text/json_reader.h"
#include "sched/schedule.h"
#include "sched/text/text_file.h"

enum {
    DEVICES,
    STAGES,
    COPIES,
    MICROBATCHES,
    N_NUMBERS,
    STAGE_DEVICE = N_NUMBERS,
    ACTIONS,
    N_KEYS,
    SHOWN = 97
};

static const struct {
    const char *name;
    int most; /* of a number */
} keys[N_KEYS] = {
    [DEVICES] = {"devices", SLUICE_SCHEDULE_MAX_DEVICES},
    [STAGES] = {"stages", SLUICE_MAX_STAGES},
    [COPIES] = {"copies", SLUICE_MAX_COPIES},
    [MICROBATCHES] = {"microbatches", SLUICE_MAX_MICROBATCHES},
    [STAGE_DEVICE] = {"stage_device", 0},
    [ACTIONS] = {"actions", 0},
};

/* What the text says, before there is a schedule. */
struct content {
    struct sl_json values[N_KEYS]; /* readers at them; text NULL: not seen */
    int numbers[N_NUMBERS];
    int stage_device[SLUICE_MAX_STAGES];
};

/* A string of the text, cut and made plain. */
static const char *show(const struct sl_json_string *string, char shown[SHOWN])
{
    size_t n = 0;
    for (; n < SHOWN - 1 && n < string->n; n++)
        shown[n] = string->bytes[n] >= ' ' && string->bytes[n] <= '~'
                       ? string->bytes[n]
                       : '?';
    shown[n] = '\0';
    return shown;
}

static sluice_status refuse_text(const struct sl_json *json, sluice_diag *why)
{
    int line = 1, column = 1;
    for (size_t i = 0; i < json->at; i++) {
        bool ends = json->text[i] == '\n';
        line += ends;
        column = ends ? 1 : column + 1;
    }
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "line %d, column %d: no JSON: %s", line, column,
                           json->wrong);
}

/* Remember where the value of a key is. */
static sluice_status note_key(const struct sl_json *json,
                              const struct sl_json_string *key,
                              struct content *content, sluice_diag *why)
{
    char shown[SHOWN];
    for (int i = 0; i < N_KEYS; i++) {
        if (!sl_json_means(key, keys[i].name))
            continue;
        if (content->values[i].text)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "the schedule's \"%s\" is there twice",
                                   keys[i].name);
        content->values[i] = *json;
        return SLUICE_OK;
    }
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "a schedule has no \"%s\": give devices, "
                           "stages, copies, microbatches, stage_device "
                           "and actions",
                           show(key, shown));
}

/* See that the text is one object of JSON, and where its values are. */
static sluice_status survey(struct sl_json *json, struct content *content,
                            sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    struct sl_json_string key;
    if (!sl_json_open(json, '{') && json->at < json->n)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "a schedule is a JSON object: begin with {");
    for (size_t i = 0; !st && sl_json_item(json, '}', i); i++) {
        if (!sl_json_key(json, &key))
            break;
        st = note_key(json, &key, content, why);
        if (!st && !sl_json_skip(json))
            break;
    }
    if (!st && !sl_json_end(json))
        st = refuse_text(json, why);
    return st;
}

static sluice_status read_numbers(struct content *content, sluice_diag *why)
{
    for (int i = 0; i < N_KEYS; i++)
        if (!content->values[i].text)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "the schedule's \"%s\" is missing",
                                   keys[i].name);
    for (int i = 0; i < N_NUMBERS; i++) {
        int64_t n;
        if (!sl_json_integer(&content->values[i], &n) || n < 1 ||
            n > keys[i].most)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "\"%s\" is not an integer from 1 to %d",
                                   keys[i].name, keys[i].most);
        content->numbers[i] = (int)n;
    }
    return SLUICE_OK;
}

/* The items of the list that comes next; 0 if it is none. */
static size_t count_items(struct sl_json json)
{
    size_t n = 0;
    if (sl_json_open(&json, '['))
        while (sl_json_item(&json, ']', n) && sl_json_skip(&json))
            n++;
    return n;
}

/* See that a value is a list of exactly `n`. */
static sluice_status check_list(const struct content *content, int key, int n,
                                sluice_diag *why)
{
    if (count_items(content->values[key]) == (size_t)n)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_FORMAT,
                           "\"%s\" is not a list of %d, as many as there are "
                           "%s",
                           keys[key].name, n,
                           key == STAGE_DEVICE ? "stages" : "devices");
}

static sluice_status read_stage_map(struct content *content, sluice_diag *why)
{
    int stages = content->numbers[STAGES];
    int devices = content->numbers[DEVICES];
    struct sl_json *json = &content->values[STAGE_DEVICE];
    sluice_status st = check_list(content, STAGE_DEVICE, stages, why);
    if (st)
        return st;
    sl_json_open(json, '[');
    for (int s = 0; s < stages; s++) {
        int64_t device;
        sl_json_item(json, ']', (size_t)s);
        if (!sl_json_integer(json, &device) || device < 0 || device >= devices)
            return sluice_diag_set(why, SLUICE_FORMAT,
                                   "stage_device[%d] is not a device, an "
                                   "integer from 0 to %d",
                                   s, devices - 1);
        content->stage_device[s] = (int)device;
    }
    return SLUICE_OK;
}

static sluice_status read_action(sluice_schedule *schedule, int device,
                                 size_t i, struct sl_json *json,
                                 sluice_diag *why)
{
    char text[SHOWN];
    struct sl_json_string string = {"", 0};
    sluice_action action;
    sluice_diag wrong = {.text = ""};
    bool good = sl_json_string(json, &string) && string.n < sizeof text;
    if (good)
        text[sl_json_decode(&string, text)] = '\0';
    if (!good || !sl_action_parse(text, &action))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "actions[%d][%zu], \"%s\", is no action such as "
                               "\"2F0\" or \"2F5@3\"",
                               device, i, show(&string, text));
    sluice_status st = sluice_schedule_append(schedule, device, action, &wrong);
    if (st == SLUICE_INVALID)
        return sluice_diag_set(why, SLUICE_FORMAT, "actions[%d][%zu]: %.150s",
                               device, i, wrong.text);
    return st ? sl_no_memory(why, "the actions of a schedule") : SLUICE_OK;
}

/* Make room for the next list, exactly: growing takes three times as much. */
static sluice_status reserve(sluice_schedule *schedule, int device,
                             const struct sl_json *json, size_t *n_before,
                             sluice_diag *why)
{
    size_t n = count_items(*json);
    *n_before += n;
    if (*n_before > SLUICE_JSON_ACTIONS)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "there are %zu actions up to those of device "
                               "%d: at most %d are read",
                               *n_before, device, SLUICE_JSON_ACTIONS);
    return sl_schedule_reserve(schedule, device, (int)n, why);
}

/* Read the lists of actions, of which there are as many as devices. */
static sluice_status read_actions(sluice_schedule *schedule,
                                  struct sl_json *json, sluice_diag *why)
{
    size_t n = 0;
    sluice_status st = SLUICE_OK;
    sl_json_open(json, '[');
    for (int d = 0; d < schedule->n_devices && !st; d++) {
        sl_json_item(json, ']', (size_t)d);
        st = reserve(schedule, d, json, &n, why);
        if (!st && !sl_json_open(json, '['))
            st = sluice_diag_set(why, SLUICE_FORMAT,
                                 "actions[%d] is not a list of actions", d);
        for (size_t i = 0; !st && sl_json_item(json, ']', i); i++)
            st = read_action(schedule, d, i, json, why);
    }
    return st;
}

static sluice_status build(struct content *content,
                           const sluice_allocator *allocator,
                           sluice_schedule **out, sluice_diag *why)
{
    sluice_schedule *schedule = NULL;
    sluice_diag wrong = {.text = ""};
    const int *numbers = content->numbers;
    sluice_status st = read_numbers(content, why);
    if (!st)
        st = read_stage_map(content, why);
    if (!st)
        st = check_list(content, ACTIONS, numbers[DEVICES], why);
    if (st)
        return st;
    st = sluice_schedule_create_copies(numbers[DEVICES], numbers[STAGES],
                                       numbers[COPIES], numbers[MICROBATCHES],
                                       content->stage_device, allocator,
                                       &schedule, &wrong);
    if (st == SLUICE_INVALID)
        return sluice_diag_set(why, SLUICE_FORMAT, "%.200s", wrong.text);
    if (st)
        return sl_no_memory(why, "a schedule");
    st = read_actions(schedule, &content->values[ACTIONS], why);
    if (st)
        sluice_schedule_destroy(schedule);
    else
        *out = schedule;
    return st;
}

sluice_status sluice_schedule_parse_json(const char *text, size_t bytes,
                                         const sluice_allocator *allocator,
                                         sluice_schedule **out,
                                         sluice_diag *why)
{
    struct content content = {.numbers = {0}};
    struct sl_json json = sl_json_of(bytes ? text : "", bytes);
    if (bytes > SLUICE_JSON_BYTES)
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "a text of %zu bytes: at most %d are read",
                               bytes, SLUICE_JSON_BYTES);
    sluice_status st = survey(&json, &content, why);
    return st ? st : build(&content, allocator, out, why);
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
