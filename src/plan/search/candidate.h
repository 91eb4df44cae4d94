/* A plan that is considered: what is cut where, and what that is worth. */
#ifndef SL_PLAN_SEARCH_CANDIDATE_H
#define SL_PLAN_SEARCH_CANDIDATE_H

#include "plan/search/plan_order.h"

struct sl_plan_candidate {
    int n_stages;
    int sizes[SLUICE_PLAN_MAX_STAGES];  /* layers of each stage */
    bool again[SLUICE_PLAN_MAX_STAGES]; /* it recomputes */
    bool early;                     /* as sluice_schedule_recompute() says */
    int device[SLUICE_MAX_DEVICES]; /* of the config, at each place */
    int capacity;
    int64_t step_ns; /* the rest is set by sl_plan_price(); INT64_MAX: it
                        cannot be had */
    double bubble;
    int64_t busy_ns[SLUICE_MAX_DEVICES];
    size_t bytes[SLUICE_MAX_DEVICES];  /* by place */
    size_t packed[SLUICE_MAX_DEVICES]; /* of exact ones, copies of weights */
    bool fits;
    struct sl_plan_excess excess; /* where exact bytes are over a cap, and
                                     counted ones were not */
};

#endif
