/*
 * Adapting in several processes.  All of them have the traces of all devices;
 * process 0 alone judges them.  Whatever shape it wants, it tells the others,
 * and all reshape; then it tells them what became of the step.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_TOGETHER_H
#define SL_TRAIN_ADAPT_TOGETHER_H

#include "train/adapt/adapter.h"

/*
 * Look at a step of which this is the trace, in all processes that the pipeline
 * has: as sl_adapter_see() in one.
 *
 * Blocks   until all processes have called it, or one is gone.
 * Returns  SLUICE_OK, also if a reshape was refused; or why a process is gone.
 */
sluice_status sl_together_see(sluice_adapter *adapter, sluice_pipeline *pipe,
                              const sluice_trace *trace,
                              sluice_adaptation *news, sluice_diag *why);

#endif
