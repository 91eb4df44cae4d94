/* Schedules as JSON: writing.  All words are plain, so nothing is escaped. */
#include <sluice/schedule_text.h>

#include <stdio.h>

#include "base/files/file.h"
#include "base/memory.h"
#include "base/text/text_out.h"
#include "sched/schedule.h"

static void put_number(struct sl_text_out *json, const char *before, int n)
{
    char word[64];
    snprintf(word, sizeof word, "%s%d", before, n);
    sl_text_add(json, word);
}

static void put_head(struct sl_text_out *json, const sluice_schedule *schedule)
{
    put_number(json, "{\"devices\": ", schedule->n_devices);
    put_number(json, ",\n \"stages\": ", schedule->n_stages);
    put_number(json, ",\n \"copies\": ", schedule->n_copies);
    put_number(json, ",\n \"microbatches\": ", schedule->n_microbatches);
    sl_text_add(json, ",\n \"stage_device\": [");
    for (int s = 0; s < schedule->n_stages; s++)
        put_number(json, s ? ", " : "", schedule->stage_device[s]);
    sl_text_add(json, "],\n \"actions\": [");
}

static void put_list(struct sl_text_out *json,
                     const struct sl_action_list *list)
{
    sl_text_add(json, "\n  [");
    for (int i = 0; i < list->n; i++) {
        char word[SLUICE_DIAG_ACTION];
        sl_text_add(json, i ? ", \"" : "\"");
        sl_text_add(json,
                    sluice_action_format(list->actions[i], word, sizeof word));
        sl_text_add(json, "\"");
    }
    sl_text_add(json, "]");
}

static sluice_status check_size(const sluice_schedule *schedule,
                                sluice_diag *why)
{
    size_t n = 0;
    for (int d = 0; d < schedule->n_devices; d++)
        n += (size_t)schedule->programs[d].n;
    if (n <= SLUICE_JSON_ACTIONS)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "the schedule has %zu actions: at most %d can be "
                           "read again",
                           n, SLUICE_JSON_ACTIONS);
}

sluice_status sluice_schedule_format_json(const sluice_schedule *schedule,
                                          char *text, size_t bytes,
                                          size_t *length, sluice_diag *why)
{
    struct sl_text_out json = {text, bytes, 0};
    sluice_status st = check_size(schedule, why);
    if (st)
        return st;
    put_head(&json, schedule);
    for (int d = 0; d < schedule->n_devices; d++) {
        sl_text_add(&json, d ? "," : "");
        put_list(&json, &schedule->programs[d]);
    }
    sl_text_add(&json, "\n ]}\n");
    if (json.length > SLUICE_JSON_BYTES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the text has %zu bytes: at most %d can be read "
                               "again",
                               json.length, SLUICE_JSON_BYTES);
    *length = json.length;
    return SLUICE_OK;
}

sluice_status sluice_schedule_write_json(const sluice_schedule *schedule,
                                         const char *path, sluice_diag *why)
{
    size_t length;
    sluice_status st =
        sluice_schedule_format_json(schedule, NULL, 0, &length, why);
    if (st)
        return st;
    char *text = sl_alloc(schedule->allocator, length + 1, 1);
    if (!text)
        return sl_no_memory(why, "the text of a schedule");
    sluice_schedule_format_json(schedule, text, length + 1, &length, NULL);
    st = sl_file_put(path, text, length, schedule->allocator, why);
    sl_free(schedule->allocator, text, length + 1, 1);
    return st;
}
