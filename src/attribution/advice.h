/* What to change, from what an attribution found.  Any thread. */
#ifndef SL_ATTRIBUTION_ADVICE_H
#define SL_ATTRIBUTION_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/attribution.h>

/* What the remedies depend on; per device means divided by the number of all
 * devices. */
struct sl_observations {
    int n_replicas;
    int n_devices;      /* of one replica */
    int n_microbatches; /* likewise */
    int slowest;        /* the device that computes longest */
    double step_ns;     /* T */
    double slowest_ns;  /* how long */
    double mean_ns;     /* the mean of all devices */
    double mean_cause_ns[SLUICE_N_IDLE_CAUSES];
    double fullest_ns;   /* the largest back-pressure of a device */
    double preempted_ns; /* the largest preemption of one */
    double excess;       /* bubble - formula */

    /* Filled by sl_alternatives_price(): simulated makespans; 0: not known. */
    int64_t as_is_ns; /* as it was */
    int64_t even_ns;  /* with equal stages */
    int64_t more_ns;  /* with sl_more_batches() */
    int64_t fewer_ns; /* with M / 2 */
    int64_t joint_ns; /* with a device for each of n_cores */
    int n_cores;      /* for a replica; maybe 0 */
    int64_t again_ns; /* as it was, action by action */
    int64_t roomy_ns; /* so, with more_capacity instead of capacity */
    int64_t own_ns;   /* so, with a core for each device */
    int capacity;     /* of the queues */
    int more_capacity;
};

/* Whether it pays to talk about `ns` of a step. */
bool sl_is_worth(const struct sl_observations *found, double ns);

/* The larger M that may be advised. */
int sl_more_batches(int devices, int microbatches);

/* The remedy of the largest gain; sluice_trace_attribute() has the formulas. */
void sl_advise(const struct sl_observations *found, sluice_advice *advice);

#endif
