/*
 * The printed figures.  Controllable Memory: table 1 and the bubbles of its
 * V-shaped blocks at unit costs; the others name their table or formula.
 */
#include "bench/papers/papers.h"

#define ZERO_BUBBLE  "Zero Bubble (Qi et al., 2023), tables 5 and 9"
#define CONTROLLABLE "Controllable Memory (Qi et al., 2024)"
#define PIPE_OFFLOAD "PipeOffload (Wan et al., 2025)"
#define SEQ1F1B      "Seq1F1B (Sun et al., 2024)"
#define GPIPE        "GPipe (Huang et al., 2019), (K-1)/(M+K-1)"

enum { ZB_COLUMNS = 5 };

/* A row of Zero Bubble's table 5 with the times of table 9, in ms. */
struct zb_setting {
    int width, heads;
    int p, m;
    double forward, input, weight, hand_off;
    double rates[ZB_COLUMNS];
};

static const struct zb_setting zb_settings[] = {
    {2304,
     24,
     8,
     24,
     18.522,
     18.086,
     9.337,
     .601,
     {.2431, .1585, .1083, .1585, .0433}},
    {2304,
     24,
     8,
     32,
     18.513,
     18.086,
     9.331,
     .626,
     {.1985, .1242, .0837, .1242, .0039}},
    {2304,
     24,
     8,
     64,
     18.546,
     18.097,
     9.321,
     .762,
     {.1240, .0674, .0444, .0674, .0026}},
    {4096,
     32,
     8,
     24,
     29.718,
     29.444,
     19.927,
     .527,
     {.2347, .1323, .0698, .1323, .0029}},
    {4096,
     32,
     8,
     32,
     29.802,
     29.428,
     19.530,
     .577,
     {.1898, .1045, .0559, .1045, .0022}},
    {4096,
     32,
     8,
     64,
     29.935,
     29.621,
     19.388,
     .535,
     {.1091, .0554, .0294, .0554, .0010}},
    {5120,
     40,
     16,
     48,
     11.347,
     11.248,
     8.132,
     .377,
     {.2552, .1397, .0672, .1397, .0066}},
    {5120,
     40,
     16,
     64,
     11.307,
     11.254,
     8.101,
     .379,
     {.2082, .1088, .0516, .1088, .0054}},
    {5120,
     40,
     16,
     128,
     11.325,
     11.308,
     8.109,
     .378,
     {.1251, .0576, .0266, .0576, .0028}},
    {6144,
     48,
     32,
     96,
     10.419,
     10.207,
     7.715,
     .408,
     {.2646, .1421, .0641, .1421, .0038}},
    {6144,
     48,
     32,
     128,
     10.408,
     10.204,
     7.703,
     .408,
     {.2168, .1106, .0490, .1106, .0029}},
    {6144,
     48,
     32,
     256,
     10.402,
     10.248,
     7.698,
     .460,
     {.1352, .0594, .0257, .0594, .0018}},
};

/* Its columns: the two found by search have a limit in p activations. */
static const struct {
    const char *called, *schedule;
    int times_p;
} zb_columns[ZB_COLUMNS] = {
    {"1F1B", "1f1b", 0},  {"ZB-H1", "zb-h1", 0}, {"ZB-H2", "zb-h2", 0},
    {"ZB-1p", "auto", 1}, {"ZB-2p", "auto", 2},
};

#define UNIT             .forward = 1, .input = 1, .weight = 1
#define EXACT(of, value) .figure = (of), .printed = (value)

static const struct paper_claim others[] = {
    {GPIPE, "GPipe", "gpipe", 2, 8, UNIT, EXACT(PAPER_BUBBLE, 1.0 / 9)},
    {GPIPE, "GPipe", "gpipe", 4, 16, UNIT, EXACT(PAPER_BUBBLE, 3.0 / 19)},
    {GPIPE, "GPipe", "gpipe", 8, 32, UNIT, EXACT(PAPER_BUBBLE, 7.0 / 39)},
    {CONTROLLABLE, "ZB-V", "zb-v", 4, 16, 2, UNIT, EXACT(PAPER_PEAK, 4)},
    {CONTROLLABLE, "ZB-V", "zb-v", 8, 32, 2, UNIT, EXACT(PAPER_PEAK, 8)},
    {CONTROLLABLE, "ZB-V", "zb-v", 4, 16, 2, UNIT, EXACT(PAPER_SPAN_BUBBLE, 0)},
    {CONTROLLABLE, "ZB-V", "zb-v", 8, 32, 2, UNIT, EXACT(PAPER_SPAN_BUBBLE, 0)},
    {CONTROLLABLE, "V-Half", "v-half", 4, 16, 2, UNIT, EXACT(PAPER_PEAK, 3)},
    {CONTROLLABLE, "V-Half", "v-half", 6, 16, 2, UNIT, EXACT(PAPER_PEAK, 4)},
    {CONTROLLABLE, "V-Half", "v-half", 8, 32, 2, UNIT, EXACT(PAPER_PEAK, 5)},
    {CONTROLLABLE, "V-Half", "v-half", 4, 16, 2, UNIT, EXACT(PAPER_IDLE, 2.5)},
    {CONTROLLABLE, "V-Half", "v-half", 6, 16, 2, UNIT, EXACT(PAPER_IDLE, 5.5)},
    {CONTROLLABLE, "V-Half", "v-half", 8, 32, 2, UNIT, EXACT(PAPER_IDLE, 8.5)},
    {CONTROLLABLE, "V-Min", "v-min", 4, 16, 2, UNIT, EXACT(PAPER_PEAK, 2)},
    {CONTROLLABLE, "V-Min", "v-min", 6, 16, 2, UNIT, EXACT(PAPER_PEAK, 3)},
    {CONTROLLABLE, "V-Min", "v-min", 8, 32, 2, UNIT, EXACT(PAPER_PEAK, 4)},
    {CONTROLLABLE, "V-Min", "v-min", 4, 16, 2, UNIT, EXACT(PAPER_IDLE, 5.5)},
    {CONTROLLABLE, "V-Min", "v-min", 6, 16, 2, UNIT, EXACT(PAPER_IDLE, 8.5)},
    {CONTROLLABLE, "V-Min", "v-min", 8, 32, 2, UNIT, EXACT(PAPER_IDLE, 13.5)},
    /* (p-1)(tF+tI)/v, and p v chunks on the first device */
    {PIPE_OFFLOAD, "GIS", "gis", 4, 8, 2, UNIT, EXACT(PAPER_IDLE, 3)},
    {PIPE_OFFLOAD, "GIS", "gis", 4, 16, 2, UNIT, EXACT(PAPER_IDLE, 3)},
    {PIPE_OFFLOAD, "GIS", "gis", 4, 16, 4, UNIT, EXACT(PAPER_IDLE, 1.5)},
    {PIPE_OFFLOAD, "GIS", "gis", 8, 16, 2, UNIT, EXACT(PAPER_IDLE, 7)},
    {PIPE_OFFLOAD, "GIS", "gis", 4, 16, 2, UNIT, EXACT(PAPER_PEAK, 4)},
    {PIPE_OFFLOAD, "GIS", "gis", 8, 16, 2, UNIT, EXACT(PAPER_PEAK, 8)},
    /* in groups of g: (p-g)(v-1)/v more, and (g(v-1)+p)/v on the first */
    {PIPE_OFFLOAD, "GIS-H", "gis", 4, 8, 2, 1, 2, UNIT, EXACT(PAPER_IDLE, 4)},
    {PIPE_OFFLOAD, "GIS-H", "gis", 4, 12, 2, 1, 3, UNIT,
     EXACT(PAPER_IDLE, 3.5)},
    {PIPE_OFFLOAD, "GIS-H", "gis", 4, 16, 4, 1, 2, UNIT, EXACT(PAPER_IDLE, 3)},
    {PIPE_OFFLOAD, "GIS-H", "gis", 8, 16, 2, 1, 4, UNIT, EXACT(PAPER_IDLE, 9)},
    {PIPE_OFFLOAD, "GIS-H", "gis", 4, 16, 2, 1, 2, UNIT, EXACT(PAPER_PEAK, 3)},
    {PIPE_OFFLOAD, "GIS-H", "gis", 8, 16, 2, 1, 4, UNIT, EXACT(PAPER_PEAK, 6)},
    /* (p-1)(tF+tB)/s, and (s+p-1)/s sequences on the first device */
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 4, 8, 1, 2, UNIT, EXACT(PAPER_IDLE, 4.5)},
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 4, 8, 1, 4, UNIT, EXACT(PAPER_IDLE, 2.25)},
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 8, 16, 1, 4, UNIT, EXACT(PAPER_IDLE, 5.25)},
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 4, 8, 1, 2, UNIT, EXACT(PAPER_PEAK, 2.5)},
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 4, 8, 1, 4, UNIT, EXACT(PAPER_PEAK, 1.75)},
    {SEQ1F1B, "Seq1F1B", "seq1f1b", 8, 16, 1, 4, UNIT, EXACT(PAPER_PEAK, 2.75)},
};

enum {
    N_ZB = (int)(sizeof zb_settings / sizeof *zb_settings) * ZB_COLUMNS,
    N_OTHERS = (int)(sizeof others / sizeof *others),
};

const char *const paper_figure_names[PAPER_N_FIGURES] = {
    [PAPER_BUBBLE] = "bubble",
    [PAPER_SPAN_BUBBLE] = "bubble of the span",
    [PAPER_IDLE] = "idle time",
    [PAPER_PEAK] = "peak",
};

static struct paper_claim zb_claim(int setting, int column)
{
    const struct zb_setting *s = &zb_settings[setting];
    return (struct paper_claim){
        .source = ZERO_BUBBLE,
        .called = zb_columns[column].called,
        .schedule = zb_columns[column].schedule,
        .devices = s->p,
        .microbatches = s->m,
        .forward = s->forward,
        .input = s->input,
        .weight = s->weight,
        .hand_off = s->hand_off,
        .limit = zb_columns[column].times_p * s->p,
        .width = s->width,
        .heads = s->heads,
        .figure = PAPER_SPAN_BUBBLE,
        .printed = s->rates[column],
        .half_digit = .5e-4,
    };
}

bool paper_claim(int i, struct paper_claim *claim)
{
    if (i >= N_OTHERS + N_ZB)
        return false;
    *claim = i < N_OTHERS ? others[i]
                          : zb_claim((i - N_OTHERS) / ZB_COLUMNS,
                                     (i - N_OTHERS) % ZB_COLUMNS);
    return true;
}
