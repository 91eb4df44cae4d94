/*
 * What the text of a CSV tells as a whole: of which dialect it is, how many
 * copies of the model it holds, what deserves a word.  One thread.
 */
#ifndef SL_SCHED_CSV_FACTS_H
#define SL_SCHED_CSV_FACTS_H

#include <stdint.h>

#include <sluice/schedule_text.h>

#include "sched/text/csv_action.h"

/* The actions of one type in the text. */
struct sl_csv_seen {
    int64_t n;
    int device, position; /* of the first */
    char cell[SLUICE_DIAG_ACTION];
};

struct sl_csv_facts {
    int n_rows;
    int n_stages, n_microbatches;
    int n_blank, first_blank; /* rows with nothing in them */
    struct sl_csv_seen seen[SL_CSV_N_TYPES];
    bool old;                            /* the dialect */
    int stage_device[SLUICE_MAX_STAGES]; /* -1: not seen yet */
    bool has_update[SLUICE_MAX_STAGES];
    int twins[2]; /* stages on one device that keep the text from being read as
                     copies of the model; [1] 0: none do */
};

/*
 * Decide on `old`.
 *
 * Returns  SLUICE_OK; SLUICE_FORMAT for letters of the other dialect.
 */
sluice_status sl_csv_settle_dialect(struct sl_csv_facts *facts,
                                    sluice_csv_dialect dialect,
                                    sluice_diag *why);

/*
 * Copies of the model: as many as there are stages for each one that a
 * micro-batch goes through.  Where forwards were forgotten, but no backwards,
 * the backwards tell.  Sets `twins`.
 */
int sl_csv_copies(struct sl_csv_facts *facts);

/* Note in `schedule` what was taken for granted. */
void sl_csv_remark(const struct sl_csv_facts *facts, sluice_csv_dialect dialect,
                   sluice_schedule *schedule);

#endif
