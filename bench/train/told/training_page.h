/*
 * A training as a page: loss, learning rate, throughput and norm of its steps,
 * and the loss and accuracy of its tests.
 *
 * Threads: the main thread.
 */
#ifndef BENCH_TRAIN_TOLD_TRAINING_PAGE_H
#define BENCH_TRAIN_TOLD_TRAINING_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/status.h>
#include <sluice/train.h>

enum { PAGE_POINTS = 2048 }; /* of a curve, at most */

/* What is drawn; with more steps than points, every 2nd, 4th, ... step. */
struct training_curve {
    int n;
    uint64_t stride; /* steps from one point to the next */
    double step[PAGE_POINTS];
    double loss[PAGE_POINTS];
    double rate[PAGE_POINTS];
    double rows_per_s[PAGE_POINTS];
    double norm[PAGE_POINTS];
};

struct training_page {
    const char *path; /* NULL: there is no page */
    struct training_curve steps;
    struct training_curve tests; /* its loss is that of the test part, its rate
                                    the accuracy */
    bool has_norms;
    int64_t last_ns;   /* when the last step was reported, ... */
    int64_t last_rows; /* ... and the rows of its epoch until then */
};

/* Whether a page can be written there.  Returns SLUICE_OK; SLUICE_INVALID if
 * its name does not end with .html; as output_path_check(). */
sluice_status training_page_check(const char *path, sluice_diag *why);

/* A step has been made at that share of the optimizer's learning rate and with
 * that norm of the gradient (NaN: not known), or an epoch has ended. */
void training_page_progress(struct training_page *page,
                            const sluice_progress *progress, double rate,
                            double norm, bool tests);

/*
 * Write the page.
 *
 * Returns  SLUICE_OK, also without a page; as html_file_close().
 */
sluice_status training_page_write(const struct training_page *page,
                                  const char *model, sluice_diag *why);

#endif
