/* Checking a configuration.  The thread that creates the pipeline. */
#include "blueprint/checks/config_check.h"

#include <inttypes.h>

#include "nn/model/model.h"

sluice_status sl_check_config(const sluice_pipeline_config *config,
                              const sluice_model *model, sluice_diag *why)
{
    if (!config->loss || !config->optimizer)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a pipeline needs a loss and an optimizer: set "
                               "`loss` and `optimizer`");
    if (sluice_model_n_layers(model) == 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "the model has no layers; add some");
    if (sluice_model_is_open(model))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a layer of the model is begun and not ended; "
                               "call sluice_model_end()");
    sluice_status st = sl_model_check_skips(model, why);
    if (st)
        return st;
    if ((unsigned)config->cut > SLUICE_CUT_BYTES)
        return sluice_diag_set(why, SLUICE_INVALID, "%d is not a sluice_cut",
                               (int)config->cut);
    if ((unsigned)config->pinning > SLUICE_PIN_LIST)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d is not a sluice_pinning",
                               (int)config->pinning);
    if ((unsigned)config->finite > SLUICE_FINITE_BOUNDARIES)
        return sluice_diag_set(why, SLUICE_INVALID, "%d is not a sluice_finite",
                               (int)config->finite);
    if (config->queue_capacity < 0)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a queue capacity of %d; give at least 1, or 0 "
                               "for the default",
                               config->queue_capacity);
    if (config->watchdog_ns < 0 || !config->watchdog_ns != !config->on_stuck)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "a watchdog of %" PRId64 " ns %s `on_stuck`; "
                               "set both, the time above 0, or none",
                               config->watchdog_ns,
                               config->on_stuck ? "with" : "without");
    return SLUICE_OK;
}

sluice_status sl_check_devices(const struct sl_grid *grid,
                               const sluice_pipeline_config *config,
                               sluice_diag *why)
{
    if (grid->n_replicas == 1 && grid->n_devices > SLUICE_MAX_DEVICES)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d devices: a process runs 1 to %d; a "
                               "simulation may have more",
                               grid->n_devices, SLUICE_MAX_DEVICES);
    if (grid->n_shards != 1 && grid->n_replicas >= 1 &&
        (grid->n_shards < 1 || grid->n_devices > SLUICE_MAX_DEVICES /
                                                     grid->n_replicas /
                                                     grid->n_shards))
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d replicas of %d places with teams of %d "
                               "devices: a process runs 1 to %d devices in all",
                               grid->n_replicas, grid->n_devices,
                               grid->n_shards, SLUICE_MAX_DEVICES);
    if (grid->n_replicas < 1 ||
        grid->n_devices > SLUICE_MAX_DEVICES / grid->n_replicas)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d replicas of %d devices: a process runs 1 "
                               "to %d devices in all",
                               grid->n_replicas, grid->n_devices,
                               SLUICE_MAX_DEVICES);
    const sluice_schedule_config *wanted = &config->schedule;
    if (wanted->devices && wanted->devices != grid->n_devices)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d devices asked for, but the custom schedule "
                               "has %d; leave `schedule.devices` 0",
                               wanted->devices, grid->n_devices);
    if (wanted->microbatches && wanted->microbatches != grid->n_microbatches)
        return sluice_diag_set(why, SLUICE_INVALID,
                               "%d micro-batches asked for, but the custom "
                               "schedule has %d; leave `schedule.microbatches` "
                               "0",
                               wanted->microbatches, grid->n_microbatches);
    return SLUICE_OK;
}
