/*
 * Actions: what a schedule lists, and how one is written.  A header of its own
 * only for its length: sluice/schedule.h includes it and explains the words.
 */
#ifndef SLUICE_SCHEDULE_ACTION_H
#define SLUICE_SCHEDULE_ACTION_H

#include <stddef.h>
#include <stdint.h>

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sluice_action_kind {
    SLUICE_F = 0,  /* forward */
    SLUICE_B,      /* full backward: I, then W */
    SLUICE_I,      /* input gradient */
    SLUICE_W,      /* weight gradient */
    SLUICE_R,      /* recompute the forward's inner activations */
    SLUICE_S,      /* scores of the device's part of a cut output layer */
    SLUICE_T,      /* weight gradient of that part */
    SLUICE_UPDATE, /* update the stage's parameters; micro-batch -1 */
    SLUICE_SEND_F, /* hand the output of the stage's F on */
    SLUICE_RECV_F, /* take the input of the stage's F */
    SLUICE_SEND_B, /* hand the input gradient of the stage's B or I on */
    SLUICE_RECV_B, /* take the output gradient for the stage's B or I */
    /* Of parameters that replicas share, micro-batch -1, see docs/zero.md: */
    SLUICE_REDUCE_GRAD, /* the holders of the stage add up its gradients; a
                           trace has it, too, where a list leaves it to the
                           UPDATE */
    SLUICE_UNSHARD,     /* have all of the stage's parameters; a trace has it,
                           too, behind the UPDATEs that make parts of them */
    SLUICE_RESHARD,     /* have one's part of them only */
    SLUICE_N_ACTION_KINDS,
} sluice_action_kind;

typedef struct sluice_action {
    int32_t kind; /* a sluice_action_kind */
    int32_t stage;
    int32_t microbatch; /* -1 for UPDATE, REDUCE_GRAD, UNSHARD, RESHARD */
    int32_t version;    /* of the weights, from 1.  0 means: at an F the newest
                           version, at an UPDATE the next one, elsewhere that of
                           the micro-batch's F.  SEND and RECV have none */
} sluice_action;

/*
 * Write an action as text, "2F0", "2F5@3" or "2UPDATE", cut to `bytes`.
 *
 * Returns  `text`.
 */
SLUICE_API const char *sluice_action_format(sluice_action action, char *text,
                                            size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
