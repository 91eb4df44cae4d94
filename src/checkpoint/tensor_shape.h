/* Whether a tensor of a file has the shape that a parameter wants.  Any thread;
 * no state. */
#ifndef SL_CHECKPOINT_TENSOR_SHAPE_H
#define SL_CHECKPOINT_TENSOR_SHAPE_H

#include <stdbool.h>

#include <sluice/shape.h>
#include <sluice/status.h>

/*
 * Compare them; a number may have no dims, or one of 1.  If `has` fits
 * transposed, the sentence says so, and `layouts`, which says what is kept how.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID naming the tensor and both shapes.
 */
sluice_status sl_tensor_shape_check(const char *name, const sluice_shape *has,
                                    const sluice_shape *wants,
                                    const char *layouts, sluice_diag *why);

/* Whether a matrix has the shape of the other's transpose. */
bool sl_tensor_shape_turned(const sluice_shape *a, const sluice_shape *b);

#endif
