/*
 * Teams: devices that work the layers of one stage together (docs/teams.md).
 *
 * Of a matrix product, see sluice_product_forward(), a device of a team makes
 * its share of the columns of y, dx and dw, params[] and dw being its share of
 * a `divided` parameter.  x, or dy, must be there as a whole; the result is
 * once the team has met.
 */
#ifndef SLUICE_TEAM_H
#define SLUICE_TEAM_H

#include <stdint.h>

#include <sluice/export.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * How a team of devices works a layer together.  What the devices of a team are
 * handed, x, y, dy, dx, saved, workspace and skip, is the same memory: each
 * writes a part of it, and after they have met all read it.
 *
 * The bits are those of one device if its matrix products' are (docs/teams.md).
 */
typedef enum sluice_team_division {
    SLUICE_TEAM_WHOLE = 0, /* not at all: one device has the parameters and
                              makes each call */
    SLUICE_TEAM_ROWS,   /* each device calls forward() and backward_input() with
                           rows of its own, as if they were a micro-batch:
                           `saved` and `workspace` are those of its rows, and
                           aligned to a float only.  One device has the
                           parameters, and calls backward_weight() with all
                           rows */
    SLUICE_TEAM_SHARES, /* each device makes each call and does its share of it,
                           as sluice_team_share() tells.  Of a `divided`
                           parameter it has its share of the last dim, or of
                           the first one if that is `by_rows`, in params and
                           grads alike; the others are read by all, and their
                           gradients written by all, in different places */
} sluice_team_division;

/* The team that a call belongs to. */
struct sluice_team;
struct sluice_layer_call;

/*
 * This device's share of `n` columns: `count` of them from `first` on; all
 * without a team.  The shares of a team follow each other; where there are
 * columns enough they begin on multiples of 16, and with fewer columns than
 * devices some are empty.
 *
 * Threads  within a call of a layer.
 */
SLUICE_API void sluice_team_share(const struct sluice_layer_call *call,
                                  int64_t n, int64_t *first, int64_t *count);

/*
 * Wait until all devices of the team have come: what they have written before
 * can be read then.  Every device must come to it as often, in the same call.
 * Without a team it does nothing.  A team meets after every call by itself.
 *
 * Threads  within a call of a layer.
 * Returns  SLUICE_OK; SLUICE_CLOSED if the step has failed elsewhere: return
 * it.
 */
SLUICE_API sluice_status sluice_team_meet(const struct sluice_layer_call *call);

#ifdef __cplusplus
}
#endif

#endif
