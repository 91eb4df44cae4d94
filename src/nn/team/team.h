/*
 * A team as a layer's call knows it.
 *
 * Threads: the device.
 */
#ifndef SL_NN_TEAM_TEAM_H
#define SL_NN_TEAM_TEAM_H

#include <sluice/layer.h>

#include "base/split.h"

/* The name is that of the public, opaque type. */
struct sluice_team {
    int n_shards;                         /* devices */
    int shard;                            /* this one's number */
    int owner;                            /* which one has what the layer
                                             does not divide */
    sluice_status (*meet)(void *context); /* as sluice_team_meet() */
    void *context;
};

/* As sluice_team_share(). */
static inline struct sl_rows sl_team_share(const sluice_layer_call *call,
                                           int64_t n)
{
    if (!call->team)
        return (struct sl_rows){.n = n};
    return sl_split_columns(n, call->team->n_shards, call->team->shard);
}

/* This device's share of `n` vectors, or other pieces, that are worked one by
 * one: as evenly as can be. */
static inline struct sl_rows sl_team_vectors(const sluice_layer_call *call,
                                             int64_t n)
{
    if (!call->team)
        return (struct sl_rows){.n = n};
    return sl_split_rows(n, call->team->n_shards, call->team->shard);
}

/* A function of a layer's table. */
typedef sluice_status sl_layer_function(const sluice_layer_call *call);

/* The call of a team, which divides the function in this way. */
sluice_status sl_team_run(sl_layer_function *function,
                          sluice_team_division division,
                          const sluice_layer_call *call);

/*
 * Call a function of a layer, as its table says that a team divides it; without
 * a team, directly.  A team has met when it returns.
 *
 * Returns  what the layer returns, or SLUICE_CLOSED.
 */
static inline sluice_status sl_team_forward(const sluice_layer_ops *ops,
                                            const sluice_layer_call *call)
{
    return call->team ? sl_team_run(ops->forward, ops->team, call)
                      : ops->forward(call);
}

static inline sluice_status
sl_team_backward_input(const sluice_layer_ops *ops,
                       const sluice_layer_call *call)
{
    return call->team ? sl_team_run(ops->backward_input, ops->team, call)
                      : ops->backward_input(call);
}

static inline sluice_status
sl_team_backward_weight(const sluice_layer_ops *ops,
                        const sluice_layer_call *call)
{
    bool shares = ops->team == SLUICE_TEAM_SHARES;
    return call->team
               ? sl_team_run(ops->backward_weight,
                             shares ? SLUICE_TEAM_SHARES : SLUICE_TEAM_WHOLE,
                             call)
               : ops->backward_weight(call);
}

#endif
