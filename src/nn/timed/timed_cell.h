/*
 * Cells that take a set time and no core: what `timed` layers are made of.
 *
 * Threads: the stage's device.
 */
#ifndef SL_NN_TIMED_TIMED_CELL_H
#define SL_NN_TIMED_TIMED_CELL_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/layer.h>

#define SL_TIMED_MAX_NS 3600e9 /* of a time in a text: an hour */

/* The option of one time of a layer's config, in nanoseconds. */
#define SL_TIMED_OPTION(NAME, HELP, CONFIG, FIELD)                             \
    {                                                                          \
        .name = (NAME), .help = (HELP), .type = SLUICE_OPTION_INTEGER,         \
        .offset = offsetof(CONFIG, FIELD), .bytes = sizeof(int64_t),           \
        .max = SL_TIMED_MAX_NS,                                                \
    }

/* A cell under way. */
struct sl_timed_cell {
    int64_t start_ns;
    int64_t cpu_ns;
};

struct sl_timed_cell sl_timed_begin(void);

/* Stretch the cell to `ns`, or a device's share of it in a team; what took no
 * CPU time of it was off the core. */
void sl_timed_end(const sluice_layer_call *call, struct sl_timed_cell cell,
                  int64_t ns);

#endif
