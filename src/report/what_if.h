/* What a step would take if something was changed: simulated.  Any thread. */
#ifndef SL_REPORT_WHAT_IF_H
#define SL_REPORT_WHAT_IF_H

#include <stdbool.h>
#include <stdint.h>

#include "report/index.h"

/* What an F and a backward of a micro-batch cost a device, in ns. */
struct sl_device_cost {
    double forward_ns;
    double backward_ns; /* B, I, W and R together */
    double hand_off_ns; /* for each of the two, whatever its size */
};

/* The pipeline as it was measured, a stage for each device. */
struct sl_what_if {
    const sluice_allocator *allocator;
    int n_devices;
    int n_microbatches;
    bool interleaves;             /* as 1f1b, else gpipe */
    struct sl_device_cost *costs; /* [n_devices] */
    int64_t makespan_ns;          /* of the pipeline as it was */
};

/*
 * Take the costs from a trace; those of hand-offs come later, by
 * sl_what_if_hand_off().
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_what_if_init(struct sl_what_if *what,
                              const struct sl_index *index, sluice_diag *why);

void sl_what_if_fini(struct sl_what_if *what);

/* All of a device's hand-offs took `ns`. */
void sl_what_if_hand_off(struct sl_what_if *what, int device, int64_t ns);

/*
 * The makespan with `microbatches` of them, on equal stages if `even`; 0 if
 * that is more than 2^20 micro-batches of devices, or cannot be simulated.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_what_if(const struct sl_what_if *what, int microbatches,
                         bool even, int64_t *makespan_ns, sluice_diag *why);

#endif
