/* One page of HTML.  Any thread. */
#include <sluice/report.h>

#include <math.h>

#include "report/html_asset.h"
#include "report/html_data.h"
#include "report/html_table.h"
#include "attribution/trace_index.h"

/* A part of the page. */
struct panel {
    const char *id;
    const char *heading;
    bool wide; /* over both columns */
    bool (*exists)(const sluice_html_report *report);
    void (*body)(struct sl_out *out, const sluice_html_report *report);
    void (*figures)(struct sl_out *out, const sluice_html_report *report);
    size_t note; /* offset in sluice_html_report; 0: none */
    enum sl_html_asset text;
};

static void asset(struct sl_out *out, enum sl_html_asset name)
{
    size_t n;
    const char *bytes = sl_html_asset(name, &n);
    sl_out_bytes(out, bytes, n);
}

static bool has_training(const sluice_html_report *r)
{
    for (int i = 0; i < r->n_losses; i++)
        if (isfinite(r->losses[i].loss))
            return true;
    for (int i = 0; i < r->n_epochs; i++)
        if (isfinite(r->epochs[i].accuracy))
            return true;
    return false;
}

static bool has_bubble(const sluice_html_report *r)
{
    for (int i = 0; i < r->n_cells; i++)
        if (isfinite(r->cells[i].bubble))
            return true;
    return false;
}

static bool has_efficiency(const sluice_html_report *r)
{
    for (int i = 0; i < r->n_cells; i++)
        if (isfinite(r->cells[i].efficiency))
            return true;
    return false;
}

static bool has_memory(const sluice_html_report *r)
{
    return r->n_memory > 0;
}

static bool has_trace(const sluice_html_report *r)
{
    return r->trace != NULL;
}

static bool has_attribution(const sluice_html_report *r)
{
    return r->attribution != NULL;
}

static bool has_settings(const sluice_html_report *r)
{
    return r->n_settings > 0;
}

static sluice_status pass_on(void *context, const char *bytes, size_t n,
                             sluice_diag *why)
{
    struct sl_out *out = context;
    (void)why; /* the sink has it */
    sl_out_bytes(out, bytes, n);
    return out->status;
}

static void timeline(struct sl_out *out, const sluice_html_report *report)
{
    const sluice_report_config config = {.width = 1180,
                                         .allocator = report->allocator};
    sluice_sink sink = {pass_on, out};
    sl_out_text(out, "<div class=\"scroll timeline\">\n");
    sluice_status st =
        sluice_report_svg(report->trace, &config, sink, out->why);
    if (!out->status)
        out->status = st;
    sl_out_text(out, "</div>\n");
}

/* The body of the four panels that the script draws has the panel's id. */
static const struct panel panels[] = {
    {"loss", "Training: loss and accuracy", false, has_training, NULL, NULL,
     offsetof(sluice_html_report, training_note), SL_HTML_LOSS},
    {"bubble", "Bubble against micro-batches", false, has_bubble, NULL,
     sl_html_cells, offsetof(sluice_html_report, cells_note), SL_HTML_BUBBLE},
    {"memory", "Memory against devices", false, has_memory, NULL,
     sl_html_memory, offsetof(sluice_html_report, memory_note), SL_HTML_MEMORY},
    {"efficiency", "Efficiency against devices", false, has_efficiency, NULL,
     NULL, offsetof(sluice_html_report, cells_note), SL_HTML_EFFICIENCY},
    {"timeline", "Timeline of a step", true, has_trace, timeline, NULL,
     offsetof(sluice_html_report, trace_note), SL_HTML_TIMELINE},
    {"attribution", "Where the time went", true, has_attribution,
     sl_html_attribution, NULL, offsetof(sluice_html_report, attribution_note),
     SL_HTML_ATTRIBUTION},
    {"settings", "Settings", true, has_settings, sl_html_settings, NULL, 0,
     SL_HTML_NO_ASSET},
};

enum { N_PANELS = sizeof panels / sizeof *panels };

static void chart(struct sl_out *out, const char *id)
{
    sl_out_format(out,
                  "<div class=\"chart\" id=\"%s\"></div>\n"
                  "<p class=\"readout\"></p>\n",
                  id);
}

static void write_panel(struct sl_out *out, const struct panel *panel,
                        const sluice_html_report *report)
{
    const char *base = (const char *)report;
    sl_out_format(out, "<section class=\"panel%s\">\n<h2>%s</h2>\n",
                  panel->wide ? " wide" : "", panel->heading);
    if (panel->body)
        panel->body(out, report);
    else
        chart(out, panel->id);
    const char *note =
        panel->note ? *(const char *const *)(base + panel->note) : NULL;
    if (note) {
        sl_out_text(out, "<p><b>This run.</b> ");
        sl_out_xml(out, note);
        sl_out_text(out, "</p>\n");
    }
    if (panel->text != SL_HTML_NO_ASSET)
        asset(out, panel->text);
    if (panel->figures)
        panel->figures(out, report);
    sl_out_text(out, "</section>\n");
}

/* The policy lets the page load nothing, whatever is in it. */
static void head(struct sl_out *out, const char *title)
{
    sl_out_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                     "<meta charset=\"utf-8\">\n"
                     "<meta http-equiv=\"Content-Security-Policy\" content=\""
                     "default-src 'none'; script-src 'unsafe-inline'; "
                     "style-src 'unsafe-inline'\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, "
                     "initial-scale=1\">\n<title>");
    sl_out_xml(out, title);
    sl_out_text(out, "</title>\n<style>\n");
    asset(out, SL_HTML_UPLOT_CSS);
    sl_out_text(out, "\n");
    asset(out, SL_HTML_PAGE_CSS);
    sl_out_text(out, "</style>\n</head>\n<body>\n<header><h1>");
    sl_out_xml(out, title);
    sl_out_text(out, "</h1></header>\n<main>\n");
}

static void scripts(struct sl_out *out, const sluice_html_report *report)
{
    sl_out_text(out, "<script type=\"application/json\" id=\"data\">\n");
    sl_html_data(out, report);
    sl_out_text(out, "</script>\n<script>\n/*\n");
    asset(out, SL_HTML_UPLOT_LICENSE);
    sl_out_text(out, "\n*/\n");
    asset(out, SL_HTML_UPLOT_JS);
    sl_out_text(out, "</script>\n<script>\n");
    asset(out, SL_HTML_PAGE_JS);
    sl_out_text(out, "</script>\n");
}

static void write_page(struct sl_out *out, const sluice_html_report *report)
{
    bool draws = false;
    head(out, report->title ? report->title : "Pipeline report");
    for (int i = 0; i < N_PANELS; i++)
        if (panels[i].exists(report)) {
            write_panel(out, &panels[i], report);
            draws |= !panels[i].body;
        }
    sl_out_text(out, "</main>\n<footer><p>Written by Sluice. The page is "
                     "complete: it loads nothing.</p></footer>\n");
    if (draws)
        scripts(out, report);
    sl_out_text(out, "</body>\n</html>\n");
}

static sluice_status out_of_range(sluice_diag *why, const char *what, int i)
{
    return sluice_diag_set(why, SLUICE_INVALID,
                           "%s number %d of a report is out of range", what, i);
}

static sluice_status check_rows(const sluice_html_report *r, sluice_diag *why)
{
    for (int i = 0; i < r->n_losses; i++)
        if (r->losses[i].step < 0)
            return out_of_range(why, "the step of loss", i);
    for (int i = 0; i < r->n_epochs; i++)
        if (r->epochs[i].step < 0)
            return out_of_range(why, "the step of epoch", i);
    for (int i = 0; i < r->n_cells; i++)
        if (r->cells[i].devices < 1 || r->cells[i].microbatches < 1)
            return out_of_range(why, "K or M of cell", i);
    for (int i = 0; i < r->n_memory; i++)
        if (r->memory[i].devices < 1 || r->memory[i].planned_bytes < 0 ||
            r->memory[i].actual_bytes < 0)
            return out_of_range(why, "K or bytes of memory", i);
    return SLUICE_OK;
}

static sluice_status check(const sluice_html_report *r, sluice_diag *why)
{
    if (r->n_settings < 0 || r->n_losses < 0 || r->n_epochs < 0 ||
        r->n_cells < 0 || r->n_memory < 0 || r->n_idle < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the report has a negative count of rows: give "
                               "0 for a part without data");
    sluice_status st = check_rows(r, why);
    if (st || !r->trace)
        return st;
    /* Before anything is written, that is. */
    struct sl_index index;
    st = sl_index_init(&index, r->trace, r->allocator, why);
    if (!st)
        sl_index_fini(&index);
    return st;
}

sluice_status sluice_report_html(const sluice_html_report *report,
                                 sluice_sink sink, sluice_diag *why)
{
    struct sl_out out;
    sluice_status st = check(report, why);
    if (st)
        return st;
    sl_out_init(&out, sink, why);
    write_page(&out, report);
    return sl_out_finish(&out);
}
