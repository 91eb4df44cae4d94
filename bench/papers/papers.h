/* Figures of papers on schedules, and ours under the same assumptions. */
#ifndef BENCH_PAPERS_PAPERS_H
#define BENCH_PAPERS_PAPERS_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

/* What a figure is.  Of all of them less is better. */
enum paper_figure {
    PAPER_BUBBLE,      /* idle share of the makespan */
    PAPER_SPAN_BUBBLE, /* the same of the span */
    PAPER_IDLE,        /* idle time per device, in the unit of the costs */
    PAPER_PEAK,        /* micro-batches whose activations a device holds; of
                          slices: sequences */
    PAPER_N_FIGURES
};

/* A figure as it is printed, or follows from a printed formula.  Costs are of
 * all of a device's stages, for a micro-batch or a sequence. */
struct paper_claim {
    const char *source;
    const char *called;   /* the paper's name of the schedule */
    const char *schedule; /* ours; "auto": what a search finds with `limit` */
    int devices;
    int microbatches; /* or sequences */
    int chunks;       /* 0: 1 */
    int slices;       /* of a sequence; 0: 1 */
    int group;        /* as in sluice_schedule_config */
    double forward, input, weight, hand_off;
    int limit; /* of auto, in micro-batches' activations */
    int width; /* of auto: of the model, and its heads, for what W keeps */
    int heads;
    enum paper_figure figure;
    double printed;
    double half_digit; /* printed is rounded to twice this; 0: exact */
};

extern const char *const paper_figure_names[PAPER_N_FIGURES];

/* Shapes  0 <= i  Returns  false behind the last claim. */
bool paper_claim(int i, struct paper_claim *claim);

/* Make the schedule and find its figure.  Returns SLUICE_OK, the first error.
 */
sluice_status paper_measure(const struct paper_claim *claim, double *ours,
                            sluice_diag *why);

/* Whether a figure is worse than the printed one, which may be rounded. */
bool paper_is_worse(const struct paper_claim *claim, double ours);

#endif
