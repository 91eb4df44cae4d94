/* The sheet that the timeline in SVG is drawn on.  Any thread. */
#ifndef SL_REPORT_SVG_H
#define SL_REPORT_SVG_H

#include <stdint.h>

#include "report/columns.h"
#include "attribution/trace_index.h"
#include "report/out.h"

enum {
    SL_SVG_MARGIN = 16,
    SL_SVG_DIGIT = 7, /* width of one in the smaller of the two fonts */
    SL_SVG_PLACES = 2 /* coordinates are in hundredths of a pixel */
};

/* All lengths in pixels. */
struct sl_svg {
    struct sl_out out;
    const struct sl_index *index;
    const char *title; /* NULL: none */
    struct sl_time_span span;
    int width;
    int left; /* of the lanes */
    int top;
    int plot;       /* width of the lanes */
    int lane;       /* height of one */
    int gap;        /* between two */
    unsigned kinds; /* bit k: kind k is in the trace */
};

/* Decide where everything goes; `span_ns` as of a sluice_report_config. */
void sl_svg_lay_out(struct sl_svg *svg, int width, int64_t span_ns);

/* Everything but the lanes and the end. */
void sl_svg_frame(struct sl_svg *svg);

/* Top of a device's lane. */
int sl_svg_lane_top(const struct sl_svg *svg, int device);

/* Abscissa of a time, in hundredths of a pixel. */
int64_t sl_svg_x(const struct sl_svg *svg, int64_t ns);

/* ` name="value"`, value in hundredths of a pixel. */
void sl_svg_length(struct sl_out *out, const char *name, int64_t value);

/* What the style calls a kind of action. */
const char *sl_svg_class(int kind);

#endif
