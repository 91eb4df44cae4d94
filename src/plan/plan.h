/* The plan as the library sees it. */
#ifndef SL_PLAN_PLAN_H
#define SL_PLAN_PLAN_H

#include "plan/board.h"

struct sluice_plan {
    const sluice_allocator *allocator; /* all of it const after creation */
    sluice_plan_row rows[SLUICE_PLAN_MAX_ROWS];
    int n_rows;
    sluice_schedule *schedule; /* recomputes included */
    int64_t batch;
    int n_stages;
    int sizes[SLUICE_PLAN_MAX_STAGES];
    int n_places;
    int device[SLUICE_MAX_DEVICES]; /* of the config, at each place */
    double speed[SLUICE_MAX_DEVICES];
    int64_t bound_ns; /* 0: not known */
    char sentence[SLUICE_PLAN_TEXT];
};

#endif
