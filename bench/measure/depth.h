/*
 * How deep a network of equal layers can be: linear layers with relu, W to W,
 * or blocks of a Transformer, under a cap of memory for each device, by the
 * exact plan of sluice_pipeline_plan().
 */
#ifndef BENCH_MEASURE_DEPTH_H
#define BENCH_MEASURE_DEPTH_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>

/* A layer, of which a network has many. */
struct depth_layer {
    int64_t width;
    int64_t positions; /* of a row, each of `width` elements: a block of
                          attention and two linear layers; 0: linear */
    int64_t heads;     /* of attention, which divide the width */
};

/* A model of that many equal layers.  Returns as sluice_model_add(), or
 * sluice_model_parse(). */
sluice_status depth_model(const struct depth_layer *layer, int layers,
                          sluice_model **model, sluice_diag *why);

/*
 * Bytes of the device that needs most, in a pipeline of that model.
 *
 * Returns  as sluice_pipeline_plan().
 */
sluice_status depth_peak(const sluice_pipeline_config *config,
                         const sluice_model *model, size_t *bytes,
                         sluice_diag *why);

/*
 * The most equal layers, cut uniformly, for which every device needs at most
 * `cap` bytes; 0 if not even a layer for each stage does.  A device never needs
 * less for another layer, so bisection is exact.
 *
 * Returns  as sluice_pipeline_plan().
 */
sluice_status depth_search(const sluice_pipeline_config *config,
                           const struct depth_layer *layer, size_t cap,
                           int *layers, sluice_diag *why);

/*
 * A cut by position: layers of the first device, of each one between, and of
 * the last.  Under gpipe a device's plan depends on its own layers, on whether
 * it is the first or the last, and on M, but not on how many others there are:
 * three devices stand for any number, also for more than a pipeline may have.
 */
struct depth {
    int first;
    int inner; /* 0 with less than three devices */
    int last;  /* 0 with one device */
};

/* One layer on each device. */
struct depth depth_one(int devices);

int depth_layers(const struct depth *depth, int devices);

/*
 * The cut with most layers for which every device needs at most `cap` bytes,
 * for a gpipe of config->devices; all 0 if one layer for each is too much.
 *
 * Returns  as sluice_pipeline_plan().
 */
sluice_status depth_best(const sluice_pipeline_config *config,
                         const struct depth_layer *layer, size_t cap,
                         struct depth *best, sluice_diag *why);

/*
 * As depth_peak(), for a cut by position, found from at most three devices.
 */
sluice_status depth_peak_by_position(const sluice_pipeline_config *config,
                                     const struct depth_layer *layer,
                                     const struct depth *depth, size_t *bytes,
                                     sluice_diag *why);

#endif
