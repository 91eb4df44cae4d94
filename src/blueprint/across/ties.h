/*
 * Tied tensors: which uses of the model are of one tensor, where they lie, and
 * who meets to add up their gradients.
 *
 * Each stage with a use holds the tensor.  The uses of one copy of the model
 * form a group: its members are the devices that hold one, in the order of the
 * model.  Copies and replicas have added up each use before, so that a group
 * needs nothing of another one, and all end with the same bits.
 *
 * Threads: the thread that creates the pipeline; constant afterwards.
 */
#ifndef SL_BLUEPRINT_ACROSS_TIES_H
#define SL_BLUEPRINT_ACROSS_TIES_H

#include "blueprint/layout.h"
#include "blueprint/program.h"
#include "blueprint/updates.h"

/* A use of a tensor. */
struct sl_tied_use {
    int part; /* of the model */
    int unit; /* of the stage that holds the part */
    int param;
};

/* The uses of one tensor, in the order of the model; two or more. */
struct sl_tie {
    int layer;  /* of the first use */
    int param;  /* in the layer */
    int tensor; /* of the model's tensors: the first use */
    int n_uses;
    const struct sl_tied_use *uses;
};

struct sl_ties {
    const sluice_allocator *allocator;
    int n;
    struct sl_tie *at;        /* [n] */
    struct sl_tied_use *uses; /* [n_uses] of all */
    int n_uses;
};

/*
 * Set `ties` of a mode whose other fields are set.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the model has ties and the mode is
 *          asynchronous, or there are teams that do not divide all layers
 *          which use a tied tensor.
 */
sluice_status sl_ties_choose(const sluice_model *model, int n_shards,
                             struct sl_update_mode *mode, sluice_diag *why);

/*
 * Find the ties of a model that is laid out.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY; sl_ties_fini() in both cases.
 */
sluice_status sl_ties_init(struct sl_ties *ties,
                           const struct sl_layout *layout);

void sl_ties_fini(struct sl_ties *ties);

/* The tie whose first use is that parameter; NULL if nothing is tied to it. */
const struct sl_tie *sl_tie_of(const struct sl_ties *ties, int layer,
                               int param);

/* The stage, of one replica, that holds a use in copy `copy`. */
const struct sl_stage *sl_tied_stage(const struct sl_layout *layout,
                                     const struct sl_tied_use *use, int copy);

/* The members of a tie's group in copy `copy`, and which of them the device at
 * `place` is: -1 if it holds no use. */
int sl_tie_n_members(const struct sl_layout *layout, const struct sl_tie *tie,
                     int copy);
int sl_tie_rank(const struct sl_layout *layout, const struct sl_tie *tie,
                int copy, int place);

/*
 * What the device at `place` does about ties before an update, in the order in
 * which all devices do it.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY. sl_program_fini() frees it.
 */
sluice_status sl_ties_program(const struct sl_ties *ties,
                              const struct sl_layout *layout, int place,
                              struct sl_program *program);

#endif
