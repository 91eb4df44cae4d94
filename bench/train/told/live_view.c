/* A training as it runs.  The main thread. */
#include "bench/train/told/live_view.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { EPOCH_COLUMNS = 20 };

static const int64_t pause_ns = 100 * 1000 * 1000;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void add_loss(struct live_view *view, double loss)
{
    if (view->n_losses == LIVE_COLUMNS)
        memmove(view->losses, view->losses + 1,
                (LIVE_COLUMNS - 1) * sizeof *view->losses);
    else
        view->n_losses++;
    view->losses[view->n_losses - 1] = loss;
}

/* `share` of `columns` columns. */
static void draw_bar(FILE *out, double share, int columns)
{
    int n = (int)lround(share * columns);
    for (int i = 0; i < columns; i++)
        fputc(i < n ? '#' : '.', out);
}

static void draw_epoch(const sluice_progress *p, FILE *out)
{
    double share = (double)p->rows_done / (double)p->n_rows;
    fprintf(out, "epoch %d/%d [", p->epoch, p->n_epochs);
    draw_bar(out, share, EPOCH_COLUMNS);
    fprintf(out, "] %3.0f %%   loss %.4f   %.0f rows/s\033[K\n", 100 * share,
            p->loss, p->rows_per_s);
}

/* Between the least and the largest that are shown; '!' is not finite. */
static char letter_of(double loss, double least, double largest)
{
    static const char levels[] = ".:-=+*#%@";
    enum { MOST = sizeof levels - 2 };
    if (!isfinite(loss))
        return '!';
    if (largest <= least)
        return levels[0];
    return levels[lround((loss - least) / (largest - least) * MOST)];
}

static void draw_losses(const struct live_view *view, FILE *out)
{
    double least = INFINITY, largest = -INFINITY;
    for (int i = 0; i < view->n_losses; i++)
        if (isfinite(view->losses[i])) {
            least = fmin(least, view->losses[i]);
            largest = fmax(largest, view->losses[i]);
        }
    fprintf(out, "loss %8.4g |", view->losses[0]);
    for (int i = 0; i < LIVE_COLUMNS; i++)
        fputc(i < view->n_losses ? letter_of(view->losses[i], least, largest)
                                 : ' ',
              out);
    fprintf(out, "| %.4g\033[K\n", view->losses[view->n_losses - 1]);
}

static void draw_devices(const struct live_view *view, FILE *out)
{
    const struct time_sum *time = &view->time;
    for (int d = 0; d < time->n_devices; d++) {
        double busy = (double)time->busy_ns[d] / (double)time->makespan_ns;
        fprintf(out, "device %-6d |", d);
        draw_bar(out, busy, LIVE_COLUMNS);
        fprintf(out, "| %5.1f %% busy\033[K\n", 100 * busy);
    }
}

void live_view_step(struct live_view *view, const sluice_progress *progress,
                    const sluice_pipeline *pipe)
{
    if (!view->out)
        return;
    add_loss(view, progress->step_loss);
    time_sum_add_here(&view->time, pipe);
    int64_t now = now_ns();
    if (view->time.makespan_ns == 0 || now - view->drawn_ns < pause_ns)
        return;
    if (view->n_lines)
        fprintf(view->out, "\033[%dA", view->n_lines);
    draw_epoch(progress, view->out);
    draw_losses(view, view->out);
    draw_devices(view, view->out);
    fflush(view->out);
    view->n_lines = 2 + view->time.n_devices;
    view->drawn_ns = now;
    view->time = (struct time_sum){0};
}

void live_view_erase(struct live_view *view)
{
    if (!view->out || !view->n_lines)
        return;
    fprintf(view->out, "\033[%dA\r\033[J", view->n_lines);
    fflush(view->out);
    view->n_lines = 0;
}
