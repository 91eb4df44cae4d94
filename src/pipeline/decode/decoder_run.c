/* A decoder's layers, at one position.  The caller. */
#include "pipeline/decode/decoder_run.h"

#include "base/denormals.h"
#include "nn/model/model.h"
#include "pipeline/abroad/abroad.h"
#include "pipeline/decode/decoder_move.h"

static sluice_status run_layer(sluice_decoder *d, int i, size_t first_param,
                               const void *x, float *y, sluice_diag *why)
{
    const sluice_layer_call call = {
        .config = sl_model_layer_config(d->model, i),
        .plan = sluice_model_layer_plan(d->model, i),
        .layer = i,
        .rows = 1,
        .x = x,
        .y = y,
        .params = d->weights.params + first_param,
        .grads = d->grads + first_param,
        .saved = d->place.room.saved,
        .workspace = d->place.room.workspace,
        .scratch = d->place.room.scratch,
        .cache = d->place.room.caches[i],
        .position = d->position,
        .cache_positions = d->context,
        .why = why,
    };
    uint64_t denormals = sl_denormals_off(); /* as on a device */
    sluice_status st = sluice_model_layer(d->model, i)->forward(&call);
    sl_denormals_restore(denormals);
    return st;
}

/* Hand a layer's outputs to the process that runs the next one. */
static sluice_status hand_row(const sluice_decoder *d, int i, int next,
                              sluice_diag *failure, sluice_diag *why)
{
    struct sl_decoded_row *row = d->place.room.rows[i % 2];
    const sluice_layer_plan *plan = sluice_model_layer_plan(d->model, i);
    int runner = d->place.runners[i];
    if (runner == d->rank)
        row->why = *failure;
    sluice_status lost = sl_decoder_hand(
        d, runner, next, row,
        sl_decoded_row_bytes(sluice_shape_elements(&plan->out)), why);
    if (next == d->rank && !lost)
        *failure = row->why;
    return lost;
}

/* Run the layers, of which the last one's outputs go to y.  What fails in one
 * process comes to those behind it in the place of the row. */
static sluice_status run_layers(sluice_decoder *d, const int32_t *token,
                                float *y, sluice_diag *failure,
                                sluice_diag *why)
{
    const void *x = token;
    size_t n_params = 0;
    sluice_status lost = SLUICE_OK;
    for (int i = 0; i < d->n_layers && !lost; i++) {
        const sluice_layer_plan *plan = sluice_model_layer_plan(d->model, i);
        struct sl_decoded_row *row = d->place.room.rows[i % 2];
        int runner = d->place.runners[i];
        bool is_last = i + 1 == d->n_layers;
        int next = is_last ? runner : d->place.runners[i + 1];
        if (runner == d->rank && !failure->status) {
            sluice_status st =
                run_layer(d, i, n_params, x, is_last ? y : row->y, failure);
            failure->status = st;
            if (st && d->pipe->world)
                failure->process = d->rank;
        }
        n_params += (size_t)plan->n_params;
        if (runner != next)
            lost = hand_row(d, i, next, failure, why);
        x = row->y;
    }
    return lost;
}

sluice_status sl_decoder_run(sluice_decoder *d, const int32_t *token, float *y,
                             sluice_diag *why)
{
    const sluice_layer_plan *last =
        sluice_model_layer_plan(d->model, d->n_layers - 1);
    int judge = d->place.runners[d->n_layers - 1];
    sluice_diag failure;
    sluice_diag_set(&failure, SLUICE_OK, "%s", "");
    sluice_status lost = run_layers(d, token, y, &failure, why);
    if (!lost)
        lost = sl_abroad_share(d->pipe, judge, &failure, sizeof failure, why);
    if (!lost && !failure.status)
        lost = sl_abroad_share(
            d->pipe, judge, y,
            (size_t)sluice_shape_elements(&last->out) * sizeof *y, why);
    if (!lost && failure.status && why)
        *why = failure;
    return lost ? lost : failure.status;
}
