/* The tables of a page.  Any thread. */
#include "report/html_table.h"

#include <inttypes.h>
#include <math.h>

#include <sluice/schedule.h>

void sl_html_percent(struct sl_out *out, double share)
{
    /* Also false for NaN. */
    if (!(fabs(share) < 1e12)) {
        sl_out_text(out, "&ndash;");
        return;
    }
    sl_out_decimal(out, llround(share * 1e4), 2);
    sl_out_text(out, " %");
}

static void percent_cell(struct sl_out *out, double share)
{
    sl_out_text(out, "<td>");
    sl_html_percent(out, share);
    sl_out_text(out, "</td>");
}

static void begin(struct sl_out *out, const char *const *heads)
{
    sl_out_text(out, "<div class=\"scroll\"><table class=\"data\">\n"
                     "<thead><tr>");
    for (; *heads; heads++)
        sl_out_format(out, "<th scope=\"col\">%s</th>", *heads);
    sl_out_text(out, "</tr></thead>\n<tbody>\n");
}

static void end(struct sl_out *out)
{
    sl_out_text(out, "</tbody></table></div>\n");
}

void sl_html_settings(struct sl_out *out, const sluice_html_report *report)
{
    sl_out_text(out, "<div class=\"scroll\"><table class=\"data settings\">\n"
                     "<tbody>\n");
    for (int i = 0; i < report->n_settings; i++) {
        const sluice_html_setting *setting = &report->settings[i];
        sl_out_text(out, "<tr><th scope=\"row\">");
        sl_out_xml(out, setting->name ? setting->name : "");
        sl_out_text(out, "</th><td>");
        sl_out_xml(out, setting->value ? setting->value : "");
        sl_out_text(out, "</td></tr>\n");
    }
    end(out);
}

void sl_html_cells(struct sl_out *out, const sluice_html_report *report)
{
    static const char *const heads[] = {"K",       "M",          "bubble",
                                        "formula", "difference", "efficiency",
                                        "ideal",   NULL};
    sl_out_text(out, "<details><summary>The figures</summary>\n");
    begin(out, heads);
    for (int i = 0; i < report->n_cells; i++) {
        const sluice_html_cell *cell = &report->cells[i];
        double formula =
            sluice_bubble_formula(cell->devices, cell->microbatches);
        sl_out_format(out, "<tr><td>%d</td><td>%d</td>", cell->devices,
                      cell->microbatches);
        percent_cell(out, cell->bubble);
        percent_cell(out, formula);
        percent_cell(out, cell->bubble - formula);
        percent_cell(out, cell->efficiency);
        percent_cell(out, 1 - formula);
        sl_out_text(out, "</tr>\n");
    }
    end(out);
    sl_out_text(out, "</details>\n");
}

void sl_html_memory(struct sl_out *out, const sluice_html_report *report)
{
    static const char *const heads[] = {
        "K", "rematerialization", "planned, bytes", "actual, bytes", NULL};
    sl_out_text(out, "<details><summary>The figures</summary>\n");
    begin(out, heads);
    for (int i = 0; i < report->n_memory; i++) {
        const sluice_html_memory *m = &report->memory[i];
        sl_out_format(out, "<tr><td>%d</td><td>%s</td><td>%" PRId64 "</td>",
                      m->devices, m->remat ? "yes" : "no", m->planned_bytes);
        if (m->actual_bytes)
            sl_out_format(out, "<td>%" PRId64 "</td></tr>\n", m->actual_bytes);
        else
            sl_out_text(out, "<td>&ndash;</td></tr>\n");
    }
    end(out);
    sl_out_text(out, "</details>\n");
}

/* A line of the causes: what `ns` of each column is of that column's total. */
static void cause_row(struct sl_out *out, const sluice_html_report *report,
                      const char *name, int cause)
{
    const sluice_idle *all = &report->attribution->all;
    int64_t ns = cause < 0 ? all->busy_ns : all->cause_ns[cause];
    sl_out_format(out, "<tr><td>%s</td><td>", name);
    sl_out_decimal(out, ns, 6);
    sl_out_text(out, "</td>");
    percent_cell(out, (double)ns / (double)all->total_ns);
    for (int d = 0; d < report->n_idle; d++) {
        const sluice_idle *one = &report->idle[d];
        percent_cell(out,
                     (double)(cause < 0 ? one->busy_ns : one->cause_ns[cause]) /
                         (double)one->total_ns);
    }
    sl_out_text(out, "</tr>\n");
}

static void cause_table(struct sl_out *out, const sluice_html_report *report)
{
    sl_out_text(out,
                "<div class=\"scroll\"><table class=\"data\">\n"
                "<thead><tr><th scope=\"col\">cause</th>"
                "<th scope=\"col\">all, ms</th><th scope=\"col\">all</th>");
    for (int d = 0; d < report->n_idle; d++)
        sl_out_format(out, "<th scope=\"col\">device %d</th>", d);
    sl_out_text(out, "</tr></thead>\n<tbody>\n");
    cause_row(out, report, "busy", -1);
    for (int c = 0; c < SLUICE_N_IDLE_CAUSES; c++)
        cause_row(out, report, sluice_idle_cause_name((sluice_idle_cause)c), c);
    sl_out_text(out, "<tr class=\"sum\"><td>sum</td><td>");
    sl_out_decimal(out, report->attribution->all.total_ns, 6);
    sl_out_text(out, "</td>");
    for (int d = -1; d < report->n_idle; d++)
        percent_cell(out, 1);
    sl_out_text(out, "</tr>\n");
    end(out);
}

static void verdict_row(struct sl_out *out, const char *name, double share)
{
    sl_out_format(out, "<tr><td>%s</td>", name);
    percent_cell(out, share);
    sl_out_text(out, "</tr>\n");
}

void sl_html_attribution(struct sl_out *out, const sluice_html_report *report)
{
    const sluice_attribution *a = report->attribution;
    bool predicted = isfinite(a->predicted);
    if (a->advice.text[0]) {
        sl_out_text(out, "<p class=\"advice\">");
        sl_out_xml(out, a->advice.text);
        sl_out_text(out, "</p>\n");
    }
    sl_out_text(out, "<div class=\"columns\">\n");
    cause_table(out, report);
    sl_out_text(out, "<div class=\"scroll\"><table class=\"data\">\n<tbody>\n");
    verdict_row(out, "bubble of this step", a->bubble);
    verdict_row(out, "GPipe's formula (K &minus; 1) / (M + K &minus; 1)",
                a->formula);
    if (predicted)
        verdict_row(out, "simulator, from the measured costs", a->predicted);
    verdict_row(out,
                predicted ? "residual, bubble less simulator"
                          : "residual, bubble less GPipe's formula",
                a->residual);
    end(out);
    sl_out_text(out, "</div>\n");
}
