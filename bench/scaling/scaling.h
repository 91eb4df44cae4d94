/*
 * A Transformer on many devices: every product of pipeline, data and tensor
 * parallelism, planned, proved and simulated.  Nothing is measured.
 */
#ifndef BENCH_SCALING_SCALING_H
#define BENCH_SCALING_SCALING_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/range.h"

enum { SCALING_MOST_DEVICES = 65536, SCALING_MOST_WIDTH = 1 << 20 };

struct scaling_config {
    struct range devices;
    int node_devices; /* of a node */

    int layers; /* blocks of the Transformer */
    int width;
    int heads;
    int vocabulary;
    int context;   /* tokens of a sequence */
    int64_t batch; /* sequences of a mini-batch */
    int64_t rows;  /* sequences of a micro-batch */

    const char *schedule; /* a generator's name */
    int zero;             /* what replicas share out, 0 to 3 */
    uint64_t cap_bytes;   /* of a device; 0: none */

    double gflops;        /* of a device */
    uint64_t memory_rate; /* bytes a second, of its memory, */
    uint64_t rate;        /* of a link within a node, */
    uint64_t network_rate;
    int64_t latency_ns;
    int64_t network_ns;
};

/* One way to use the devices. */
struct scaling_row {
    int devices;
    int places;   /* K */
    int replicas; /* R */
    int team;     /* t */
    int microbatches;
    bool recomputes; /* all stages, because they would not fit otherwise */
    bool fits;       /* its cap */
    bool fastest;    /* of those of as many devices that fit */
    int64_t step_ns;
    double bubble;        /* of the pipeline, all-reduces of teams are work */
    double efficiency;    /* the work of a step, at the rates of one device and
                             without hand-overs, to the time of all devices */
    int64_t reduce_ns;    /* gradients between replicas, the slowest stage */
    int64_t team_ns;      /* all-reduces of a team in a step, the same */
    int64_t hand_bytes;   /* handed to the next stage, by each replica, */
    int64_t reduce_bytes; /* sent by a device for its gradients, */
    int64_t team_bytes;   /* and within its team; each the most of a device */
    int64_t bytes;        /* of the device that takes most */
};

typedef void scaling_on_row(void *context, const struct scaling_row *row);

/*
 * For each number D of devices all K, R and t with K R t = D, K and t being
 * powers of 2: K at most the blocks and SLUICE_MAX_DEVICES, t a divisor of the
 * heads and at most the devices of a node.  A mini-batch must make whole
 * micro-batches on R replicas.  The layers are cut by the exact minimax cut;
 * the schedule of a replica is proved, and simulated with its updates.  All
 * replicas have the same.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for a model that cannot be, or if no K, R
 *          and t make D; SLUICE_NOT_FOUND for the schedule's name;
 *          SLUICE_NO_MEMORY.
 */
sluice_status scaling_find(const struct scaling_config *config,
                           scaling_on_row *on_row, void *context,
                           sluice_diag *why);

#endif
