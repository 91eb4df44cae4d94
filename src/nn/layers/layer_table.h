/*
 * The table of layers.  To add one, write its file, which defines a function
 * that returns its sluice_layer_ops, and put the name of that function here.
 * Unless a public header declares the function, the file includes this one.
 */
#ifndef SL_NN_LAYERS_LAYER_TABLE_H
#define SL_NN_LAYERS_LAYER_TABLE_H

#include <sluice/layer.h>

#include "nn/rows/row.h"

/* clang-format off */
#define SL_LAYERS(ROW) \
    ROW(sluice_linear) \
    ROW(sluice_activate) \
    ROW(sluice_glu) \
    ROW(sluice_dropout) \
    ROW(sluice_layer_norm) \
    ROW(sluice_rms_norm) \
    ROW(sluice_timed) \
    ROW(sluice_embedding) \
    ROW(sluice_position_embedding) \
    ROW(sluice_attention) \
    ROW(sluice_head) \
    ROW(sluice_timed_head) \
    ROW(sluice_stash) \
    ROW(sluice_pop) \
    ROW(sluice_conv2d) \
    ROW(sluice_max_pool) \
    ROW(sluice_average_pool) \
    ROW(sluice_global_average_pool) \
    ROW(sluice_upsample) \
    ROW(sluice_group_norm) \
    ROW(sluice_batch_norm) \
    ROW(sluice_reshape) \
    ROW(sluice_flatten) \
    ROW(sluice_sequence) \
    ROW(sluice_residual) \
    ROW(sluice_branches) \
    ROW(sluice_concat) \
    /* the end: each row ends with a backslash */
/* clang-format on */

#define SL_DECLARE_LAYER(row) const sluice_layer_ops *row(void);
SL_LAYERS(SL_DECLARE_LAYER)

/* What all tables have in common. */
sl_rows sl_layer_rows;

#endif
