/*
 * What S and T of a cut vocabulary cost at least.  The head is what the last
 * layer of the model ends with; its product and its table are the last ones
 * that this layer lists.  Each device has 1 / K of the table, and of that of an
 * embedding with which the model begins.  Gradients are read where other
 * devices have left them.
 *
 * Threads: any.
 */
#ifndef BENCH_ROOFLINE_VOCABULARY_COSTS_H
#define BENCH_ROOFLINE_VOCABULARY_COSTS_H

#include <stdbool.h>

#include <sluice/model.h>
#include <sluice/schedule.h>

#include "bench/roofline/step_rates.h"

/* Whether the last layer of a model may end with a head: it has a product. */
bool vocabulary_can_be_cut(const sluice_model *model);

/* Take from the costs of layer i what is no work of a stage: the head's
 * products, its part of the work on elements, and the tables' updates. */
void vocabulary_take(const sluice_model *model, int i,
                     const struct step_rates *rates, double costs[]);

/* Add what a device of `devices` does for its part: to its first stage. */
void vocabulary_add_part(const sluice_model *model, int devices,
                         const struct step_rates *rates, double costs[]);

/* Add what the last stage does to start its backward: it adds up what the parts
 * of all devices give. */
void vocabulary_add_start(const sluice_model *model, int devices,
                          const struct step_rates *rates, double costs[]);

#endif
