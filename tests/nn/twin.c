/* Forward functions in double. */
#include "nn/twin.h"

#include <math.h>

static double act(sluice_activation activation, double z)
{
    switch (activation) {
    case SLUICE_RELU:
        return z > 0 ? z : 0;
    case SLUICE_TANH:
        return tanh(z);
    case SLUICE_GELU:
        return z * erfc(-z / sqrt(2)) / 2;
    case SLUICE_GELU_TANH:
        return z / 2 *
               (1 + tanh(sqrt(0.5 / atan(1)) * (z + 0.044715 * z * z * z)));
    case SLUICE_SIGMOID:
        return 1 / (1 + exp(-z));
    case SLUICE_SILU:
        return z / (1 + exp(-z));
    default:
        return z;
    }
}

void twin_linear(const struct twin_size *size, const double *x,
                 const double *const *params, double *y)
{
    for (int64_t r = 0; r < size->rows; r++)
        for (int64_t j = 0; j < size->out; j++) {
            double z = params[1] ? params[1][j] : 0;
            for (int64_t i = 0; i < size->in; i++)
                z += x[r * size->in + i] * params[0][i * size->out + j];
            y[r * size->out + j] = act(size->activation, z);
        }
}

void twin_head(const struct twin_size *size, const double *x,
               const double *const *params, double *y)
{
    for (int64_t r = 0; r < size->rows; r++)
        for (int64_t j = 0; j < size->out; j++) {
            y[r * size->out + j] = 0;
            for (int64_t i = 0; i < size->in; i++)
                y[r * size->out + j] +=
                    x[r * size->in + i] * params[0][j * size->in + i];
        }
}

void twin_activate(const struct twin_size *size, const double *x,
                   const double *const *params, double *y)
{
    (void)params;
    for (int64_t i = 0; i < size->rows * size->in; i++)
        y[i] = act(size->activation, x[i]);
}

/* Rows of one dimension. */
void twin_glu(const struct twin_size *size, const double *x,
              const double *const *params, double *y)
{
    int64_t n = size->out;
    (void)params;
    for (int64_t r = 0; r < size->rows; r++)
        for (int64_t i = 0; i < n; i++)
            y[r * n + i] = act(size->activation, x[2 * r * n + i]) *
                           x[(2 * r + 1) * n + i];
}

void twin_layer_norm(const struct twin_size *size, const double *x,
                     const double *const *params, double *y)
{
    int64_t n = size->in;
    for (int64_t r = 0; r < size->rows; r++) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < n; i++)
            mean += x[r * n + i] / (double)n;
        for (int64_t i = 0; i < n; i++)
            variance += pow(x[r * n + i] - mean, 2) / (double)n;
        for (int64_t i = 0; i < n; i++)
            y[r * n + i] = (x[r * n + i] - mean) /
                               sqrt(variance + size->epsilon) * params[0][i] +
                           params[1][i];
    }
}

void twin_rms_norm(const struct twin_size *size, const double *x,
                   const double *const *params, double *y)
{
    int64_t n = size->in;
    for (int64_t r = 0; r < size->rows; r++) {
        double square = 0;
        for (int64_t i = 0; i < n; i++)
            square += pow(x[r * n + i], 2) / (double)n;
        for (int64_t i = 0; i < n; i++)
            y[r * n + i] =
                x[r * n + i] / sqrt(square + size->epsilon) * params[0][i];
    }
}

void twin_masked(const struct twin_size *size, const double *x,
                 const double *const *params, double *y)
{
    (void)params;
    for (int64_t i = 0; i < size->rows * size->in; i++)
        y[i] = x[i] * size->mask[i];
}

void twin_scaled(const struct twin_size *size, const double *x,
                 const double *const *params, double *y)
{
    for (int64_t r = 0; r < size->rows; r++)
        for (int64_t i = 0; i < size->in; i++)
            y[r * size->in + i] = x[r * size->in + i] * params[0][i];
}

void twin_positions(const struct twin_size *size, const double *x,
                    const double *const *params, double *y)
{
    for (int64_t r = 0; r < size->rows; r++)
        for (int64_t i = 0; i < size->in; i++)
            y[r * size->in + i] = x[r * size->in + i] + params[0][i];
}

void twin_composite(const struct twin_size *size, const double *x,
                    const double *const *params, double *y)
{
    enum { MOST = 4 * 37 };
    double buffer[2][MOST];
    const double *from = x;
    int64_t n_in = size->in;
    int64_t k = 0;
    for (const struct twin_part *part = size->parts; part->f; part++, k++) {
        struct twin_size inner = part->size;
        inner.rows = size->rows;
        inner.in = n_in;
        if (!inner.out)
            inner.out = n_in;
        part->f(&inner, from, params, buffer[k % 2]);
        from = buffer[k % 2];
        params += part->n_params;
        n_in = inner.out;
    }
    for (int64_t i = 0; i < size->rows * size->out; i++)
        y[i] = from[i] + (size->adds_x ? x[i] : 0);
}
