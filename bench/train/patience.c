/* Early stopping.  The main thread. */
#include "bench/train/patience.h"

#include <stdlib.h>

sluice_status patience_init(struct patience *patience, int epochs,
                            const sluice_model *model, sluice_diag *why)
{
    *patience = (struct patience){.epochs = epochs, .model = model};
    if (!epochs)
        return SLUICE_OK;
    size_t n = (size_t)sluice_model_n_parameters(model);
    patience->best = calloc(n ? n : 1, sizeof *patience->best);
    if (patience->best)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a copy of the best parameters");
}

void patience_fini(struct patience *patience)
{
    free(patience->best);
    *patience = (struct patience){0};
}

static bool is_better(const struct patience *p, const sluice_progress *now)
{
    if (!p->has_best || now->test_accuracy > p->accuracy)
        return true;
    return now->test_accuracy == p->accuracy && now->test_loss < p->loss;
}

static void keep(struct patience *p, const sluice_pipeline *pipe)
{
    sluice_parameter at = {0};
    float *values = p->best;
    while (sluice_model_next_parameter(p->model, &at)) {
        sluice_pipeline_get_parameter(pipe, at.name, values, at.n, NULL);
        values += at.n;
    }
}

bool patience_epoch(struct patience *patience, const sluice_pipeline *pipe,
                    const sluice_progress *progress)
{
    struct patience *p = patience;
    if (!p->epochs)
        return true;
    if (!is_better(p, progress))
        return ++p->since < p->epochs;
    keep(p, pipe);
    p->has_best = true;
    p->best_epoch = progress->epoch;
    p->loss = progress->test_loss;
    p->accuracy = progress->test_accuracy;
    p->since = 0;
    return true;
}

sluice_status patience_restore(const struct patience *patience,
                               sluice_pipeline *pipe, sluice_diag *why)
{
    sluice_parameter at = {0};
    const float *values = patience->best;
    sluice_status st = SLUICE_OK;
    if (!patience->has_best || !patience->since)
        return SLUICE_OK;
    while (!st && sluice_model_next_parameter(patience->model, &at)) {
        st = sluice_pipeline_set_parameter(pipe, at.name, values, at.n, why);
        values += at.n;
    }
    return st;
}
