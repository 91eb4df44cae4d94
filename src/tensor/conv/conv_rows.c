/* Weights of a convolution as tiles read them.  Any thread. */
#include "tensor/conv/conv_rows.h"

#include <string.h>

#include "tensor/gemm/panels.h"

static int64_t n_blocks(const struct sl_conv_pass *pass)
{
    int64_t depth = sl_conv_depth(pass);
    if (depth < 1)
        return 0;
    int64_t step = sl_panels_block_depth(depth);
    return (depth + step - 1) / step;
}

int64_t sl_conv_rows_floats(const struct sl_conv_pass *pass)
{
    return n_blocks(pass) * pass->made.n * SL_TILE_ROW;
}

enum { SQUARE = 3 * 3 }; /* elements of the usual window */

/* Whether the taps of a channel are all of its window, in order. */
static bool is_whole(const struct sl_conv_pass *pass, int64_t taps)
{
    for (int t = 0; t < pass->n_taps; t++)
        if (pass->taps[t].at != t)
            return false;
    return pass->n_taps == taps;
}

/* Row elements k to k + n, of a row whose channels begin at `from`, `channel`
 * floats apart. */
static void copy_row(const struct sl_conv_pass *pass, bool whole,
                     const float *from, int64_t channel, int64_t k, int64_t n,
                     float *to)
{
    int64_t t = k % pass->n_taps, i = 0;
    from += k / pass->n_taps * channel;
    if (whole && channel == pass->n_taps) {
        memcpy(to, from + t, (size_t)n * sizeof *to);
        return;
    }
    while (i < n) {
        if (whole && t == 0 && pass->n_taps == SQUARE && i + SQUARE <= n) {
            memcpy(to + i, from, SQUARE * sizeof *to);
            i += SQUARE;
            from += channel;
            continue;
        }
        to[i++] = from[pass->taps[t].at];
        if (++t == pass->n_taps) {
            t = 0;
            from += channel;
        }
    }
}

void sl_conv_rows(const struct sl_conv_pass *pass, const float *w, int64_t taps,
                  bool is_input, float *rows)
{
    int64_t depth = sl_conv_depth(pass);
    int64_t n = pass->made.n;
    int64_t row = is_input ? taps : pass->from.channels * taps;
    int64_t channel = is_input ? n * taps : taps;
    bool whole = is_whole(pass, taps);
    for (int64_t k = 0; k < depth;) {
        int64_t end = k + sl_panels_block_depth(depth);
        end = end < depth ? end : depth;
        for (int64_t c = 0; c < n; c++)
            copy_row(pass, whole, w + c * row, channel, k, end - k,
                     rows + c * SL_TILE_ROW);
        rows += n * SL_TILE_ROW;
        k = end;
    }
}
