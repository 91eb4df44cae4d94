/* How far a long measurement is.  The main thread. */
#include "bench/output/progress.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* As if what is left took as long, each, as what is done. */
static int64_t left_s(const struct progress *p)
{
    int64_t spent_ns = now_ns() - p->start_ns;
    return spent_ns / p->done * (p->total - p->done) / 1000000000;
}

static void show(const struct progress *p)
{
    if (!p->out)
        return;
    fprintf(p->out, "\r\033[K%d of %d", p->done, p->total);
    if (p->done > 0)
        fprintf(p->out, ", about %" PRId64 " s left", left_s(p));
    fflush(p->out);
}

void progress_begin(struct progress *progress, FILE *out, int total)
{
    *progress = (struct progress){
        .out = isatty(fileno(out)) ? out : NULL,
        .total = total,
        .start_ns = now_ns(),
    };
    show(progress);
}

void progress_step(struct progress *progress)
{
    progress->done++;
    show(progress);
}

void progress_erase(const struct progress *progress)
{
    if (!progress->out)
        return;
    fputs("\r\033[K", progress->out);
    fflush(progress->out);
}
