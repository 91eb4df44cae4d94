/*
 * Cells that take a set time and no core: what `timed` layers are made of.
 *
 * Threads: the stage's device.
 */
#ifndef SL_NN_TIMED_TIMED_CELL_H
#define SL_NN_TIMED_TIMED_CELL_H

#include <stdint.h>

#include <sluice/layer.h>

/* A cell under way. */
struct sl_timed_cell {
    int64_t start_ns;
    int64_t cpu_ns;
};

struct sl_timed_cell sl_timed_begin(void);

/* Stretch the cell to `ns`; what took no CPU time of it was off the core. */
void sl_timed_end(const sluice_layer_call *call, struct sl_timed_cell cell,
                  int64_t ns);

#endif
