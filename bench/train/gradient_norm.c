/* The norm of a gradient.  The main thread. */
#include "bench/train/gradient_norm.h"

#include <math.h>
#include <stdlib.h>

sluice_status gradient_norm_init(struct gradient_norm *norm,
                                 const sluice_model *model, sluice_diag *why)
{
    sluice_parameter at = {0};
    *norm = (struct gradient_norm){.model = model, .n_room = 1};
    while (sluice_model_next_parameter(model, &at))
        if ((size_t)at.n > norm->n_room)
            norm->n_room = (size_t)at.n;
    norm->room = calloc(norm->n_room, sizeof *norm->room);
    if (norm->room)
        return SLUICE_OK;
    return sluice_diag_set(why, SLUICE_NO_MEMORY,
                           "out of memory for a copy of a gradient");
}

void gradient_norm_fini(struct gradient_norm *norm)
{
    free(norm->room);
    *norm = (struct gradient_norm){0};
}

double gradient_norm(const struct gradient_norm *norm,
                     const sluice_pipeline *pipe,
                     const sluice_progress *progress)
{
    sluice_parameter at = {0};
    double sum = 0;
    if (!norm->room || progress->epoch_end)
        return NAN;
    while (sluice_model_next_parameter(norm->model, &at)) {
        if (at.spec->statistic)
            continue;
        sluice_pipeline_get_gradient(pipe, at.name, norm->room, at.n, NULL);
        for (int64_t i = 0; i < at.n; i++)
            sum += (double)norm->room[i] * (double)norm->room[i];
    }
    return sqrt(sum);
}
