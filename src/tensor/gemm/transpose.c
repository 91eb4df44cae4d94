/* Transposed copies.  Any thread. */
#include "tensor/gemm/transpose.h"

#include <string.h>

enum {
    SQUARE = 4, /* what the narrowest vector registers hold */
    LINE_FLOATS = 64 / sizeof(float),
};

typedef float four_floats __attribute__((vector_size(SQUARE * sizeof(float))));

static void transpose_square(const float *from, int64_t from_row, float *to,
                             int64_t to_row)
{
    four_floats a[SQUARE];
    for (int j = 0; j < SQUARE; j++)
        memcpy(&a[j], from + j * from_row, sizeof a[j]);
    four_floats low01 = __builtin_shufflevector(a[0], a[1], 0, 4, 1, 5);
    four_floats low23 = __builtin_shufflevector(a[2], a[3], 0, 4, 1, 5);
    four_floats high01 = __builtin_shufflevector(a[0], a[1], 2, 6, 3, 7);
    four_floats high23 = __builtin_shufflevector(a[2], a[3], 2, 6, 3, 7);
    a[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    a[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    a[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    a[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    for (int k = 0; k < SQUARE; k++)
        memcpy(to + k * to_row, &a[k], sizeof a[k]);
}

/* Columns from k on of all rows. */
static void transpose_rest(int64_t n_rows, int64_t n_columns, int64_t k,
                           const float *from, int64_t from_row, float *to,
                           int64_t to_row)
{
    for (int64_t j = 0; j < n_rows; j++)
        for (int64_t i = k; i < n_columns; i++)
            to[i * to_row + j] = from[j * from_row + i];
}

/* In squares: a line of each row is used up before the next row, as rows may
 * compete for the same lines of a cache. */
void sl_transpose(int64_t n_rows, int64_t n_columns, const float *from,
                  int64_t from_row, float *to, int64_t to_row)
{
    int64_t squares = n_rows / SQUARE * SQUARE;
    int64_t whole = n_columns / SQUARE * SQUARE;
    for (int64_t line = 0; line < whole; line += LINE_FLOATS) {
        int64_t end = line + LINE_FLOATS < whole ? line + LINE_FLOATS : whole;
        for (int64_t j = 0; j < squares; j += SQUARE)
            for (int64_t k = line; k < end; k += SQUARE)
                transpose_square(from + j * from_row + k, from_row,
                                 to + k * to_row + j, to_row);
    }
    transpose_rest(squares, n_columns, whole, from, from_row, to, to_row);
    transpose_rest(n_rows - squares, n_columns, 0, from + squares * from_row,
                   from_row, to + squares, to_row);
}
