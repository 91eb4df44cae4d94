/* Pipelines that are measured.  The main thread. */
#include "bench/measure/measure_config.h"

#include <sluice/loss.h>
#include <sluice/optimizer.h>

#include "bench/order/order.h"

sluice_pipeline_config plain_pipeline_config(int devices, int microbatches,
                                             int64_t rows)
{
    static const sluice_sgd_config sgd = {.learning_rate = 0.01,
                                          .momentum = 0.9};
    return (sluice_pipeline_config){
        .schedule = {.devices = devices, .microbatches = microbatches},
        .batch = rows,
        .loss = sluice_mean_squared_error(),
        .optimizer = sluice_sgd(),
        .optimizer_config = &sgd,
    };
}

sluice_pipeline_config measure_pipeline_config(const struct measure_config *c)
{
    sluice_pipeline_config config =
        plain_pipeline_config(c->devices, c->microbatches, c->work->rows);
    if (c->work->labelled)
        config.loss = sluice_cross_entropy();
    config.replicas = c->replicas;
    config.team = c->team;
    config.zero = c->zero;
    order_apply(c->order, &config);
    config.custom = c->custom;
    if (c->partition)
        config.cut = SLUICE_CUT_LIST;
    config.partition = c->partition;
    config.seed = c->seed;
    config.spin_ns = c->spin_ns;
    config.trace = true;
    config.world = c->world;
    return config;
}

int measure_config_steps(const struct measure_config *config)
{
    return config->warmup + config->repetitions * (config->turns ? 2 : 1);
}
