/*
 * The best parameters of a training whose processes reshape meanwhile: they
 * come back, wherever they are to go then.
 */
#include <sluice/loss.h>
#include <sluice/optimizer.h>
#include <sluice/reshape.h>

#include "bench/train/patience.h"
#include "pipeline/world/world.h"

enum { MOST = 64 };

struct scene {
    sluice_model *model;
    sluice_pipeline_config config;
    int processes[2]; /* of the devices */
    sluice_pipeline *pipe;
    struct patience patience;
    sluice_diag why;
};

static void begin(struct scene *is, sluice_world *world)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.1};
    *is = (struct scene){.processes = {0, 1}};
    demand(!sluice_model_parse("3-19-2", NULL, &is->model, &is->why), "%s",
           is->why.text);
    is->config = (sluice_pipeline_config){
        .schedule = {.devices = 2, .microbatches = 1},
        .batch = 1,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
        .world = world,
        .processes = is->processes,
        .n_processes = 2,
    };
    demand(!sluice_pipeline_create(&is->config, is->model, &is->pipe, &is->why),
           "%s", is->why.text);
    demand(
        !patience_init(&is->patience, 9, is->model, is->pipe, world, &is->why),
        "%s", is->why.text);
}

static void end(struct scene *is)
{
    patience_fini(&is->patience);
    sluice_pipeline_destroy(is->pipe);
    sluice_model_destroy(is->model);
}

/* The devices change their processes. */
static void swap(struct scene *is)
{
    is->processes[0] = 1 - is->processes[0];
    is->processes[1] = 1 - is->processes[1];
    demand(!sluice_pipeline_reshape(is->pipe, &is->config, &is->why), "%s",
           is->why.text);
}

/* The values of an epoch: each parameter has others. */
static float value_of(int epoch, const sluice_parameter *at, int64_t i)
{
    return (float)(1000 * epoch + 100 * at->layer + 50 * at->index) + (float)i;
}

static bool end_epoch(struct scene *is, int epoch, double accuracy)
{
    const sluice_progress progress = {
        .epoch_end = true, .epoch = epoch, .test_accuracy = accuracy};
    sluice_parameter at = {0};
    float values[MOST];
    while (sluice_model_next_parameter(is->model, &at)) {
        for (int64_t i = 0; i < at.n; i++)
            values[i] = value_of(epoch, &at, i);
        demand(!sluice_pipeline_set_parameter(is->pipe, at.name, values, at.n,
                                              &is->why),
               "%s", is->why.text);
    }
    return patience_epoch(&is->patience, is->pipe, &progress);
}

static void restore(struct scene *is, int epoch)
{
    sluice_parameter at = {0};
    float values[MOST];
    demand(!patience_restore(&is->patience, is->pipe, &is->why), "%s",
           is->why.text);
    while (sluice_model_next_parameter(is->model, &at)) {
        demand(!sluice_pipeline_get_parameter(is->pipe, at.name, values, at.n,
                                              &is->why),
               "%s", is->why.text);
        for (int64_t i = 0; i < at.n; i++)
            demand(values[i] == value_of(epoch, &at, i),
                   "%s has %g at %lld, and %g was the best", at.name,
                   (double)values[i], (long long)i,
                   (double)value_of(epoch, &at, i));
    }
}

static void show_moved(sluice_world *world)
{
    struct scene is;
    begin(&is, world);
    demand(end_epoch(&is, 1, 0.5), "it ends");
    swap(&is);
    demand(end_epoch(&is, 2, 0.4), "it ends");
    restore(&is, 1);
    end(&is);
}

static void show_kept(sluice_world *world)
{
    struct scene is;
    begin(&is, world);
    demand(end_epoch(&is, 1, 0.5), "it ends");
    swap(&is);
    demand(end_epoch(&is, 2, 0.6),
           "it ends"); /* other parameters than before */
    demand(end_epoch(&is, 3, 0.4), "it ends");
    restore(&is, 2);
    end(&is);
}

int main(int argc, char **argv)
{
    static const struct sl_test_claim claims[] = {
        {"the_best_parameters_go_where_they_are_held_now", show_moved},
        {"what_is_held_in_another_shape_is_kept", show_kept},
    };
    (void)argc;
    return sl_test_claims(claims, sizeof claims / sizeof *claims, argv + 1);
}
