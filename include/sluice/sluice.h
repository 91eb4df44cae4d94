/*
 * Sluice: pipeline-parallel training.  This header includes all the others.
 *
 *     status     results of calls           model      a sequence of layers
 *     memory     allocators                 partition  layers to devices
 *     shape      shapes                     schedule   lists of actions
 *     element    types of array elements    options    configs as text
 *     layer      layers                     pipeline   devices that train
 *     across_layers  layers that share tensors with others
 *     product    matrix products of layers  team       devices of one stage
 *     loss       losses                     trace      what they did when
 *     optimizer  optimizers                 dataset    files and data sets
 *     reference  the sequential judge       train      epochs
 *     checkpoint  parameters, or all of a training, on disk
 *     augment     images shifted and flipped by chance
 *     saver      checkpoints written beside training
 *     pipeline_stage  which layers a device has
 *     pipeline_state  what lasts from step to step
 *     pipeline_text   a pipeline from a text
 *     reshape         another shape between two steps
 *     adapt           reshaping when devices become slower or faster
 *     decode          a trained model along a sequence, position by position
 *     report     pictures of traces         simulate   schedules with costs
 *     attribution  idle time, explained     schedule_text  schedules as CSV
 *     schedule_formula  closed forms: idle time
 *     schedule_passes  transformations of schedules
 *     plan       the best cut, schedule and devices for given layers
 *     search     the best schedule for given costs
 *     watch      cancelling, what devices do now, the watchdog
 *     version    of the library and its BLAS
 *     gemm       the libraries of matrix products
 *     text       texts as tokens, windows   tokenizer  text to tokens and back
 *
 * Threads: an object may be used by one thread at a time unless its header
 * says otherwise; different objects are independent.
 *
 * Stack: a call takes less than 64 KiB, not counting callbacks (sinks,
 * allocators, the program's own layers).  A program that links the library also
 * has 60 KiB of OpenBLAS's thread-local variables in the stack of each thread,
 * so that 128 KiB are enough.  Devices have the stack that the process gives
 * its threads by default; a program's own layers can use all of it except 64
 * KiB.
 */
#ifndef SLUICE_SLUICE_H
#define SLUICE_SLUICE_H

#include <sluice/across_layers.h>
#include <sluice/adapt.h>
#include <sluice/attribution.h>
#include <sluice/augment.h>
#include <sluice/checkpoint.h>
#include <sluice/composite_layers.h>
#include <sluice/dataset.h>
#include <sluice/decode.h>
#include <sluice/element.h>
#include <sluice/export.h>
#include <sluice/gemm.h>
#include <sluice/gradient_check.h>
#include <sluice/image_layers.h>
#include <sluice/layer.h>
#include <sluice/loss.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/optimizer.h>
#include <sluice/options.h>
#include <sluice/outline.h>
#include <sluice/partition.h>
#include <sluice/pipeline.h>
#include <sluice/pipeline_choice.h>
#include <sluice/pipeline_stage.h>
#include <sluice/pipeline_state.h>
#include <sluice/pipeline_text.h>
#include <sluice/plan.h>
#include <sluice/product.h>
#include <sluice/rate.h>
#include <sluice/reference.h>
#include <sluice/report.h>
#include <sluice/reshape.h>
#include <sluice/saver.h>
#include <sluice/schedule.h>
#include <sluice/schedule_action.h>
#include <sluice/schedule_edge.h>
#include <sluice/schedule_formula.h>
#include <sluice/schedule_passes.h>
#include <sluice/schedule_text.h>
#include <sluice/search.h>
#include <sluice/sequence_layers.h>
#include <sluice/shape.h>
#include <sluice/simulate.h>
#include <sluice/speed.h>
#include <sluice/status.h>
#include <sluice/team.h>
#include <sluice/text.h>
#include <sluice/tokenizer.h>
#include <sluice/trace.h>
#include <sluice/train.h>
#include <sluice/version.h>
#include <sluice/watch.h>

#endif
