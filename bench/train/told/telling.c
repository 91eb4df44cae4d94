/* Steps and epochs, told.  The main thread. */
#include "bench/train/told/telling.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

void telling_begin(struct telling *telling, FILE *out, bool watches)
{
    bool is_terminal = isatty(STDERR_FILENO);
    *telling = (struct telling){
        .out = out,
        .shows_progress = out && is_terminal && !watches,
        .view = {.out = watches && is_terminal ? stderr : NULL},
    };
    if (watches && !is_terminal)
        fprintf(stderr, "note      --watch draws on a terminal, which standard "
                        "error is not\n");
}

void telling_head(const struct telling *telling)
{
    fprintf(telling->out, "\nepoch      loss  accuracy  test loss  test "
                          "accuracy      rows/s\n");
    fflush(telling->out);
}

static void print_if(FILE *out, bool is_known, int width, double value)
{
    if (is_known)
        fprintf(out, " %*.4f", width, value);
    else
        fprintf(out, " %*s", width, "-");
}

static void print_epoch(const struct telling *t, const sluice_progress *p)
{
    fprintf(t->out, "%5d %9.4f", p->epoch, p->loss);
    print_if(t->out, t->counts_correct, 9, p->accuracy);
    print_if(t->out, t->tests, 10, p->test_loss);
    print_if(t->out, t->tests && t->counts_correct, 14, p->test_accuracy);
    fprintf(t->out, " %11.0f\n", p->rows_per_s);
    fflush(t->out);
}

/* Not each step, only each per cent: a terminal is slower than a step. */
static void show_step(struct telling *t, const sluice_progress *p)
{
    int per_cent = (int)(100 * p->rows_done / p->n_rows);
    if (per_cent == t->shown_per_cent)
        return;
    t->shown_per_cent = per_cent;
    fprintf(stderr, "\repoch %d/%d  %3d%%  loss %.4f  %.0f rows/s\033[K",
            p->epoch, p->n_epochs, per_cent, p->loss, p->rows_per_s);
}

static void tell_not_finite(struct telling *t, const sluice_progress *p)
{
    if (isfinite(p->step_loss) || t->told_not_finite)
        return;
    t->told_not_finite = true;
    telling_erase(t);
    fprintf(stderr,
            "warning   epoch %d, step %" PRIu64
            ": the loss is %s; training goes on\n",
            p->epoch, p->step, isnan(p->step_loss) ? "NaN" : "infinite");
}

void telling_progress(struct telling *telling, const sluice_progress *progress,
                      const sluice_pipeline *pipe)
{
    if (progress->epoch_end) {
        telling_erase(telling);
        if (telling->out)
            print_epoch(telling, progress);
        return;
    }
    telling->made_steps = true;
    tell_not_finite(telling, progress);
    live_view_step(&telling->view, progress, pipe);
    if (telling->shows_progress)
        show_step(telling, progress);
}

void telling_best(const struct telling *telling, int epoch, double loss,
                  double accuracy)
{
    fprintf(telling->out, "best      epoch %d: test loss %.4f", epoch, loss);
    if (telling->counts_correct)
        fprintf(telling->out, ", accuracy %.4f", accuracy);
    fprintf(telling->out, "\n");
}

void telling_end(const struct telling *telling, int epoch, int epochs)
{
    if (!telling->out || telling->made_steps)
        return;
    if (epoch > epochs)
        fprintf(telling->out,
                "note      nothing is left to do: the checkpoint has %d epochs "
                "behind it, --epochs is %d; give more to go on\n",
                epoch - 1, epochs);
    else
        fprintf(telling->out,
                "note      nothing is left to do: the checkpoint has reached "
                "--target-accuracy, or its --patience has ended\n");
}

void telling_erase(struct telling *telling)
{
    live_view_erase(&telling->view);
    if (telling->shows_progress)
        fprintf(stderr, "\r\033[K");
}
