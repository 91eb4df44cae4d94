/* The timeline in SVG: style, title, legend, axis, lanes.  Any thread. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/svg.h"

enum {
    TITLE = 26,        /* heights */
    TITLE_LETTER = 9,  /* width, rather more than less */
    LEGEND = 20,       /* of each of its rows */
    LEGEND_SPACE = 10, /* below them */
    AXIS = 34,
    LANES = 640,   /* of all lanes together, if they fit */
    LANE_MAX = 28, /* of one */
    LANE_MIN = 3,
    TICK_DISTANCE = 90, /* at least */
    LEGEND_TEXT = 17,   /* from the left of an entry to its text */
};

/* Okabe and Ito, 2008: colours that the colour-blind tell apart, all of them
 * with numbers light enough for black ones, on light and dark pages alike. */
static const struct kind {
    const char *class;
    const char *colour;
    const char *legend;
} kinds[SL_N_TRACED_KINDS] = {
    [SLUICE_F] = {"F", "#56B4E9", "F forward"},
    [SLUICE_B] = {"B", "#E69F00", "B backward"},
    [SLUICE_I] = {"I", "#D55E00", "I input gradient"},
    [SLUICE_W] = {"W", "#009E73", "W weight gradient"},
    [SLUICE_R] = {"R", "#CC79A7", "R recompute"},
    [SLUICE_S] = {"S", "#B5A7F0", "S scores of a part"},
    [SLUICE_T] = {"T", "#8FD3C7", "T its weight gradient"},
    [SLUICE_UPDATE] = {"U", "#F0E442", "update"},
    [SLUICE_REDUCE_GRAD] = {"G", "#0072B2", "reduce gradients"},
    [SLUICE_UNSHARD] = {"A", "#7FA8C9", "unshard parameters"},
    [SLUICE_RESHARD] = {"Z", "#B9C4CC", "reshard parameters"},
};

const char *sl_svg_class(int kind)
{
    return kinds[kind].class;
}

int sl_svg_lane_top(const struct sl_svg *svg, int device)
{
    return svg->top + device * (svg->lane + svg->gap);
}

int64_t sl_svg_x(const struct sl_svg *svg, int64_t ns)
{
    double share =
        (double)(ns - svg->span.start_ns) / (double)sl_span_ns(svg->span);
    return 100 * (int64_t)svg->left + llround(share * 100 * svg->plot);
}

void sl_svg_length(struct sl_out *out, const char *name, int64_t value)
{
    sl_out_format(out, " %s=\"", name);
    if (value % 100)
        sl_out_decimal(out, value, SL_SVG_PLACES);
    else
        sl_out_decimal(out, value / 100, 0);
    sl_out_text(out, "\"");
}

/* An entry of the legend: kind `k`, or idle time after the last one; NULL if
 * the trace has none of it. */
static const struct kind *legend_entry(const struct sl_svg *svg, int k)
{
    static const struct kind idle = {"idle", "", "idle"};
    if (k == SL_N_TRACED_KINDS)
        return &idle;
    return svg->kinds & 1u << k ? &kinds[k] : NULL;
}

static int entry_width(const struct kind *entry)
{
    return LEGEND_TEXT + SL_SVG_DIGIT * (int)strlen(entry->legend) + 14;
}

/* Put the entries in rows, and write them if `out`.  Returns the rows. */
static int legend(const struct sl_svg *svg, struct sl_out *out)
{
    int x = svg->left, row = 0;
    for (int k = 0; k <= SL_N_TRACED_KINDS; k++) {
        const struct kind *entry = legend_entry(svg, k);
        if (!entry)
            continue;
        if (x > svg->left && x + entry_width(entry) > svg->width) {
            x = svg->left;
            row++;
        }
        int y = SL_SVG_MARGIN + (svg->title ? TITLE : 0) + row * LEGEND;
        if (out)
            sl_out_format(out,
                          "<rect class=\"%s\" x=\"%d\" y=\"%d\" "
                          "width=\"12\" height=\"12\"/>"
                          "<text x=\"%d\" y=\"%d\">%s</text>\n",
                          entry->class, x, y, x + LEGEND_TEXT, y + 10,
                          entry->legend);
        x += entry_width(entry);
    }
    return row + 1;
}

void sl_svg_lay_out(struct sl_svg *svg, int width, int64_t span_ns)
{
    const sluice_trace *trace = svg->index->trace;
    char last[40];
    int n = snprintf(last, sizeof last, "device %d", trace->n_devices - 1);
    svg->span = sl_span_at_least(trace, span_ns);
    svg->width = width;
    svg->left = SL_SVG_MARGIN + (n + 1) * SL_SVG_DIGIT;
    svg->plot = width - svg->left - SL_SVG_MARGIN;
    svg->lane = LANES / trace->n_devices;
    if (svg->lane > LANE_MAX)
        svg->lane = LANE_MAX;
    if (svg->lane < LANE_MIN)
        svg->lane = LANE_MIN;
    svg->gap = svg->lane > 6 ? 4 : 1;
    for (int d = 0; d < trace->n_devices; d++)
        for (int i = 0; i < trace->n_events[d]; i++)
            svg->kinds |= 1u << trace->events[d][i].action.kind;
    svg->top = SL_SVG_MARGIN + (svg->title ? TITLE : 0) +
               legend(svg, NULL) * LEGEND + LEGEND_SPACE;
}

static void style(struct sl_svg *svg)
{
    sl_out_text(
        &svg->out,
        "<style>\n"
        "text{font:12px system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\","
        "sans-serif;fill:#333}\n"
        ".t{font-size:16px;font-weight:600}\n"
        ".n{font-size:11px;fill:#000;text-anchor:middle}\n"
        ".d{text-anchor:end}.a{text-anchor:middle}\n"
        ".page{fill:#fff}.idle{fill:#e9e9ec}.tick{stroke:#bbb}\n"
        ".F,.B,.I,.W,.R,.U,.G{stroke:#fff;stroke-width:.5px}\n");
    for (int k = 0; k < SL_N_TRACED_KINDS; k++)
        if (kinds[k].class)
            sl_out_format(&svg->out, ".%s{fill:%s}\n", kinds[k].class,
                          kinds[k].colour);
    sl_out_text(&svg->out, "@media (prefers-color-scheme:dark){text{fill:#ddd}"
                           ".n{fill:#000}.page{fill:#16181d}.idle{fill:#2c2f37}"
                           ".tick{stroke:#555}"
                           ".F,.B,.I,.W,.R,.U,.G{stroke:#16181d}}\n"
                           "</style>\n");
}

/* The smallest of 1, 2, 5, 10, 20 ... ns that leaves room for labels. */
static int64_t tick_ns(const struct sl_svg *svg)
{
    static const int steps[] = {2, 5};
    double least = (double)sl_span_ns(svg->span) * TICK_DISTANCE / svg->plot;
    int64_t unit = 1;
    for (;; unit *= 10) {
        if ((double)unit >= least)
            return unit;
        for (int i = 0; i < 2; i++)
            if ((double)(unit * steps[i]) >= least)
                return unit * steps[i];
    }
}

static void axis(struct sl_svg *svg)
{
    int64_t step = tick_ns(svg);
    int64_t length = svg->span.end_ns - svg->span.start_ns;
    int bottom = sl_svg_lane_top(svg, svg->index->trace->n_devices);
    int places = 6;
    int64_t unit = 1; /* of the last digit, in ns */
    while (places && step % (unit * 10) == 0) {
        unit *= 10;
        places--;
    }
    for (int64_t t = 0; t <= length; t += step) {
        int64_t x = sl_svg_x(svg, svg->span.start_ns + t);
        sl_out_text(&svg->out, "<line class=\"tick\"");
        sl_svg_length(&svg->out, "x1", x);
        sl_svg_length(&svg->out, "x2", x);
        sl_out_format(&svg->out, " y1=\"%d\" y2=\"%d\"/><text class=\"a\"",
                      svg->top - 3, bottom + 4);
        sl_svg_length(&svg->out, "x", x);
        sl_out_format(&svg->out, " y=\"%d\">", bottom + 18);
        sl_out_decimal(&svg->out, t / unit, places);
        sl_out_text(&svg->out, t ? "</text>\n" : " ms</text>\n");
    }
}

static void lanes(struct sl_svg *svg)
{
    int n = svg->index->trace->n_devices;
    int every = 1;
    while (every * (svg->lane + svg->gap) < 14)
        every++;
    for (int d = 0; d < n; d++) {
        int y = sl_svg_lane_top(svg, d);
        sl_out_format(&svg->out,
                      "<rect class=\"idle\" x=\"%d\" y=\"%d\" width=\"%d\" "
                      "height=\"%d\"/>\n",
                      svg->left, y, svg->plot, svg->lane);
        if (d % every == 0)
            sl_out_format(&svg->out,
                          "<text class=\"d\" x=\"%d\" y=\"%d\">device %d"
                          "</text>\n",
                          svg->left - 8, y + svg->lane / 2 + 4, d);
    }
}

/* A title that may be too long is squeezed to what there is. */
static void title(struct sl_svg *svg)
{
    int room = svg->width - 2 * SL_SVG_MARGIN;
    if (!svg->title)
        return;
    sl_out_format(&svg->out, "<text class=\"t\" x=\"%d\" y=\"%d\"",
                  SL_SVG_MARGIN, SL_SVG_MARGIN + 12);
    if (strlen(svg->title) * TITLE_LETTER > (size_t)room)
        sl_out_format(&svg->out,
                      " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"",
                      room);
    sl_out_text(&svg->out, ">");
    sl_out_xml(&svg->out, svg->title);
    sl_out_text(&svg->out, "</text>\n");
}

void sl_svg_frame(struct sl_svg *svg)
{
    int bottom = sl_svg_lane_top(svg, svg->index->trace->n_devices);
    int height = bottom + AXIS;
    sl_out_format(&svg->out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                  "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
                  svg->width, height, svg->width, height);
    sl_out_text(&svg->out, "<title>");
    sl_out_xml(&svg->out, svg->title ? svg->title : "Pipeline timeline");
    sl_out_text(&svg->out, "</title>\n");
    style(svg);
    sl_out_format(&svg->out,
                  "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n",
                  svg->width, height);
    title(svg);
    legend(svg, &svg->out);
    lanes(svg);
    axis(svg);
}
