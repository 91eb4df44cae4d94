/* Calls of layers by a team.  The device. */
#include "nn/team/team.h"

void sluice_team_share(const sluice_layer_call *call, int64_t n, int64_t *first,
                       int64_t *count)
{
    struct sl_rows share = sl_team_share(call, n);
    *first = share.first;
    *count = share.n;
}

sluice_status sluice_team_meet(const sluice_layer_call *call)
{
    return call->team ? call->team->meet(call->team->context) : SLUICE_OK;
}

/* This device's rows of a call, as if they were a micro-batch. */
static sluice_layer_call own_rows(const sluice_layer_call *call)
{
    const struct sluice_team *team = call->team;
    const sluice_layer_plan *plan = call->plan;
    struct sl_rows rows =
        sl_split_rows(call->rows, team->n_shards, team->shard);
    int64_t in = rows.first * sluice_shape_elements(&plan->in);
    int64_t out = rows.first * sluice_shape_elements(&plan->out);
    sluice_layer_call own = *call;
    own.team = NULL;
    own.rows = rows.n;
    own.first_row += rows.first;
    own.x = call->x ? call->x + in : NULL; /* int32 is as long as a float */
    own.y = call->y ? call->y + out : NULL;
    own.dy = call->dy ? call->dy + out : NULL;
    own.dx = call->dx ? call->dx + in : NULL;
    if (call->skip)
        own.skip += rows.first * sluice_shape_elements(&plan->skip);
    if (call->saved)
        own.saved = (char *)call->saved + rows.first * plan->saved_row_bytes;
    if (call->workspace)
        own.workspace =
            (char *)call->workspace + rows.first * plan->workspace_row_bytes;
    return own;
}

sluice_status sl_team_run(sl_layer_function *function,
                          sluice_team_division division,
                          const sluice_layer_call *call)
{
    sluice_status st = SLUICE_OK;
    if (division == SLUICE_TEAM_SHARES) {
        st = function(call);
    } else if (division == SLUICE_TEAM_ROWS) {
        sluice_layer_call own = own_rows(call);
        st = own.rows > 0 ? function(&own) : SLUICE_OK;
    } else if (call->team->shard == call->team->owner) {
        sluice_layer_call whole = *call;
        whole.team = NULL;
        st = function(&whole);
    }
    return st ? st : sluice_team_meet(call);
}
