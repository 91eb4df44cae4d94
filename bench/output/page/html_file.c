/* A page of HTML, written part by part.  The main thread. */
#include "bench/output/page/html_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 560, /* of a chart, and its height, in pixels */
    HEIGHT = 220,
    LEFT = 64, /* of the plot, for numbers */
    BOTTOM = 24,
    TOP = 10,
    NUMBER_BYTES = 64,
    MARKUP_BYTES = 256,
};

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:14px system-ui,sans-serif;margin:24px;max-width:1240px}\n"
    ".grid{display:grid;gap:16px;"
    "grid-template-columns:repeat(auto-fill,minmax(580px,1fr))}\n"
    "figure{margin:0;overflow-x:auto}\nfigcaption{font-weight:600}\n"
    "table{border-collapse:collapse;margin-top:16px}\n"
    "th,td{padding:4px 10px;text-align:right;border-bottom:1px solid #8886}\n"
    "th:first-child,td:first-child{text-align:left}\n"
    ".chart path{fill:none;stroke:#0072b2;stroke-width:1.5}\n"
    ".chart line{stroke:#8886}\n.chart text{font-size:11px;fill:currentColor}\n"
    "</style>\n<title>";

static void add_bytes(struct html_file *page, const char *bytes, size_t n)
{
    if (!page->status && n)
        page->status =
            page->sink.write(page->sink.context, bytes, n, page->why);
}

void html_file_add(struct html_file *page, const char *markup)
{
    add_bytes(page, markup, strlen(markup));
}

void html_file_text(struct html_file *page, const char *text)
{
    while (*text) {
        size_t n = strcspn(text, "<>&\"");
        add_bytes(page, text, n);
        text += n;
        if (!*text)
            return;
        html_file_add(page, *text == '<'   ? "&lt;"
                            : *text == '>' ? "&gt;"
                            : *text == '&' ? "&amp;"
                                           : "&quot;");
        text++;
    }
}

void html_file_number(struct html_file *page, double value, int digits)
{
    char text[NUMBER_BYTES] = "";
    if (!isnan(value))
        snprintf(text, sizeof text, "%.*f", digits, value);
    html_file_add(page, "<td>");
    html_file_add(page, text);
    html_file_add(page, "</td>");
}

sluice_status html_file_open(struct html_file *page, const char *path,
                             const char *title, sluice_diag *why)
{
    *page = (struct html_file){.why = why};
    sluice_status st = sluice_file_create(path, NULL, &page->file, why);
    if (st)
        return st;
    page->sink = sluice_file_sink(page->file);
    html_file_add(page, head);
    html_file_text(page, title);
    html_file_add(page, "</title>\n</head>\n<body>\n<h1>");
    html_file_text(page, title);
    html_file_add(page, "</h1>\n");
    return SLUICE_OK;
}

/* What of the plane a chart shows. */
struct frame {
    double left, right, low, high;
    int n; /* points that are finite */
};

static struct frame frame_of(const double *x, const double *y, int n)
{
    struct frame f = {INFINITY, -INFINITY, INFINITY, -INFINITY, 0};
    for (int i = 0; i < n; i++) {
        if (!isfinite(y[i]))
            continue;
        f.left = fmin(f.left, x[i]);
        f.right = fmax(f.right, x[i]);
        f.low = fmin(f.low, y[i]);
        f.high = fmax(f.high, y[i]);
        f.n++;
    }
    if (f.high <= f.low) {
        f.low -= 0.5;
        f.high += 0.5;
    }
    return f;
}

static double across(const struct frame *f, double x)
{
    return LEFT + (x - f->left) / (f->right - f->left) * (WIDTH - LEFT - 8);
}

static double up(const struct frame *f, double y)
{
    return HEIGHT - BOTTOM -
           (y - f->low) / (f->high - f->low) * (HEIGHT - BOTTOM - TOP);
}

/* Lines at the least and the largest value, with their numbers. */
static void add_axes(struct html_file *page, const struct frame *f)
{
    char markup[2 * MARKUP_BYTES];
    const double levels[] = {f->low, (f->low + f->high) / 2, f->high};
    for (int i = 0; i < 3; i++) {
        double y = up(f, levels[i]);
        snprintf(markup, sizeof markup,
                 "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                 "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g</text>\n",
                 LEFT, WIDTH - 8, y, y, LEFT - 6, y + 4, levels[i]);
        html_file_add(page, markup);
    }
    snprintf(markup, sizeof markup,
             "<text x=\"%d\" y=\"%d\">%.6g</text>"
             "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.6g</text>\n",
             LEFT, HEIGHT - 6, f->left, WIDTH - 8, HEIGHT - 6, f->right);
    html_file_add(page, markup);
}

void html_file_chart(struct html_file *page, const char *title, const double *x,
                     const double *y, int n)
{
    char markup[MARKUP_BYTES];
    struct frame f = frame_of(x, y, n);
    if (f.n < 2 || f.right <= f.left)
        return;
    html_file_add(page, "<figure><figcaption>");
    html_file_text(page, title);
    snprintf(markup, sizeof markup,
             "</figcaption>\n<svg class=\"chart\" width=\"%d\" height=\"%d\" "
             "xmlns=\"http://www.w3.org/2000/svg\">\n",
             WIDTH, HEIGHT);
    html_file_add(page, markup);
    add_axes(page, &f);
    html_file_add(page, "<path d=\"");
    for (int i = 0, first = 1; i < n; i++) {
        if (!isfinite(y[i]))
            continue;
        snprintf(markup, sizeof markup, "%c%.1f %.1f", first ? 'M' : 'L',
                 across(&f, x[i]), up(&f, y[i]));
        html_file_add(page, markup);
        first = 0;
    }
    html_file_add(page, "\"/>\n</svg></figure>\n");
}

sluice_status html_file_close(struct html_file *page)
{
    html_file_add(page, "</body>\n</html>\n");
    if (!page->status)
        page->status = sluice_file_commit(page->file, page->why);
    sluice_file_destroy(page->file);
    page->file = NULL;
    return page->status;
}
