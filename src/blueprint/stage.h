/*
 * A stage: a run of layers on one device, with the places of everything it
 * keeps.  Filled by blueprint/layout.c; after that constant but for what it
 * points to, which the stage's device alone touches -- except `in_slots`, which
 * the previous stage's device fills and reads once more, `grad_slots`, which
 * the next one's fills, and `grads`, which other copies and replicas read
 * between meetings.
 */
#ifndef SL_BLUEPRINT_STAGE_H
#define SL_BLUEPRINT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/optimizer.h>

/*
 * Slots used in turn: item number n lies in slot n % n_slots.  How many it
 * takes so that no slot is filled while somebody still reads it is worked out
 * in blueprint/ring.c.
 */
struct sl_ring {
    int n_slots;
    size_t slot_bytes;
    char *slots;
};

/* One layer of a stage, and a ring for each tensor it keeps. */
struct sl_unit {
    const sluice_layer_ops *ops;
    const void *config;
    const sluice_layer_plan *plan;
    int layer;            /* index in the model */
    int64_t in;           /* elements of a row of x */
    int64_t out;          /* elements of a row of y */
    struct sl_ring y;     /* kept from F, or R, to the backward; no slots if
                             nobody reads it there */
    struct sl_ring saved; /* the same */
    struct sl_ring dy;    /* kept from I to W, if the stage splits */
    int64_t param_at[SLUICE_LAYER_MAX_PARAMS]; /* offset in params, floats */
};

struct sl_stage {
    int index;
    int device;
    int n_units;
    struct sl_unit *units;
    bool is_first;    /* its input is the mini-batch */
    bool is_last;     /* its output goes to the loss */
    bool splits;      /* has I and W actions in place of B */
    bool recomputes;  /* has R actions */
    int64_t in;       /* elements of a row of its input */
    int64_t out;      /* elements of a row of its output */
    int64_t n_params; /* floats of params, padding included */

    int n_versions;  /* of the weights, kept at once */
    float *versions; /* versions[n_versions][n_params], a ring */
    float *backup;   /* backup[1 + states][n_params], params and states when the
                        step began; NULL in a synchronous schedule */
    int begin;       /* [owner: device] the place in `versions` of the version 1
                        of the step; between steps, of the newest */
    float *params;   /* the newest version */
    float *grads;
    float *states[SLUICE_OPTIMIZER_MAX_STATES];
    struct sl_ring in_slots;   /* inputs, filled by the previous stage */
    struct sl_ring grad_slots; /* output gradients, filled by the next stage */

    bool fresh;     /* [owner: device] no gradient since the step began, or
                       since the last UPDATE */
    int n_meetings; /* [owner: device] in this step, see reduce.c */
};

/* A version of the stage's weights, counted from 1 in each step. */
static inline float *sl_stage_version(const struct sl_stage *stage, int version)
{
    int place = (stage->begin + version - 1) % stage->n_versions;
    return stage->versions + place * stage->n_params;
}

static inline void *sl_ring_slot(const struct sl_ring *ring, int number)
{
    return ring->slots + (size_t)(number % ring->n_slots) * ring->slot_bytes;
}

#endif
