/* What a step would take if something was changed: simulated, with the mean
 * costs of each device.  Any thread. */
#ifndef SL_ATTRIBUTION_WHAT_IF_H
#define SL_ATTRIBUTION_WHAT_IF_H

#include <stdbool.h>
#include <stdint.h>

#include "attribution/trace_index.h"

/* What an F and a backward of a micro-batch cost a device, in ns; backwards are
 * B, I, W and R together. */
struct sl_device_cost {
    double forward_ns;
    double backward_ns;
    double own_forward_ns; /* the same with a core of its own */
    double own_backward_ns;
    double hand_off_ns; /* for each of the two, whatever its size */
};

/* One replica of the pipeline as it was measured, a stage for each device. */
struct sl_what_if {
    const sluice_allocator *allocator;
    int n_replicas;
    int n_devices;                /* of one replica */
    int n_microbatches;           /* likewise */
    bool interleaves;             /* as 1f1b, else gpipe */
    struct sl_device_cost *costs; /* [n_devices], the mean over replicas */
};

/* Zero means as it was. */
struct sl_change {
    int n_microbatches;
    int n_devices; /* fewer: neighbours are put together, each with a core */
    bool even;     /* equal stages */
};

/*
 * Take the costs from a trace; those of hand-offs come later, by
 * sl_what_if_hand_off().  With `cells_sleep` no action lacks a core.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_what_if_init(struct sl_what_if *what,
                              const struct sl_index *index, bool cells_sleep,
                              sluice_diag *why);

void sl_what_if_fini(struct sl_what_if *what);

/* All hand-offs of a device, of any replica, took `ns`. */
void sl_what_if_hand_off(struct sl_what_if *what, int device, int64_t ns);

/*
 * The makespan with a change; 0 if that is more than 2^20 micro-batches of
 * devices, or cannot be simulated.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_what_if(const struct sl_what_if *what, struct sl_change change,
                         int64_t *makespan_ns, sluice_diag *why);

#endif
