/* The plan as the library sees it. */
#ifndef SL_PLAN_PLAN_H
#define SL_PLAN_PLAN_H

#include "plan/search/board.h"

struct sluice_plan {
    const sluice_allocator *allocator; /* all of it const after creation */
    sluice_plan_row rows[SLUICE_PLAN_MAX_ROWS];
    int n_rows;
    sluice_schedule *schedule; /* recomputes included */
    int64_t batch;
    char *model;        /* its text, owned; NULL: not known */
    size_t model_bytes; /* terminating 0 included */
    int n_stages;
    int sizes[SLUICE_PLAN_MAX_STAGES];
    int n_places;
    int n_devices;                  /* R K t */
    int device[SLUICE_MAX_DEVICES]; /* of the config, by index */
    double speed[SLUICE_MAX_DEVICES];
    int64_t bound_ns; /* 0: not known */
    char sentence[SLUICE_PLAN_TEXT];
};

/* What a file says in place of a model of which only the costs were given. */
extern const char sl_plan_any_model[];

/*
 * Have the plan be for the model of this text, which is copied.
 *
 * Returns  SLUICE_OK, SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_keep_model(sluice_plan *plan, const char *text,
                                 sluice_diag *why);

/* The same for a model. */
sluice_status sl_plan_keep_model_of(sluice_plan *plan,
                                    const sluice_model *model,
                                    sluice_diag *why);

/*
 * Whether the plan was made for this model, or from costs alone.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID with both models; SLUICE_NO_MEMORY.
 */
sluice_status sl_plan_check_model(const sluice_plan *plan,
                                  const sluice_model *model, sluice_diag *why);

/*
 * As sluice_plan_read() and sluice_plan_write(), but text in memory: text[n],
 * which a 0 follows if it is written.  The caller frees what is written, n + 1
 * bytes, by the plan's allocator.
 *
 * Threads  any.
 * Returns  as those, without SLUICE_IO.
 */
sluice_status sl_plan_parse(const char *text, size_t n,
                            const sluice_allocator *allocator,
                            sluice_plan **out, sluice_diag *why);
sluice_status sl_plan_format(const sluice_plan *plan, char **out, size_t *n,
                             sluice_diag *why);

#endif
