/* A training as a page.  The main thread. */
#include "bench/train/told/training_page.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "bench/output/output_path.h"
#include "bench/output/page/html_file.h"

sluice_status training_page_check(const char *path, sluice_diag *why)
{
    const char *end = strrchr(path, '.');
    if (end && !strcmp(end, ".html"))
        return output_path_check(path, why);
    return sluice_diag_set(why, SLUICE_INVALID,
                           "\"%.150s\" does not tell that a page is written: "
                           "let it end with .html",
                           path);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Keep every second point, and from now on half as many. */
static void thin_out(struct training_curve *curve)
{
    for (int i = 0; i < curve->n / 2; i++) {
        curve->step[i] = curve->step[2 * i];
        curve->loss[i] = curve->loss[2 * i];
        curve->rate[i] = curve->rate[2 * i];
        curve->rows_per_s[i] = curve->rows_per_s[2 * i];
        curve->norm[i] = curve->norm[2 * i];
    }
    curve->n /= 2;
    curve->stride *= 2;
}

/* `count` numbers the points that could be drawn, from 0. */
static void add_point(struct training_curve *curve, uint64_t count, double step,
                      double loss, double rate, double rows_per_s, double norm)
{
    if (!curve->stride)
        curve->stride = 1;
    if (curve->n == PAGE_POINTS)
        thin_out(curve);
    if (count % curve->stride)
        return;
    curve->step[curve->n] = step;
    curve->loss[curve->n] = loss;
    curve->rate[curve->n] = rate;
    curve->norm[curve->n] = norm;
    curve->rows_per_s[curve->n++] = rows_per_s;
}

void training_page_progress(struct training_page *page,
                            const sluice_progress *progress, double rate,
                            double norm, bool tests)
{
    const sluice_progress *p = progress;
    if (!page->path)
        return;
    if (p->epoch_end) {
        if (tests)
            add_point(&page->tests, (uint64_t)p->epoch, (double)p->step,
                      p->test_loss, p->test_accuracy, NAN, NAN);
        page->last_ns = 0;
        page->last_rows = 0;
        return;
    }
    int64_t now = now_ns();
    double rows = (double)(p->rows_done - page->last_rows);
    double speed =
        page->last_ns ? rows * 1e9 / (double)(now - page->last_ns) : NAN;
    add_point(&page->steps, p->step, (double)p->step, p->step_loss, rate, speed,
              norm);
    page->has_norms = page->has_norms || !isnan(norm);
    page->last_ns = now;
    page->last_rows = p->rows_done;
}

static void add_charts(struct html_file *html, const struct training_page *page)
{
    const struct training_curve *steps = &page->steps;
    const struct training_curve *tests = &page->tests;
    html_file_chart(html, "Loss of a step", steps->step, steps->loss, steps->n);
    html_file_chart(html, "Learning rate, as a share of the optimizer's",
                    steps->step, steps->rate, steps->n);
    if (page->has_norms)
        html_file_chart(html, "Norm of the gradient", steps->step, steps->norm,
                        steps->n);
    html_file_chart(html, "Throughput, rows per second", steps->step,
                    steps->rows_per_s, steps->n);
    html_file_chart(html, "Loss of the test part", tests->step, tests->loss,
                    tests->n);
    html_file_chart(html, "Accuracy of the test part", tests->step, tests->rate,
                    tests->n);
}

sluice_status training_page_write(const struct training_page *page,
                                  const char *model, sluice_diag *why)
{
    struct html_file html;
    if (!page->path)
        return SLUICE_OK;
    sluice_status st = html_file_open(&html, page->path, "A training", why);
    if (st)
        return st;
    html_file_add(&html, "<p>");
    html_file_text(&html, model);
    html_file_add(&html, "</p>\n<p>All charts count steps from left to right.  "
                         "The time from one step to the next includes what is "
                         "told and saved between them.</p>\n"
                         "<div class=\"grid\">\n");
    add_charts(&html, page);
    html_file_add(&html, "</div>\n");
    return html_file_close(&html);
}
