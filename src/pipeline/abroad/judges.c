/* What processes tell each other about micro-batches.  The caller. */
#include "pipeline/abroad/judges.h"

#include <pthread.h>

#include "base/split.h"
#include "chan/mpi/world.h"
#include "nn/model/settle.h"
#include "pipeline/abroad/abroad.h"

/* The process whose device ends the F of a micro-batch. */
static void note_judges(const sluice_pipeline *pipe,
                        const struct sl_program *programs, int *judges)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_grid *grid = &bp->grid;
    for (int d = 0; d < grid->n_devices; d++)
        for (int i = 0; i < programs[d].n_ops; i++) {
            const struct sl_op *op = &programs[d].ops[i];
            if (op->kind != SL_OP_F || !sl_is_last_part(grid, op->action.stage))
                continue;
            for (int r = 0; r < grid->n_replicas; r++)
                judges[r * grid->n_microbatches + op->action.microbatch] =
                    sl_process_of(&bp->processes, grid,
                                  (struct sl_coordinates){d, r, 0});
        }
}

void sl_abroad_find_judges(sluice_pipeline *pipe)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    note_judges(pipe, pipe->blueprint.train, pipe->judges);
    note_judges(pipe, pipe->blueprint.forward, pipe->judges + n);
}

/* Where the knowledge about a job's micro-batches is. */
static const int *judges_of(const sluice_pipeline *pipe, bool training)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    return pipe->judges + (training ? 0 : n);
}

bool sl_abroad_judges(const sluice_pipeline *pipe)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    int i = 0;
    while (i < 2 * n && pipe->judges[i] != pipe->blueprint.processes.rank)
        i++;
    return i < 2 * n;
}

/* Give all processes what each judge has found. */
static sluice_status share_found(const sluice_pipeline *pipe, const int *judges,
                                 sluice_diag *why)
{
    int n = sl_n_all_microbatches(&pipe->blueprint.grid);
    sluice_status st = SLUICE_OK;
    for (int i = 0, end; i < n && !st; i = end) {
        for (end = i + 1; end < n && judges[end] == judges[i];)
            end++;
        st = sl_abroad_share(pipe, judges[i], &pipe->outcomes[i],
                             (size_t)(end - i) * sizeof *pipe->outcomes, why);
    }
    return st;
}

/* Returns false if a process is gone. */
static bool tell(sluice_pipeline *pipe, int process, void *buffer, size_t bytes)
{
    sluice_diag why;
    if (!sl_world_broadcast(pipe->world, process, buffer, bytes, &why))
        return true;
    sl_failure_overrule(&pipe->everyone->failure, &why);
    pipe->broke = true;
    return false;
}

void sl_abroad_share_outcomes(sluice_pipeline *pipe)
{
    sluice_diag why;
    if (!share_found(pipe, judges_of(pipe, pipe->job.training), &why))
        return;
    sl_failure_overrule(&pipe->everyone->failure, &why);
    pipe->broke = true;
}

bool sl_abroad_tells_terms(const sluice_pipeline *pipe)
{
    return pipe->world && pipe->blueprint.loss->terms;
}

/* Those that this process has the targets of. */
static sluice_status count(const sluice_pipeline *pipe,
                           const struct sl_job *job, sluice_diag *why)
{
    const struct sl_blueprint *bp = &pipe->blueprint;
    const struct sl_grid *grid = &bp->grid;
    const int *judges = judges_of(pipe, job->training);
    bool tells = sl_abroad_tells_terms(pipe);
    for (int i = 0; i < sl_n_all_microbatches(grid); i++) {
        struct sl_outcome *found = &pipe->outcomes[i];
        struct sl_rows rows = sl_replica_rows(
            job->rows, grid->n_replicas, i / grid->n_microbatches,
            grid->n_microbatches, i % grid->n_microbatches);
        if (tells && judges[i] != bp->processes.rank)
            continue;
        const char *targets = job->targets;
        if (targets)
            targets += rows.first * bp->loss_plan.target_row_bytes;
        sluice_status st = sl_loss_terms(bp->loss, &bp->loss_plan, targets,
                                         rows.n, &found->terms, why);
        if (st)
            return st;
    }
    return SLUICE_OK;
}

sluice_status sl_abroad_count_terms(sluice_pipeline *pipe,
                                    const struct sl_job *job, sluice_status st,
                                    sluice_diag *why)
{
    int cancel_state;
    if (!st)
        st = count(pipe, job, why);
    if (!sl_abroad_tells_terms(pipe) || sl_pipeline_is_inherited(pipe))
        return st ? sl_abroad_refuse(pipe, job, st, why) : st;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    /* Who has failed, or has left, would not be there to tell or be told. */
    st = sl_world_check(pipe->world, st, why);
    if (!st)
        st = share_found(pipe, judges_of(pipe, job->training), why);
    pthread_setcancelstate(cancel_state, NULL);
    return st;
}

/* Of rows of a cut vocabulary: each device has made its own columns. */
static bool share_columns(sluice_pipeline *pipe, int replica,
                          struct sl_rows rows, int64_t out)
{
    const struct sl_cut_table *table = &sl_abroad_cut_head(pipe)->table;
    int64_t all = table->tensor.shape.dims[0];
    int n_shards = pipe->blueprint.grid.n_shards;
    float *y = pipe->job.y + rows.first * out;
    bool goes_on = true;
    for (int64_t i = 0; i < rows.n * (out / all); i++)
        for (int d = 0; goes_on && d < table->n_parts; d++)
            goes_on =
                tell(pipe, sl_abroad_process_at(pipe, replica, d / n_shards),
                     y + i * all + table->parts[d].first,
                     (size_t)table->parts[d].n * sizeof *y);
    return goes_on;
}

void sl_abroad_share_outputs(sluice_pipeline *pipe, int64_t out)
{
    const struct sl_grid *grid = &pipe->blueprint.grid;
    bool goes_on = pipe->world && !sl_abroad_stopped(pipe);
    for (int i = 0; goes_on && i < sl_n_all_microbatches(grid); i++) {
        struct sl_rows rows = sl_replica_rows(
            pipe->job.rows, grid->n_replicas, i / grid->n_microbatches,
            grid->n_microbatches, i % grid->n_microbatches);
        goes_on = sl_abroad_cut_head(pipe)
                      ? share_columns(pipe, i / grid->n_microbatches, rows, out)
                      : tell(pipe, judges_of(pipe, false)[i],
                             pipe->job.y + rows.first * out,
                             (size_t)(rows.n * out) * sizeof(float));
    }
}
