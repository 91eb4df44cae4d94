/* Attention in double. */
#include "nn/attention/attention_double.h"

#include <math.h>
#include <stdlib.h>

static double *room(int64_t n)
{
    double *at = calloc((size_t)n, sizeof *at);
    if (!at)
        exit(EXIT_FAILURE);
    return at;
}

/* y[n][out] = x[n][in] * w + b */
static void product(int64_t n, int64_t in, int64_t out, const double *x,
                    const double *w, const double *b, double *y)
{
    for (int64_t r = 0; r < n; r++)
        for (int64_t j = 0; j < out; j++) {
            double sum = b ? b[j] : 0;
            for (int64_t i = 0; i < in; i++)
                sum += x[r * in + i] * w[i * out + j];
            y[r * out + j] = sum;
        }
}

/* A head's vector at position t, as a complex number for each pair. */
static void turn(double base, int64_t t, int64_t d, double *head)
{
    for (int64_t i = 0; i < d / 2; i++) {
        double angle = (double)t / pow(base, 2.0 * (double)i / (double)d);
        double re = head[i], im = head[i + d / 2];
        head[i] = re * cos(angle) - im * sin(angle);
        head[i + d / 2] = re * sin(angle) + im * cos(angle);
    }
}

/* One query of one head of one row; `mask` of its keys. */
static void attend(const struct attention_double *a, int64_t t, int64_t stride,
                   const double *q, const double *k, const double *v,
                   const double *mask, double *out)
{
    int64_t d = a->width / a->heads, n = a->causal ? t + 1 : a->positions;
    double *p = room(n), sum = 0;
    for (int64_t s = 0; s < n; s++) {
        double score = 0;
        for (int64_t i = 0; i < d; i++)
            score += q[t * stride + i] * k[s * stride + i];
        p[s] = exp(score / sqrt((double)d));
        sum += p[s];
    }
    for (int64_t i = 0; i < d; i++) {
        out[i] = 0;
        for (int64_t s = 0; s < n; s++)
            out[i] += p[s] / sum * (mask ? mask[s] : 1) * v[s * stride + i];
    }
    free(p);
}

static void row(const struct attention_double *a, const double *mask,
                double *qkv, double *mixed)
{
    int64_t d = a->width / a->heads, n = a->positions;
    int64_t stride = a->width + 2 * a->kv_heads * d;
    for (int64_t t = 0; t < n && a->rotary > 0; t++)
        for (int64_t h = 0; h < a->heads + a->kv_heads; h++)
            turn(a->rotary, t, d, qkv + t * stride + h * d);
    for (int64_t h = 0; h < a->heads; h++)
        for (int64_t t = 0; t < n; t++) {
            int64_t shared = h * a->kv_heads / a->heads;
            const double *k = qkv + a->width + shared * d;
            attend(a, t, stride, qkv + h * d, k, k + a->kv_heads * d,
                   mask ? mask + (h * n + t) * n : NULL,
                   mixed + t * a->width + h * d);
        }
}

void attention_double(const struct attention_double *a, const double *x,
                      const double *const *params, double *y)
{
    int64_t n = a->rows * a->positions;
    int64_t stride = a->width + 2 * a->kv_heads * (a->width / a->heads);
    int64_t masks = a->heads * a->positions * a->positions;
    double *qkv = room(n * stride), *mixed = room(n * a->width);
    product(n, a->width, stride, x, params[0], params[2], qkv);
    for (int64_t r = 0; r < a->rows; r++)
        row(a, a->mask ? a->mask + r * masks : NULL,
            qkv + r * a->positions * stride,
            mixed + r * a->positions * a->width);
    product(n, a->width, a->width, mixed, params[1], params[3], y);
    free(qkv);
    free(mixed);
}
