/* What to change, from what an attribution found.  Any thread. */
#ifndef SL_REPORT_ADVICE_H
#define SL_REPORT_ADVICE_H

#include <stdint.h>

#include <sluice/attribution.h>

/* What the remedies depend on; per device means divided by K. */
struct sl_findings {
    int n_devices;
    int n_microbatches;
    int slowest;       /* the device that computes longest */
    double step_ns;    /* T */
    double slowest_ns; /* how long */
    double mean_ns;    /* the mean of all devices */
    double mean_cause_ns[SLUICE_N_IDLE_CAUSES];
    double fullest_ns; /* the largest back-pressure of a device */
    double excess;     /* bubble - formula */
    /* Simulated makespans; 0: not known. */
    int64_t as_is_ns; /* as it was */
    int64_t even_ns;  /* with equal stages */
    int64_t more_ns;  /* with sl_more_batches() */
    int64_t fewer_ns; /* with M / 2 */
};

/* The larger M that may be advised. */
int sl_more_batches(int devices, int microbatches);

/* The remedy of the largest gain; sluice_trace_attribute() has the formulas. */
void sl_advise(const struct sl_findings *found, sluice_advice *advice);

#endif
