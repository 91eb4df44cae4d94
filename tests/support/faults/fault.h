/*
 * A fault in one cell: a watch for sl_test_probe layers that fails there, and
 * the step that breaks by it.
 */
#ifndef SL_TEST_SUPPORT_FAULT_H
#define SL_TEST_SUPPORT_FAULT_H

#include <check.h>

#include "support/judged_pair.h"
#include "support/probe.h"

enum { SL_TEST_ANY_ROW = -1 };

/* One cell, told by what a layer or loss sees of it. */
struct sl_test_fault {
    bool armed;
    bool poison; /* do not fail, but leave a gradient that no update can use */
    enum sl_test_pass pass;
    int layer;
    int64_t first_row; /* of the micro-batch; SL_TEST_ANY_ROW */
};

static inline bool sl_test_fault_is_at(const struct sl_test_fault *fault,
                                       const struct sl_test_cell *cell)
{
    return fault->armed && cell->pass == fault->pass &&
           cell->layer == fault->layer &&
           (fault->first_row == SL_TEST_ANY_ROW ||
            cell->first_row == fault->first_row);
}

/* The watch; `context` is the fault. */
static inline sluice_status sl_test_fail_there(void *context,
                                               const struct sl_test_cell *cell)
{
    const struct sl_test_fault *fault = context;
    if (!sl_test_fault_is_at(fault, cell))
        return SLUICE_OK;
    if (fault->poison) {
        cell->gradient[0] = 1e35F;
        return SLUICE_OK;
    }
    return sluice_diag_set(cell->why, SLUICE_IO, "pass %d of layer %d broke",
                           (int)cell->pass, cell->layer);
}

/* One step breaks, and those after it are as if it had not been; the problem
 * has `batch` rows. */
static inline void sl_test_break_step(struct sl_test_pair *pair,
                                      struct sl_test_fault *fault,
                                      int64_t batch)
{
    long wrong = sl_test_step(pair, 0, batch);
    fault->armed = true;
    ck_assert_int_eq(sluice_pipeline_step(pair->pipe, pair->problem->x,
                                          pair->problem->targets, batch, NULL,
                                          NULL),
                     SLUICE_IO);
    fault->armed = false;
    wrong += sl_test_step(pair, 0, batch) + sl_test_step(pair, 0, 5);
    ck_assert_msg(!wrong, "layer %d, pass %d: %s", fault->layer,
                  (int)fault->pass, pair->text);
}

#endif
