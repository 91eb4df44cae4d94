/*
 * A stage: a run of layers on one device, with the places of everything it
 * keeps.  Filled by blueprint/layout.c; after that constant, except what it
 * points to, which the stage's device alone touches.  There are exceptions:
 * the links that end in `in_slots` and `grad_slots` let the neighbours fill
 * them; other copies and replicas read `grads` between meetings; and the
 * devices of a team, each of which has a stage of its own with its shard of the
 * parameters, share the slots of all rings, and read each other's parameters
 * between meetings.
 */
#ifndef SL_BLUEPRINT_STAGE_H
#define SL_BLUEPRINT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/layer.h>
#include <sluice/optimizer.h>

#include "base/chunk.h"
#include "base/memory.h"
#include "base/slots.h"

struct sl_edge;

/* One layer of a stage, and a ring for each tensor it keeps. */
struct sl_unit {
    const sluice_layer_ops *ops;
    const void *config;
    const sluice_layer_plan *plan;
    int layer;            /* index in the model */
    int64_t in;           /* elements of a row of x */
    int64_t out;          /* elements of a row of y */
    struct sl_ring y;     /* kept from F, or R, to the backward; no slots if
                             no pass reads it there */
    struct sl_ring saved; /* the same */
    struct sl_ring dy;    /* kept from I to W, if the stage splits */
    int first_tensor;     /* of the model's tensors, if it has any */
    int owner;            /* the device of a team that has what the layer does
                             not divide */
    int64_t *param_at;    /* [n_params] offset in a version, floats */
    int64_t *grad_at;     /* [n_params] in the gradients: the same, unless an
                             earlier use of a tied tensor in the stage has it */
    float **params;       /* [n_versions][n_params] where they lie */
    float **grads;        /* [n_params] where their gradients lie */
    const float **shards; /* [n_versions][n_params][devices of the team] where
                             each has its part of a parameter; NULL without a
                             team */
    struct sluice_product *products; /* [plan->n_products] */
    struct sl_edge *edge;            /* of a stash or a pop; else NULL */
};

/* On cache lines of its own: its device writes some of it, and devices of
 * other stages do the same beside it. */
struct sl_stage {
    _Alignas(SL_ALIGN) int index; /* 0 to n_stages - 1 of its replica */
    int device;                   /* the place of its device */
    int n_units;
    struct sl_unit *units;
    bool is_first;    /* its input is the mini-batch */
    bool is_last;     /* its output goes to the loss */
    bool splits;      /* has I and W actions in place of B */
    bool recomputes;  /* has R actions */
    bool has_edges;   /* one of its units is an end of an edge that comes from
                         another stage, or goes to one */
    int64_t in;       /* elements of a row of its input */
    int64_t out;      /* elements of a row of its output */
    int64_t n_params; /* floats of params, padding included */
    int64_t n_grads;  /* floats of grads: more, if uses of a tied tensor share
                         their params */
    struct sl_chunk own; /* of params: what the device updates, and has the
                            optimizer's states of; all without ZeRO */
    int64_t n_states;    /* floats of each of states: the most that a holder of
                            the part has */
    bool gathers;        /* the sum of the gradients is wanted whole, and not
                            `own` alone */

    int n_versions;  /* of the weights, kept at once */
    float *versions; /* versions[n_versions][n_params], a ring */
    float *backup;   /* backup[1 + states][n_params], params and states when the
                        step began; NULL in a synchronous schedule */
    int begin;       /* [owner: device] the place in `versions` of the version 1
                        of the step; between steps, of the newest */
    float *params;   /* the newest version; of parameters that the device has
                        whole at times, where they lie then, or lay last */
    float *own_params; /* of these, from own.first on: what it keeps; NULL: it
                          has all in `params` */
    float *grads;     /* a buffer of its own, or one that the stages of a device
                         use in turn */
    float *own_grads; /* the sums, of params from own.first on: in `grads`, or
                         where they stay when it is used again */
    struct sl_arena common; /* of holder 0: the params that all holders of the
                               part read; empty except in ZeRO stage 3 */
    float *states[SLUICE_OPTIMIZER_MAX_STATES]; /* from own.first on */
    struct sl_ring in_slots;   /* inputs: slots of the link from the stage
                                  before */
    struct sl_ring grad_slots; /* output gradients: slots of the link from the
                                  stage after */
    struct sl_ring y_slots;    /* outputs, if they are sent to another process:
                                  this end of the link to the stage after */
    struct sl_ring dx_slots;   /* input gradients, likewise: to the stage
                                  before */

    int n_updated; /* [owner: device] units that this step has updated */
    char *undo;    /* [owner: device] what they were before, of those updated
                      ahead of the commit; see pipeline/update/ahead.h */

    bool fresh; /* [owner: device] no gradient since the step began, or since
                   the last UPDATE */
};

/* Whether the unit's parameter is a second use in its stage, whose weights and
 * states an earlier use brings. */
static inline bool sl_unit_shares(const struct sl_unit *unit, int p)
{
    return unit->grad_at[p] != unit->param_at[p];
}

/* What of parameter p of a unit, which has n elements, the device updates,
 * counted from its first element. */
static inline struct sl_chunk sl_unit_piece(const struct sl_stage *stage,
                                            const struct sl_unit *unit, int p,
                                            int64_t n)
{
    int64_t at = unit->param_at[p];
    struct sl_chunk piece =
        sl_chunk_common((struct sl_chunk){at, n}, stage->own);
    piece.first -= at;
    return piece;
}

/* Where the newest weights of a parameter's piece lie. */
static inline float *sl_unit_weights(const struct sl_stage *stage,
                                     const struct sl_unit *unit, int p,
                                     struct sl_chunk piece)
{
    int64_t at = unit->param_at[p] + piece.first;
    return stage->own_params ? stage->own_params + at - stage->own.first
                             : stage->params + at;
}

/* Where the gradient of a parameter's piece lies. */
static inline float *sl_unit_gradient(const struct sl_stage *stage,
                                      const struct sl_unit *unit, int p,
                                      struct sl_chunk piece)
{
    return stage->own_grads + unit->param_at[p] + piece.first -
           stage->own.first;
}

/* Where a state of the optimizer lies, of the first element of a parameter's
 * piece. */
static inline float *sl_unit_state(const struct sl_stage *stage,
                                   const struct sl_unit *unit, int p, int state,
                                   struct sl_chunk piece)
{
    return stage->states[state] + unit->param_at[p] + piece.first -
           stage->own.first;
}

/* The place in `versions` of a version, counted from 1 in each step. */
static inline int sl_stage_place(const struct sl_stage *stage, int version)
{
    if (stage->n_versions == 1) /* almost always, and a division is slow */
        return 0;
    return (stage->begin + version - 1) % stage->n_versions;
}

/* A version of the stage's weights. */
static inline float *sl_stage_version(const struct sl_stage *stage, int version)
{
    return stage->versions + sl_stage_place(stage, version) * stage->n_params;
}

#endif
