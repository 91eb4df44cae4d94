/* Positions of a row, and sizes that stop at a limit.  Any thread. */
#include "nn/layers/positions.h"

struct sl_positions sl_positions_of(const sluice_shape *row, bool per_position)
{
    int64_t elements = sluice_shape_elements(row);
    if (!per_position)
        return (struct sl_positions){1, elements};
    int64_t width = row->dims[row->n_dims - 1];
    return (struct sl_positions){elements / width, width};
}

struct sl_positions sl_positions_of_rows(const sluice_shape *row,
                                         bool per_position, int64_t rows)
{
    struct sl_positions at = sl_positions_of(row, per_position);
    at.n *= rows;
    return at;
}

int64_t sl_size_plus(int64_t a, int64_t b)
{
    return a >= SL_SIZE_LIMIT - b ? SL_SIZE_LIMIT : a + b;
}

int64_t sl_size_times(int64_t a, int64_t b)
{
    return b > 0 && a >= SL_SIZE_LIMIT / b ? SL_SIZE_LIMIT : a * b;
}
