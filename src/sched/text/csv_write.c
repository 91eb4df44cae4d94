/* Schedules as CSV: writing. */
#include <sluice/schedule_text.h>

#include "base/files/file.h"
#include "base/memory.h"
#include "base/text/text_out.h"
#include "sched/schedule.h"

static sluice_status put_row(struct sl_text_out *csv,
                             const sluice_schedule *schedule, int device,
                             bool strict, sluice_diag *why)
{
    const struct sl_action_list *program = &schedule->programs[device];
    size_t start = csv->length;
    for (int i = 0; i < program->n; i++) {
        char word[SLUICE_DIAG_ACTION];
        sluice_action action = program->actions[i];
        sluice_action_format(action, word, sizeof word);
        if (strict && action.kind == SLUICE_R)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%s at position %d of device %d: PyTorch "
                                   "has no recompute; do not ask for strict "
                                   "text, or leave it out",
                                   word, i, device);
        if (strict && (action.kind == SLUICE_S || action.kind == SLUICE_T))
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%s at position %d of device %d: PyTorch "
                                   "has no parts of a vocabulary; do not ask "
                                   "for strict text",
                                   word, i, device);
        if (strict && action.version)
            return sluice_diag_set(why, SLUICE_INVALID,
                                   "%s at position %d of device %d: PyTorch "
                                   "has no versions of the weights; do not ask "
                                   "for strict text",
                                   word, i, device);
        if (strict && action.kind == SLUICE_UPDATE)
            continue;
        sl_text_add(csv, csv->length == start ? "" : ",");
        sl_text_add(csv, word);
    }
    if (csv->length - start > SLUICE_CSV_LINE)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the row of device %d has %zu bytes: at most %d "
                               "can be read again",
                               device, csv->length - start, SLUICE_CSV_LINE);
    sl_text_add(csv, "\n");
    return SLUICE_OK;
}

sluice_status sluice_schedule_format_csv(const sluice_schedule *schedule,
                                         bool strict, char *text, size_t bytes,
                                         size_t *length, sluice_diag *why)
{
    struct sl_text_out csv = {text, bytes, 0};
    if (strict &&
        (schedule->n_copies > 1 || sluice_schedule_n_updates(schedule) > 1))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the schedule has %d copies of the model and %d "
                               "updates of a stage: PyTorch has one of each; "
                               "do not ask for strict text",
                               schedule->n_copies,
                               sluice_schedule_n_updates(schedule));
    for (int d = 0; d < schedule->n_devices; d++) {
        sluice_status st = put_row(&csv, schedule, d, strict, why);
        if (st)
            return st;
    }
    *length = csv.length;
    return SLUICE_OK;
}

sluice_status sluice_schedule_write_csv(const sluice_schedule *schedule,
                                        bool strict, const char *path,
                                        sluice_diag *why)
{
    size_t length;
    sluice_status st =
        sluice_schedule_format_csv(schedule, strict, NULL, 0, &length, why);
    if (st)
        return st;
    char *text = sl_alloc(schedule->allocator, length + 1, 1);
    if (!text)
        return sl_no_memory(why, "the text of a schedule");
    sluice_schedule_format_csv(schedule, strict, text, length + 1, &length,
                               NULL);
    st = sl_file_put(path, text, length, schedule->allocator, why);
    sl_free(schedule->allocator, text, length + 1, 1);
    return st;
}
