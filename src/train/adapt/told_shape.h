/*
 * A shape that process 0 tells the others, as the text of its plan.
 *
 * Threads: the caller's alone.
 */
#ifndef SL_TRAIN_ADAPT_TOLD_SHAPE_H
#define SL_TRAIN_ADAPT_TOLD_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "train/adapt/held.h"

/* What process 0 says next. */
struct sl_told_word {
    bool ends; /* no shape: it has judged the step */
    int places[SLUICE_MAX_DEVICES];
    int n_places;
    size_t n_text; /* of the plan; 0: the shape is the one at creation */
};

/*
 * Process 0: say it.
 *
 * Returns  SLUICE_OK; SLUICE_NO_MEMORY of any process, and then all go on to
 *          the next word; or why a process is gone.
 */
sluice_status sl_told_shape_say(const struct sl_held_shape *shape,
                                const sluice_pipeline *pipe, sluice_diag *why);

/*
 * Another process: hear what follows a word that does not end, into a shape of
 * its own, whose plan is to be destroyed.
 *
 * Returns  the same; *is_told is whether all have it, also if this process
 *          cannot read it.
 */
sluice_status sl_told_shape_hear(const struct sl_told_word *word,
                                 const sluice_pipeline *pipe,
                                 const sluice_allocator *allocator,
                                 struct sl_held_shape *shape, bool *is_told,
                                 sluice_diag *why);

#endif
