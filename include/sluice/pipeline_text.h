/*
 * A pipeline from a text, and what it asks of arrays: for programs that read
 * their settings from a file, and for other languages, which then need no copy
 * of a C struct.
 *
 *     devices = 2; microbatches = 4; schedule = 1f1b; batch = 32
 *     loss = cross_entropy; optimizer = sgd:lr=0.05,momentum=0.9
 *
 * A setting is NAME = VALUE, or the name of a flag.  Settings are separated by
 * semicolons or newlines; blanks around names and values are ignored; '-' and
 * '_' in names are the same.  Names are those of the fields of
 * sluice_pipeline_config and sluice_schedule_config, with the same meaning and
 * the same defaults:
 *
 *     devices microbatches batch   numbers; batch must be given
 *     loss optimizer               as sluice_loss_parse() and
 *                                  sluice_optimizer_parse() read them; the loss
 *                                  must be given, the optimizer is "sgd"
 *     schedule                     the name of a generator
 *     backward_order chunks group warm_up slices vertical_sync
 *                                  its options; one that it does not read is
 *                                  refused.  backward_order: reverse, in_order
 *     remat                        never, always, except_last
 *     replicas team zero uneven vocabulary_parallel
 *     seed join_weights gather_weights gemm precision
 *     queue_capacity device_cap_bytes spin_ns trace check_recompute
 *     cut                          uniform, flops, time, bytes
 *     partition                    the layers of each stage of one copy of the
 *                                  model: 2,3,3
 *     device_speeds                of each device: 1,0.5
 *     pinning                      auto, off
 *     finite                       loss, off, gradients, boundaries
 */
#ifndef SLUICE_PIPELINE_TEXT_H
#define SLUICE_PIPELINE_TEXT_H

#include <stdint.h>

#include <sluice/element.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/schedule.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SLUICE_PIPELINE_MAX_TEXT = 4096 }; /* bytes, terminating 0 included */

/*
 * sluice_pipeline_create() with the settings of a text.  `custom` (NULL: none)
 * replaces the settings of the schedule, remat among them, none of which may
 * then be in the text except devices and microbatches; it is copied.
 *
 * Takes    nothing: `model` and `allocator` must outlive the pipeline.
 * Threads  any.
 * Returns  as sluice_pipeline_create(); SLUICE_INVALID also for a setting that
 *          does not exist, with the list of those that do, is there twice, has
 *          a value that is not allowed, or is not read by this schedule, and
 *          for a text that is too long; SLUICE_NOT_FOUND also for a loss or an
 *          optimizer of another name.
 */
SLUICE_API sluice_status sluice_pipeline_parse(
    const char *text, const sluice_schedule *custom, const sluice_model *model,
    const sluice_allocator *allocator, sluice_pipeline **out, sluice_diag *why);

/*
 * What a row of targets is, by the pipeline's loss: its bytes, and in `*type`
 * (may be NULL) its elements; SLUICE_UNTYPED: the loss takes any.
 *
 * Threads  any.
 */
SLUICE_API int64_t sluice_pipeline_target_bytes(const sluice_pipeline *pipe,
                                                sluice_element *type);

#ifdef __cplusplus
}
#endif

#endif
