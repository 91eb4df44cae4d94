/*
 * What an adapter has, and what it does about a step; adapter.c tells how.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_ADAPTER_H
#define SL_TRAIN_ADAPT_ADAPTER_H

#include <sluice/adapt.h>
#include <sluice/plan.h>

#include "train/adapt/cells.h"
#include "train/adapt/cpus.h"
#include "train/adapt/decision.h"
#include "train/adapt/held.h"
#include "train/adapt/step_window.h"

struct sluice_adapter {
    const sluice_allocator *allocator;
    sluice_pipeline_config config; /* as created; its cut is not read */
    sluice_plan_config problem;
    sluice_plan_layer *layers; /* [n_layers] */
    int64_t *shares;           /* [n_layers][KINDS] */
    int64_t *costs_ns;         /* [n_layers][KINDS], once calibrated */
    struct sl_cells *cells;    /* seen so far; NULL: calibrated */
    int microbatches;
    double margin;

    sluice_plan_device devices[SLUICE_MAX_DEVICES]; /* the machine's: caps */
    struct sl_machine machine;                      /* as judged last */
    struct sl_machine assumed; /* the same, with speeds that are not rounded */
    double usual[SLUICE_MAX_DEVICES];  /* speeds when all had work, */
    bool knows_usual;                  /* once a window showed them */
    bool slows;                        /* devices are told to be slow */
    double slowed[SLUICE_MAX_DEVICES]; /* to these speeds */
    struct sl_cpus cpus;
    struct sl_held_shape now;
    struct sl_held_shape before; /* the one that it had before */
    int n_failed;                /* reshapes in a row that gained nothing */

    int n_seen;      /* steps of this shape; the first one does not count */
    int waits;       /* steps until it may judge again */
    int n_unsettled; /* steps in a row in which devices were changing */
    struct sl_step_window seen;
    bool awaits; /* what the last reshape has gained is to be measured */
    bool relieved[SLUICE_MAX_DEVICES]; /* it has given a device no more work */
    sluice_adaptation last;
};

/*
 * Look at a step of which this is the trace, and reshape the pipeline if that
 * is worth it: sluice_adapter_step() with the trace of the last step.
 */
void sl_adapter_see(sluice_adapter *adapter, sluice_pipeline *pipe,
                    const sluice_trace *trace, sluice_adaptation *news);

#endif
