/* A comparison as a page.  The main thread. */
#include "bench/schedule/show/schedule_page.h"

#include <math.h>

#include <sluice/report.h>

#include "bench/output/page/html_file.h"

enum { TIMELINE_WIDTH = 580 };

static int64_t longest_of(const struct schedule_row *rows, int n)
{
    int64_t longest = 0;
    for (int i = 0; i < n; i++)
        if (rows[i].price.all.time.makespan_ns > longest)
            longest = rows[i].price.all.time.makespan_ns;
    return longest;
}

static void add_timeline(struct html_file *page, const struct schedule_row *row,
                         int64_t span_ns)
{
    const sluice_report_config config = {
        .width = TIMELINE_WIDTH,
        .span_ns = span_ns,
    };
    html_file_add(page, "<figure><figcaption>");
    html_file_text(page, row->name);
    html_file_add(page, "</figcaption>\n");
    if (!page->status)
        page->status =
            sluice_report_svg(sluice_simulation_trace(row->price.simulation),
                              &config, page->sink, page->why);
    html_file_add(page, "</figure>\n");
}

static double measured_bubble(const struct schedule_row *row)
{
    return row->is_measured
               ? samples_median(&row->measured.samples, FIGURE_BUBBLE)
               : NAN;
}

static void add_row(struct html_file *page, const struct schedule_row *row)
{
    const struct schedule_price *price = &row->price;
    html_file_add(page, "<tr><td>");
    html_file_text(page, row->name);
    html_file_add(page, "</td>");
    html_file_number(page, price->n_devices, 0);
    html_file_number(page, price->n_stages, 0);
    html_file_number(page, price->n_microbatches, 0);
    html_file_number(page, (double)price->all.time.makespan_ns / 1e6, 3);
    html_file_number(page, 100 * price->formula, 2);
    html_file_number(page, 100 * price->all.time.bubble, 2);
    html_file_number(page, 100 * measured_bubble(row), 2);
    html_file_number(page, price->all.activations, 2);
    html_file_number(page, price->all.versions, 0);
    html_file_number(page, price->all.parameters, 2);
    html_file_add(page, "</tr>\n");
}

static const char table_head[] =
    "<table>\n<tr><th>schedule</th><th>devices</th><th>stages</th>"
    "<th>micro-batches</th><th>simulated, ms</th><th>bubble by formula, %</th>"
    "<th>bubble simulated, %</th><th>bubble measured, %</th>"
    "<th>peak activations</th><th>weight versions</th>"
    "<th>parameters</th></tr>\n";

sluice_status schedule_page_write(const struct schedule_row *rows, int n,
                                  const char *path, sluice_diag *why)
{
    struct html_file page;
    int64_t span_ns = longest_of(rows, n);
    sluice_status st =
        html_file_open(&page, path, "Schedules in comparison", why);
    if (st)
        return st;
    html_file_add(&page, "<p>Simulated, all at one scale of time: what ends "
                         "earlier is faster.</p>\n<div class=\"grid\">\n");
    for (int i = 0; i < n; i++)
        add_timeline(&page, &rows[i], span_ns);
    html_file_add(&page, "</div>\n");
    html_file_add(&page, table_head);
    for (int i = 0; i < n; i++)
        add_row(&page, &rows[i]);
    html_file_add(&page, "</table>\n");
    return html_file_close(&page);
}
