/*
 * Products of a team: t devices make one product together.  Each holds some
 * columns of the weights, w[in][its columns], and makes some columns of every
 * result:
 *
 *     forward  its columns of y, from all of x and its columns of w
 *     input    its columns of dx, from all of dy and its rows of w, which it
 *              copies from the weights of all devices after an update
 *     weight   its columns of dw, from all of x and its columns of dy
 *
 * No sum is divided, so nothing is added up between devices.  An element is the
 * same sum as without a team; whether it is made in the same order is up to the
 * backend.  `plain` and `packed` go through the depth of an element in an order
 * that depends on the depth alone: their bits are those of one device.
 * OpenBLAS has kernels of its own for the last columns of a matrix, and for
 * small ones: its bits need not be the same.
 *
 * Cores are not always equally fast.  So that the team does not wait for the
 * slowest, `packed` has each device offer its columns in parts: it takes them
 * itself, half of what is left at a time, and who has made its own takes from
 * the others.  So its columns are there when the team has met behind the call,
 * and nobody takes from another call than its own.
 *
 * Threads: the device.
 */
#ifndef SL_TENSOR_GEMM_TEAM_PRODUCT_H
#define SL_TENSOR_GEMM_TEAM_PRODUCT_H

#include "tensor/gemm/product.h"

/*
 * Make this device's columns.
 *
 * Shapes   of whole matrices, except w and dw: w[in][cut.out.n].
 *          shards[n_shards] are the weights of all devices, of which `right`
 *          of forward and input is this one's.
 * Returns  as sl_product_run().
 */
sluice_status sl_team_product_run(struct sluice_product *product,
                                  enum sl_gemm_kind kind, int64_t rows,
                                  struct sl_operands operands,
                                  const float *const *shards, bool accumulate);

/* Whether devices take parts of such a product from each other, so that the
 * team has to meet behind it; the same for all of them. */
bool sl_team_product_is_shared(const struct sluice_product *product,
                               enum sl_gemm_kind kind, int64_t rows);

/*
 * Let the devices of a team take parts from each other: each product is joined
 * to that of the next device, the last one's to the first's.
 *
 * Threads  the one that creates the pipeline.
 */
void sl_team_product_join(struct sluice_product *product,
                          struct sluice_product *next);

#endif
