/*
 * Costs of layers in a file, so that they are measured once:
 *
 *     team,microbatches,layer,F,B,I,W,R,UPDATE,first_F,first_B,REDUCE_GRAD,once
 *     1,8,0,120500,240100,118000,122000,119800,40000,60000,120000,30000,0
 *
 * Times are ns on a device of speed 1, for a micro-batch of the mini-batch that
 * they were measured for; -1: not known.  first_F and first_B say how much
 * longer the first F and the first backward of a step take.  once is 1 in a row
 * of as many replicas as micro-batches, each of which uses its weights once.
 * Columns S and T may follow: of the last layer those of a head that is cut,
 * all parts together.  A line "wake,50000" says what a thread that sleeps takes
 * to wake.
 */
#ifndef BENCH_PLAN_COSTS_FILE_H
#define BENCH_PLAN_COSTS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sluice/status.h>

/* What there are costs of. */
struct costs_shape {
    const int *teams; /* [n_teams] */
    int n_teams;
    const int *microbatches; /* [n] */
    int n;
    int n_layers;
    const bool *once; /* [n]: whether there are such rows, too; NULL: none */
    bool cut;         /* write S and T, too, which are read in any case */
};

/* Tables of costs[n_teams][n][n_layers][SLUICE_N_ACTION_KINDS]; the second two
 * are of rows with `once`, and NULL where the shape has none. */
struct costs_tables {
    int64_t *costs_ns;
    int64_t *first_ns;
    int64_t *once_ns;
    int64_t *once_first_ns;
    int64_t *wake_ns; /* what a thread that sleeps takes to wake, which is read
                         if the file has it; NULL: not asked for */
};

/*
 * Write tables: the file appears as a whole or not at all.
 *
 * Returns  SLUICE_OK, SLUICE_IO, SLUICE_NO_MEMORY.
 */
sluice_status costs_write(const char *path, const struct costs_shape *shape,
                          const struct costs_tables *tables, sluice_diag *why);

/* The same to an open file, whose errors are the caller's. */
void costs_print(FILE *out, const struct costs_shape *shape,
                 const struct costs_tables *tables);

/*
 * Read them: the rows of these teams and numbers of micro-batches, all of which
 * must be there, each with all layers; others are left out.  Rows with once may
 * be missing: then they are as those without.
 *
 * Returns  SLUICE_OK; SLUICE_IO; SLUICE_FORMAT with file and line.
 */
sluice_status costs_read(const char *path, const struct costs_shape *shape,
                         const struct costs_tables *tables, sluice_diag *why);

/* The same from an open file, with the line alone. */
sluice_status costs_parse(FILE *in, const struct costs_shape *shape,
                          const struct costs_tables *tables, sluice_diag *why);

#endif
