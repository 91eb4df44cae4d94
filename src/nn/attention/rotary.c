/* Rotary positions.  Any thread; no state. */
#include "nn/attention/rotary.h"

#include <math.h>

enum { PAIRS = 64 }; /* whose angles are known at once */

struct angles {
    int64_t n; /* pairs, at most PAIRS */
    double speed[PAIRS];
    float cosine[PAIRS];
    float sine[PAIRS];
};

static void set_position(struct angles *angles, int64_t t, bool back)
{
    for (int64_t i = 0; i < angles->n; i++) {
        double angle = (double)t * angles->speed[i];
        angles->cosine[i] = (float)cos(angle);
        angles->sine[i] = (float)(back ? -sin(angle) : sin(angle));
    }
}

/* a and b, the halves of a head, from the pairs' first one on. */
static void turn_pairs(const struct angles *angles, float *a, float *b)
{
    for (int64_t i = 0; i < angles->n; i++) {
        float first = a[i], second = b[i];
        a[i] = first * angles->cosine[i] - second * angles->sine[i];
        b[i] = second * angles->cosine[i] + first * angles->sine[i];
    }
}

/* All heads of all rows at one position. */
static void turn_position(const struct sl_rotary *rotary,
                          const struct angles *angles, int64_t t, int64_t first,
                          float *x)
{
    int64_t half = rotary->head_width / 2;
    for (int64_t r = 0; r < rotary->rows; r++) {
        float *at = x + (r * rotary->positions + t) * rotary->stride + first;
        for (int64_t h = 0; h < rotary->n_heads; h++)
            turn_pairs(angles, at + h * rotary->head_width,
                       at + h * rotary->head_width + half);
    }
}

void sl_rotary_turn(const struct sl_rotary *rotary, float *x)
{
    int64_t half = rotary->head_width / 2;
    for (int64_t first = 0; first < half; first += PAIRS) {
        struct angles angles = {half - first < PAIRS ? half - first : PAIRS};
        for (int64_t i = 0; i < angles.n; i++)
            angles.speed[i] = pow(rotary->base, -2 * (double)(first + i) /
                                                    (double)rotary->head_width);
        for (int64_t t = 0; t < rotary->positions; t++) {
            set_position(&angles, rotary->first + t, rotary->back);
            turn_position(rotary, &angles, t, first, x);
        }
    }
}
