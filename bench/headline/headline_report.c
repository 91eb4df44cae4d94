/* The report of the headline run.  The main thread. */
#include "bench/headline/headline_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "bench/cli/choice.h"
#include "bench/measure/samples.h"
#include "bench/output/option_list.h"

void report_cell(void *context, const struct bubble_row *row)
{
    struct report *report = context;
    const struct samples *samples = &row->measured.samples;
    if (report->n_cells == REPORT_CELLS)
        return;
    /* A forward is one cell, a backward two; K devices do the work of K. */
    double cells_ns =
        3.0 * row->microbatches * (double)report->cells_config->cell_ns;
    /* One device has no bubble: nothing to be seen. */
    report->cells[report->n_cells++] = (sluice_html_cell){
        .devices = row->devices,
        .microbatches = row->microbatches,
        .bubble =
            row->devices == 1 ? NAN : samples_median(samples, FIGURE_BUBBLE),
        .efficiency = cells_ns / samples_median(samples, FIGURE_STEP_NS),
    };
}

/* What was run for each panel. */
struct notes {
    char training[REPORT_NOTE];
    char cells[REPORT_NOTE];
    char memory[REPORT_NOTE];
    char trace[REPORT_NOTE];
};

static void write_notes(const struct report *r, struct notes *notes)
{
    const struct bubble_config *cells = r->cells_config;
    const struct memory_sweep *sweep = r->sweep;
    const struct shown_step_config *step = r->step_config;
    *notes = (struct notes){0};
    const struct training_config *training = r->training;
    if (training)
        snprintf(notes->training, REPORT_NOTE,
                 "Fully connected layers of %s outputs, %d epochs on %d "
                 "devices.",
                 training->model + (*training->model == '-'), training->epochs,
                 training->devices);
    if (r->n_cells)
        snprintf(notes->cells, REPORT_NOTE,
                 "Timed cells: a forward takes %g ms, a backward twice that, "
                 "and they need no core: 8 devices can be measured anywhere. "
                 "Medians of %d steps; efficiency against one device that "
                 "does cell after cell without a gap.",
                 (double)cells->cell_ns / 1e6, cells->run.repetitions);
    if (r->n_memory)
        snprintf(notes->memory, REPORT_NOTE,
                 "Network %s, %" PRId64 " rows in %d micro-batches; the device "
                 "that needs most.",
                 sweep->model, sweep->batch, sweep->microbatches);
    if (r->step.pipe)
        snprintf(notes->trace, REPORT_NOTE,
                 "Network %s, %" PRId64 " rows in %d micro-batches on %d "
                 "devices; the wall clock, with %d core%s.",
                 step->model, step->batch, step->microbatches, step->devices,
                 r->env->cores, r->env->cores == 1 ? "" : "s");
}

static const char *if_any(const char *note)
{
    return *note ? note : NULL;
}

enum { SETTINGS = 8, SETTING_TEXT = 128 };

struct settings {
    char cores[SETTING_TEXT];
    char batch[SETTING_TEXT];
    char optimizer[SETTING_TEXT];
    char seed[SETTING_TEXT];
    int n;
    sluice_html_setting rows[SETTINGS];
};

static void set(struct settings *settings, const char *name, const char *value)
{
    settings->rows[settings->n++] = (sluice_html_setting){name, value};
}

static void list_settings(const struct report *r, struct settings *settings)
{
    const struct training_config *t = r->training;
    settings->n = 0;
    snprintf(settings->cores, SETTING_TEXT, "%d", r->env->cores);
    set(settings, "Sluice", r->env->version);
    set(settings, "commit", r->env->commit);
    set(settings, "processor", r->env->cpu);
    set(settings, "cores", settings->cores);
    set(settings, "BLAS", r->env->blas);
    if (!t)
        return;
    snprintf(settings->batch, SETTING_TEXT,
             "%s, batches of %" PRId64 " rows in %d micro-batches, queues of "
             "%d, remat %s",
             t->order.schedule, t->batch, t->microbatches, t->order.capacity,
             choice_name(remat_choices, t->order.remat));
    sluice_option_table optimizer = sluice_optimizer_options(t->optimizer.ops);
    option_list_line(&optimizer, &t->optimizer.config, settings->optimizer,
                     SETTING_TEXT);
    snprintf(settings->seed, SETTING_TEXT, "%" PRIu64, t->seed);
    set(settings, "training", settings->batch);
    set(settings, "optimizer", settings->optimizer);
    set(settings, "seed", settings->seed);
}

static sluice_status write_page(const struct report *r, sluice_sink sink,
                                sluice_diag *why)
{
    struct notes notes;
    struct settings settings;
    write_notes(r, &notes);
    list_settings(r, &settings);
    bool has_step = r->step.pipe;
    const sluice_html_report page = {
        .title = "Sluice: a pipeline, measured",
        .settings = settings.rows,
        .n_settings = settings.n,
        .losses = r->curve.losses,
        .n_losses = r->curve.n_losses,
        .epochs = r->curve.epochs,
        .n_epochs = r->curve.n_epochs,
        .cells = r->cells,
        .n_cells = r->n_cells,
        .memory = r->memory,
        .n_memory = r->n_memory,
        .trace = has_step ? &r->step.trace : NULL,
        .attribution = has_step ? &r->step.attribution : NULL,
        .idle = r->step.idle,
        .n_idle = has_step ? r->step.trace.n_devices : 0,
        .training_note = if_any(notes.training),
        .cells_note = if_any(notes.cells),
        .memory_note = if_any(notes.memory),
        .trace_note = if_any(notes.trace),
        .attribution_note = has_step ? "The step of the timeline." : NULL,
    };
    return sluice_report_html(&page, sink, why);
}

sluice_status report_write(const struct report *report, const char *path,
                           sluice_diag *why)
{
    sluice_file *file;
    sluice_status st = sluice_file_create(path, NULL, &file, why);
    if (st)
        return st;
    st = write_page(report, sluice_file_sink(file), why);
    if (!st)
        st = sluice_file_commit(file, why);
    sluice_file_destroy(file);
    return st;
}

void report_fini(struct report *report)
{
    shown_step_fini(&report->step);
    loss_curve_fini(&report->curve);
}
