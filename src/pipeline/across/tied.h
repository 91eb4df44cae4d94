/*
 * Adding up the gradients of a tied tensor, whose uses may lie on several
 * devices: a reduce-scatter and an all-gather of the devices that hold a use in
 * one copy of the model (blueprint/across/ties.h).
 *
 * Each use is one term, and they are added in the order of the model, although
 * a device may have several of them.  Copies and replicas have added up each
 * use before (pipeline/reduce.h).
 */
#ifndef SL_PIPELINE_ACROSS_TIED_H
#define SL_PIPELINE_ACROSS_TIED_H

#include "pipeline/pipeline.h"

/* Collectives that the ties need: one for each holder of the model. */
size_t sl_n_tied_groups(const struct sl_blueprint *bp);

/* Members, and terms, of number `i` of them. */
int sl_tied_n_members(const struct sl_blueprint *bp, size_t i);
int sl_tied_n_terms(const struct sl_blueprint *bp, size_t i);

/* The devices of a group's members, by index, and which member has each term.
 * devices[sl_tied_n_members()], owners[sl_tied_n_terms()]. */
void sl_tied_members(const struct sl_blueprint *bp, size_t i, int *devices,
                     int *owners);

/* Pointers to terms that a device has room for. */
size_t sl_tied_most_terms(const struct sl_blueprint *bp);

/*
 * Replace the gradient of a tied tensor, in every stage of the device that
 * holds it in the operation's copy of the model, by the sum over all uses: a
 * chunk of it; then the chunks of the others.
 *
 * Threads  the devices that hold a use, each for itself.
 * Blocks   until the others have come; a failure wakes it.
 * Returns  SLUICE_OK, or SLUICE_CLOSED if the step has failed.
 */
sluice_status sl_tied_scatter(struct sl_device *device, const struct sl_op *op,
                              sluice_diag *why);
sluice_status sl_tied_gather(struct sl_device *device, const struct sl_op *op,
                             sluice_diag *why);

#endif
