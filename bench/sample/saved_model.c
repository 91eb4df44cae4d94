/* A model from a file of trained parameters.  The main thread. */
#include "bench/sample/saved_model.h"

#include <sluice/optimizer.h>

/* A pipeline of one device; its optimizer makes no step. */
static sluice_status make_pipeline(struct saved_model *saved, int64_t batch,
                                   const sluice_loss_choice *loss,
                                   sluice_diag *why)
{
    sluice_loss_choice own;
    sluice_optimizer_choice optimizer;
    sluice_status st = sluice_optimizer_parse("sgd", &optimizer, why);
    if (!st && !loss)
        st =
            sluice_loss_for(true, sluice_model_output(saved->model), &own, why);
    if (st)
        return st;
    const sluice_loss_choice *chosen = loss ? loss : &own;
    const sluice_pipeline_config config = {
        .batch = batch,
        .loss = chosen->ops,
        .loss_config = &chosen->config,
        .optimizer = optimizer.ops,
        .optimizer_config = &optimizer.config,
    };
    return sluice_pipeline_create(&config, saved->model, &saved->pipe, why);
}

sluice_status saved_model_open(struct saved_model *saved, const char *path,
                               const sluice_shape *input, int64_t batch,
                               const sluice_loss_choice *loss, sluice_diag *why)
{
    *saved = (struct saved_model){0};
    sluice_status st = sluice_model_read(path, input, NULL, &saved->model, why);
    if (!st)
        st = make_pipeline(saved, batch, loss, why);
    if (!st)
        st = sluice_pipeline_load_weights(saved->pipe, saved->model, path, NULL,
                                          why);
    if (st)
        saved_model_close(saved);
    return st;
}

void saved_model_close(struct saved_model *saved)
{
    sluice_pipeline_destroy(saved->pipe);
    sluice_model_destroy(saved->model);
    *saved = (struct saved_model){0};
}
