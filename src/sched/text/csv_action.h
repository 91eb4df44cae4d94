/* An action as a CSV writes it.  One thread. */
#ifndef SL_SCHED_CSV_ACTION_H
#define SL_SCHED_CSV_ACTION_H

#include "sched/text/csv_cells.h"

/* As the file writes them; what they mean the dialect decides. */
enum sl_csv_type {
    SL_CSV_F,
    SL_CSV_B,
    SL_CSV_I,
    SL_CSV_W,
    SL_CSV_R,
    SL_CSV_S,
    SL_CSV_T,
    SL_CSV_UPDATE,
    SL_CSV_BW,
    SL_CSV_SEND_F,
    SL_CSV_RECV_F,
    SL_CSV_SEND_B,
    SL_CSV_RECV_B,
    SL_CSV_UNSHARD, /* these three do not place a stage */
    SL_CSV_RESHARD,
    SL_CSV_REDUCE_GRAD,
    SL_CSV_N_TYPES,
};

struct sl_csv_action {
    enum sl_csv_type type;
    int stage;
    int microbatch; /* -1: the type has none */
    int version;    /* 0: not given */
};

/* Read all of `text` as one action.  Returns NULL, or what is wrong. */
const char *sl_csv_action_parse(struct sl_csv_text text,
                                struct sl_csv_action *action);

#endif
