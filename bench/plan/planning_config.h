/* What `sluice plan` was asked for, and what comes of it. */
#ifndef BENCH_PLAN_PLANNING_CONFIG_H
#define BENCH_PLAN_PLANNING_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/plan.h>

#include "bench/cli/range.h"
#include "bench/measure/layers/layer_costs.h"
#include "bench/order/device_speeds.h"
#include "bench/plan/machine_file.h"
#include "bench/plan/plan_trial.h"

struct planning_config {
    const char *model;
    int64_t batch;
    struct range microbatches; /* those that divide the batch are taken */

    int devices; /* 0: as `speeds` or `machine` say, or 2 */
    struct device_speeds speeds;
    uint64_t cap_bytes;  /* of a device; 0: none */
    const char *machine; /* a file; NULL: none */

    struct range replicas; /* that may be taken; none: 1 */
    struct range teams;    /* the same */
    struct range zeros;    /* the same; none: 0 */
    struct range gathers;  /* the same */
    bool vocabulary;       /* may be cut */
    bool any_team;         /* teams that cannot be measured are left out */
    const char *schedules; /* as in sluice_plan_config */
    int capacity;          /* of the queues; 0: what is best */
    bool no_remat;
    bool no_early;
    sluice_optimizer_choice optimizer; /* ops NULL: sgd with momentum */
    const char *gemm;
    const char *precision;

    bool measures;           /* the layers, on this machine */
    const char *costs;       /* a file of costs; NULL: modelled or measured */
    const char *saves_costs; /* a file to write them to; NULL: none */
    double gflops;           /* of the model of costs */
    uint64_t bandwidth;
    uint64_t seed;
    layer_costs_fn *measure; /* NULL: layer_costs_measure() */

    const char *write; /* a file for the plan; NULL: none */
    int tries;         /* steps by the plan; 0: none */
};

/* What comes of it. */
struct planned {
    sluice_plan *plan;  /* to be destroyed by the caller */
    struct trial trial; /* if config->tries */
};

#endif
