/* Bytes that a step moves from device to device. */
#ifndef BENCH_MEASURE_TRAFFIC_H
#define BENCH_MEASURE_TRAFFIC_H

#include <stdint.h>

#include <sluice/model.h>
#include <sluice/pipeline.h>

/*
 * Activations forward and gradients backward over the boundaries between stages
 * of different places: a row crosses each of its own replica, and of its own
 * copy of the model where a schedule has several.  A place has `team` devices.
 */
double traffic_boundary_bytes(const sluice_pipeline *pipe,
                              const sluice_model *model, int64_t rows,
                              int team);

/*
 * What the devices of R replicas read from each other to add up gradients: a
 * reduce-scatter and an all-gather, 2 (R - 1) / R of its gradient for each.  R
 * counts the copies of a bidirectional schedule, too.
 */
double traffic_reduce_bytes(const sluice_pipeline *pipe, int replicas);

/*
 * What of both goes from process to process, if the teams, or devices, lie in
 * them in equal runs: activations and gradients of the boundaries between
 * processes; and for each two holders of a part that are in different
 * processes a chunk of the gradient's terms and one of its sums, each way. With
 * ZeRO parameters go in place of the sums, in stage 3 as often as the schedule
 * brings them; and besides, where a total of the sums is wanted.  The two uses
 * of a tied tensor, if they are in different processes, exchange their
 * gradients.
 */
double traffic_sent_bytes(const sluice_pipeline *pipe,
                          const sluice_model *model, int64_t rows, int replicas,
                          int team, int processes, int zero);

/* The most of it that is handed on at a time, of `rows`, in a pipeline without
 * replicas; 0: nothing. */
int64_t traffic_item_bytes(const sluice_pipeline *pipe,
                           const sluice_model *model, int64_t rows, int team,
                           int processes);

/* What a model's teams of t devices move for `rows` in all, all of them
 * together. */
struct traffic_team {
    double read_bytes;     /* in Sluice: of x for y and dw, and of dy for dx,
                              what other devices of the team have written */
    double megatron_bytes; /* with Megatron-LM's cut: half an all-reduce
                              forwards and half a one backwards for each
                              product, of its smaller side, 4 for a block of a
                              Transformer; a device sends 2 (t - 1) / t */
};

/* Of the products whose weights a team divides. */
struct traffic_team traffic_team_bytes(const sluice_model *model, int64_t rows,
                                       int team);

#endif
