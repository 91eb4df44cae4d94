/*
 * A team beside what else the same cores can do with the same products: one
 * device, a device on each core, the threads of OpenBLAS.
 */
#ifndef BENCH_TEAMS_TEAM_TIMES_H
#define BENCH_TEAMS_TEAM_TIMES_H

#include <stdint.h>

#include <sluice/status.h>

#include "bench/cli/range.h"

struct team_config {
    struct range microbatches;
    const char *model;
    int64_t batch;    /* rows of a mini-batch */
    int team;         /* devices of the team, at least 2 */
    const char *gemm; /* the backend, as in sluice_pipeline_config */
    int warmup;       /* turns before those that are timed */
    int repetitions;  /* turns, at least 1 */
};

/* In the order of a turn.  Each makes the products of the whole mini-batch. */
enum team_time {
    TEAM_ALONE, /* one device; another core in each turn */
    TEAM_TEAM,
    TEAM_EACH, /* as many devices at once as the team has, each the whole
                  mini-batch in a pipeline of its own: the mean */
    TEAM_BLAS, /* as many threads of OpenBLAS, without micro-batches */
    N_TEAM_TIMES
};

struct team_row {
    int microbatches;
    int64_t rows;             /* of a micro-batch */
    const char *gemm;         /* as sluice_pipeline_gemm() of the team */
    double *ns[N_TEAM_TIMES]; /* [repetitions], from the first F to the end of
                                 the last B; TEAM_BLAS: the products */
    double *gain;             /* [repetitions] alone / team */
    double *bound;            /* [repetitions] what `each` at once gain */
    double *share;            /* [repetitions] gain / bound */
    double *blas;             /* [repetitions] team / blas */
    double *wait; /* [repetitions] share of the team's time in which a device
                     waited for another */
};

/* What is done with each row, which is valid during the call. */
typedef void team_on_row(void *context, const struct team_row *row);

/*
 * Measure; in each turn all four, one after the other.
 *
 * Returns  SLUICE_OK, or the first error of a pipeline; SLUICE_NO_MEMORY.
 */
sluice_status team_measure(const struct team_config *config,
                           team_on_row *on_row, void *context,
                           sluice_diag *why);

#endif
