/* The timeline in SVG: the lanes.  Any thread. */
#include "report/svg.h"

#include <inttypes.h>
#include <stdio.h>

enum { DEFAULT_WIDTH = 1000, LABEL_LANE = 13 /* lowest that holds a number */ };

static void box(struct sl_svg *svg, int device, int kind, int64_t from,
                int64_t to)
{
    sl_out_format(&svg->out, "<rect class=\"%s\"", sl_svg_class(kind));
    sl_svg_length(&svg->out, "x", from);
    sl_svg_length(&svg->out, "y", (int64_t)sl_svg_lane_top(svg, device) * 100);
    sl_svg_length(&svg->out, "width", to - from);
    sl_svg_length(&svg->out, "height", (int64_t)svg->lane * 100);
}

static void tooltip(struct sl_svg *svg, const sluice_trace_event *e)
{
    char name[SLUICE_DIAG_ACTION];
    sluice_action_format(e->action, name, sizeof name);
    sl_out_format(&svg->out, "><title>%s: ", name);
    sl_out_decimal(&svg->out, e->end_ns - e->start_ns, 6);
    sl_out_text(&svg->out, " ms from ");
    sl_out_decimal(&svg->out, e->start_ns - svg->span.start_ns, 6);
    sl_out_text(&svg->out, " ms</title></rect>\n");
}

/* The micro-batch, if it fits. */
static void number(struct sl_svg *svg, int device, sluice_action action,
                   int64_t from, int64_t to)
{
    char text[16];
    int n = snprintf(text, sizeof text, "%" PRId32, action.microbatch);
    if (!sl_computes(action) || svg->lane < LABEL_LANE ||
        to - from < 100 * (n * SL_SVG_DIGIT + 2))
        return;
    sl_out_text(&svg->out, "<text class=\"n\"");
    sl_svg_length(&svg->out, "x", from + (to - from) / 2);
    sl_svg_length(
        &svg->out, "y",
        100 * (int64_t)(sl_svg_lane_top(svg, device) + svg->lane / 2 + 4));
    sl_out_format(&svg->out, ">%s</text>\n", text);
}

/* Every action for itself. */
static void draw_actions(struct sl_svg *svg, int device)
{
    const sluice_trace *trace = svg->index->trace;
    for (int i = 0; i < trace->n_events[device]; i++) {
        const sluice_trace_event *e = &trace->events[device][i];
        int64_t from = sl_svg_x(svg, e->start_ns);
        int64_t to = sl_svg_x(svg, e->end_ns);
        box(svg, device, e->action.kind, from, to);
        tooltip(svg, e);
        number(svg, device, e->action, from, to);
    }
}

/* More actions than there are halves of pixels: what fills each of these. */
static void draw_columns(struct sl_svg *svg, int device)
{
    unsigned char shows[2 * SLUICE_MAX_WIDTH];
    int columns = 2 * svg->plot;
    sl_columns_fill(svg->index->trace, device, svg->span, columns, shows);
    for (int from = 0, to; from < columns; from = to) {
        for (to = from + 1; to < columns && shows[to] == shows[from];)
            to++;
        if (shows[from] == SL_IDLE_COLUMN)
            continue;
        box(svg, device, shows[from], 100 * (int64_t)svg->left + 50 * from,
            100 * (int64_t)svg->left + 50 * to);
        sl_out_text(&svg->out, "/>\n");
    }
}

static void draw(struct sl_svg *svg)
{
    const sluice_trace *trace = svg->index->trace;
    sl_svg_frame(svg);
    for (int d = 0; d < trace->n_devices; d++)
        if (trace->n_events[d] <= 2 * svg->plot)
            draw_actions(svg, d);
        else
            draw_columns(svg, d);
    sl_out_text(&svg->out, "</svg>\n");
}

static sluice_status check(const sluice_report_config *config, int *width,
                           sluice_diag *why)
{
    *width = config->width ? config->width : DEFAULT_WIDTH;
    if (*width >= SLUICE_MIN_WIDTH && *width <= SLUICE_MAX_WIDTH)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_INVALID,
                           "a picture of %d pixels; give %d to %d, or 0 for %d",
                           *width, SLUICE_MIN_WIDTH, SLUICE_MAX_WIDTH,
                           DEFAULT_WIDTH);
}

sluice_status sluice_report_svg(const sluice_trace *trace,
                                const sluice_report_config *config,
                                sluice_sink sink, sluice_diag *why)
{
    static const sluice_report_config defaults;
    struct sl_index index;
    int width;
    if (!config)
        config = &defaults;
    struct sl_svg svg = {.index = &index, .title = config->title};
    sluice_status st = check(config, &width, why);
    if (!st)
        st = sl_index_init(&index, trace, config->allocator, why);
    if (st)
        return st;
    sl_out_init(&svg.out, sink, why);
    sl_svg_lay_out(&svg, width, config->span_ns);
    draw(&svg);
    sl_index_fini(&index);
    return sl_out_finish(&svg.out);
}
