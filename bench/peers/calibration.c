/*
 * The same training as a plain pipeline: gpipe on one or two pinned threads
 * with calls of cblas_sgemm(), and no feature beside: it checks nothing, cannot
 * fail in an orderly way, and copies nothing between its threads.
 *
 *     calibration LAYERS WIDTH BATCH MICROBATCHES THREADS STEPS
 *
 * Prints JSON.  bench/peers/run compiles it.
 */
#define _GNU_SOURCE
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 2, MOST_LAYERS = 64, MOST_STEPS = 1000 };

struct layer {
    float *w, *dw, *vw; /* [width][width] */
    float *b, *db, *vb; /* [width] */
    float *restrict y;  /* [batch][width]: what it makes */
    float *dy;          /* [batch][width]: its gradient */
};

static int n_layers, width, batch, n_microbatches, n_threads, n_steps;
static struct layer layers[MOST_LAYERS + 1];   /* layers[0].y: the input */
static float *target;                          /* [batch][width] */
static _Atomic long forwards[2], backwards[2]; /* micro-batches done, ever */
static double ms[MOST_STEPS];

static float *numbers(size_t n, float most)
{
    float *values = aligned_alloc(64, (n * sizeof *values + 63) / 64 * 64);
    for (size_t i = 0; i < n; i++)
        values[i] = most * (2 * (float)rand() / (float)RAND_MAX - 1);
    return values;
}

/* An update of gradient descent with momentum. */
static void update(float *restrict w, float *restrict v,
                   const float *restrict dw, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = 0.9F * v[i] + dw[i];
        w[i] -= 0.01F * v[i];
    }
}

static void forward(struct layer *l, size_t at, int rows, int is_last)
{
    float *restrict y = l->y + at;
    for (int r = 0; r < rows; r++)
        memcpy(y + (size_t)r * width, l->b, width * sizeof *y);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, width,
                1, l[-1].y + at, width, l->w, width, 1, y, width);
    for (size_t i = 0; !is_last && i < (size_t)rows * width; i++)
        y[i] = y[i] > 0 ? y[i] : 0;
}

static void loss(struct layer *l, size_t at, int rows)
{
    float scale = 2 / ((float)batch * width);
    for (size_t i = at; i < at + (size_t)rows * width; i++)
        l->dy[i] = scale * (l->y[i] - target[i]);
}

static void backward(struct layer *l, size_t at, int rows, int is_first,
                     int is_fresh)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, width, width, rows, 1,
                l[-1].y + at, width, l->dy + at, width, !is_fresh, l->dw,
                width);
    if (is_fresh)
        memset(l->db, 0, width * sizeof *l->db);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < width; i++)
            l->db[i] += l->dy[at + (size_t)r * width + i];
    if (is_first)
        return;
    float *restrict dx = l[-1].dy + at;
    const float *restrict x = l[-1].y + at;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, width, width, 1,
                l->dy + at, width, l->w, width, 0, dx, width);
    for (size_t i = 0; i < (size_t)rows * width; i++)
        dx[i] = x[i] > 0 ? dx[i] : 0;
}

static void wait_for(_Atomic long *done, long count)
{
    while (atomic_load(done) < count)
        __builtin_ia32_pause();
}

/* A step of thread t, the no-th of all: all forwards, all backwards, update. */
static void step(int t, long no)
{
    int first = 1 + t * n_layers / n_threads;
    int last = (t + 1) * n_layers / n_threads;
    int rows = batch / n_microbatches;
    for (int m = 0; m < n_microbatches; m++) {
        if (t > 0)
            wait_for(&forwards[t - 1], no * n_microbatches + m + 1);
        for (int i = first; i <= last; i++)
            forward(&layers[i], (size_t)m * rows * width, rows, i == n_layers);
        atomic_fetch_add(&forwards[t], 1);
    }
    for (int m = 0; m < n_microbatches; m++) {
        size_t at = (size_t)m * rows * width;
        if (t < n_threads - 1)
            wait_for(&backwards[t + 1], no * n_microbatches + m + 1);
        else
            loss(&layers[n_layers], at, rows);
        for (int i = last; i >= first; i--)
            backward(&layers[i], at, rows, i == 1, m == 0);
        atomic_fetch_add(&backwards[t], 1);
    }
    for (int i = first; i <= last; i++) {
        struct layer *l = &layers[i];
        update(l->w, l->vw, l->dw, (size_t)width * width);
        update(l->b, l->vb, l->db, width);
    }
}

static void *run(void *arg)
{
    int t = (int)(long)arg;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(t, &cores);
    pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
    for (long no = 0; no < WARM_UP + n_steps; no++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        step(t, no);
        clock_gettime(CLOCK_MONOTONIC, &b);
        if (t == 0 && no >= WARM_UP)
            ms[no - WARM_UP] = 1e3 * (double)(b.tv_sec - a.tv_sec) +
                               1e-6 * (double)(b.tv_nsec - a.tv_nsec);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int *sizes[] = {&n_layers,       &width,     &batch,
                    &n_microbatches, &n_threads, &n_steps};
    for (int i = 0; i < 6; i++)
        *sizes[i] = argc > i + 1 ? atoi(argv[i + 1]) : 1;
    if (n_layers > MOST_LAYERS || n_steps > MOST_STEPS) {
        fprintf(stderr, "calibration: at most %d layers and %d steps\n",
                MOST_LAYERS, MOST_STEPS);
        return 2;
    }
    size_t n = (size_t)width * width, activations = (size_t)batch * width;
    float bound = sqrtf(6 / (float)width); /* He et al. */
    openblas_set_num_threads(1);
    target = numbers(activations, 1);
    for (int i = 0; i <= n_layers; i++)
        layers[i] = (struct layer){
            .w = numbers(n, bound),
            .dw = numbers(n, 0),
            .vw = numbers(n, 0),
            .b = numbers(width, 0),
            .db = numbers(width, 0),
            .vb = numbers(width, 0),
            .y = numbers(activations, 1),
            .dy = numbers(activations, 0),
        };
    pthread_t other;
    if (n_threads > 1)
        pthread_create(&other, NULL, run, (void *)1L);
    run((void *)0L);
    if (n_threads > 1)
        pthread_join(other, NULL);
    printf("{\"ms\": [");
    for (int i = 0; i < n_steps; i++)
        printf("%s%.4f", i ? ", " : "", ms[i]);
    printf("], \"backend\": \"cblas_sgemm\", \"core\": \"%s\"}\n",
           openblas_get_corename());
}
