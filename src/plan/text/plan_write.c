/* Plans are written as text; plan_file.c reads it again.  Any thread. */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include <sluice/schedule_text.h>

#include "base/files/file.h"
#include "base/memory.h"
#include "base/text/real_text.h"
#include "base/text/text_out.h"

enum { WORD = 96 };

static const char actions_line[] = "actions:\n";

static void put(struct sl_text_out *text, const char *name, int64_t value)
{
    char word[WORD];
    snprintf(word, sizeof word, "%s = %" PRId64 "\n", name, value);
    sl_text_add(text, word);
}

static void put_integers(struct sl_text_out *text, const char *name,
                         const int *values, int n)
{
    char word[WORD];
    sl_text_add(text, name);
    sl_text_add(text, " = ");
    for (int i = 0; i < n; i++) {
        snprintf(word, sizeof word, "%s%d", i ? "," : "", values[i]);
        sl_text_add(text, word);
    }
    sl_text_add(text, "\n");
}

static void put_settings(struct sl_text_out *text, const sluice_plan *plan)
{
    const sluice_plan_row *row = &plan->rows[0];
    char word[WORD];
    sl_text_add(text, "# A plan of sluice.  ");
    sl_text_add(text, plan->sentence);
    sl_text_add(text, "\n");
    put(text, "batch", plan->batch);
    put_integers(text, "partition", plan->sizes, plan->n_stages);
    put(text, "queue_capacity", row->queue_capacity);
    put(text, "replicas", row->replicas);
    put(text, "team", row->team);
    put(text, "zero", row->zero);
    put(text, "gather_weights", row->gather);
    put_integers(text, "places", plan->device, plan->n_devices);
    sl_text_add(text, "speeds = ");
    for (int p = 0; p < plan->n_devices; p++) {
        sl_real_write(plan->speed[p], false, word);
        sl_text_add(text, p ? "," : "");
        sl_text_add(text, word);
    }
    sl_text_add(text, "\nschedule = ");
    sl_text_add(text, row->schedule);
    sl_text_add(text, "\n");
    sl_text_add(text, "model = ");
    sl_text_add(text, plan->model ? plan->model : sl_plan_any_model);
    sl_text_add(text, "\n");
    put(text, "step_ns", row->step_ns);
    put(text, "bound_ns", plan->bound_ns);
    put(text, "bytes", (int64_t)row->bytes);
    sl_text_add(text, actions_line);
}

sluice_status sl_plan_format(const sluice_plan *plan, char **out, size_t *n,
                             sluice_diag *why)
{
    size_t n_csv;
    sluice_status st =
        sluice_schedule_format_csv(plan->schedule, false, NULL, 0, &n_csv, why);
    if (st)
        return st;
    struct sl_text_out length = {NULL, 0, 0};
    put_settings(&length, plan);
    *n = length.length + n_csv;
    char *text = sl_alloc(plan->allocator, *n + 1, 1);
    if (!text)
        return sl_no_memory(why, "the text of a plan");
    struct sl_text_out written = {text, *n + 1, 0};
    put_settings(&written, plan);
    st =
        sluice_schedule_format_csv(plan->schedule, false, text + written.length,
                                   *n + 1 - written.length, &n_csv, why);
    if (st)
        sl_free(plan->allocator, text, *n + 1, 1);
    else
        *out = text;
    return st;
}

sluice_status sluice_plan_write(const sluice_plan *plan, const char *path,
                                sluice_diag *why)
{
    char *text = NULL;
    size_t n = 0;
    sluice_status st = sl_plan_format(plan, &text, &n, why);
    if (st)
        return st;
    st = sl_file_put(path, text, n, plan->allocator, why);
    sl_free(plan->allocator, text, n + 1, 1);
    return st;
}
