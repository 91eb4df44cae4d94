/*
 * Parameters to and from disk, and all that a training needs to go on as if it
 * had never stopped.  A file of safetensors holds one tensor for each
 * parameter of the model, by the parameter's name, "0.weight", in which the
 * layer is counted in the whole model: it knows nothing of devices, cut or
 * schedule.  Weights may also have PyTorch's names and layouts.
 *
 * Files are written as a whole or not at all: under a temporary name in the
 * same directory, then synced and renamed.  Whatever happens meanwhile, a full
 * disk, a killed process, a power failure, an older file of that name is as it
 * was or replaced by the new one.  They carry a checksum (CRC-32) for each
 * tensor and one for the header, and a damaged file is refused, with the place.
 */
#ifndef SLUICE_CHECKPOINT_H
#define SLUICE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include <sluice/dataset.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/model.h>
#include <sluice/pipeline.h>
#include <sluice/status.h>
#include <sluice/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Write every parameter of the pipeline.
 *
 * Threads  while no step, evaluation or inference is under way.
 * Returns  SLUICE_OK; SLUICE_NOT_FINITE naming a parameter that is NaN or
 *          infinite, which could not be loaded again; SLUICE_INVALID if the
 *          model has more parameters than a header can list; SLUICE_IO;
 *          SLUICE_NO_MEMORY.  After an error an older file is as it was, except
 *          where the sentence says that its directory could not be synced.
 */
SLUICE_API sluice_status sluice_pipeline_save_weights(
    const sluice_pipeline *pipe, const char *path, sluice_diag *why);

/* How the rows were made that a model is trained on. */
typedef struct sluice_preparation {
    const char *tokenizer; /* its name, see sluice/tokenizer.h; NULL: rows are
                              no tokens */
    double mean;           /* of sluice_dataset_normalization() */
    double deviation;      /* 0: rows are not normalized */
} sluice_preparation;

/*
 * As sluice_pipeline_save_weights(), with what it takes to use them: the model
 * as text, and how to make its rows (NULL: not told).
 *
 * Returns  as that; SLUICE_INVALID also if a name is not UTF-8.
 */
SLUICE_API sluice_status sluice_pipeline_save_model(
    const sluice_pipeline *pipe, const sluice_preparation *rows,
    const char *path, sluice_diag *why);

/*
 * The model of a file of sluice_pipeline_save_model(), or of a checkpoint whose
 * run knew its model.  Where the text leaves it to the data, a row of the input
 * is `input`; NULL: then the text must say it.  `allocator` NULL: malloc.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the file does not tell its model;
 *          what sluice_model_parse() returns, or sluice_safetensors_open().
 */
SLUICE_API sluice_status sluice_model_read(const char *path,
                                           const sluice_shape *input,
                                           const sluice_allocator *allocator,
                                           sluice_model **out,
                                           sluice_diag *why);

/*
 * The tokenizer of such a file.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the file names none; what
 *          sluice_tokenizer_parse() returns, or sluice_safetensors_open().
 */
SLUICE_API sluice_status
sluice_tokenizer_read(const char *path, const sluice_allocator *allocator,
                      sluice_tokenizer **out, sluice_diag *why);

/*
 * Mean and deviation of such a file.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if the file has none; SLUICE_FORMAT if
 *          they are no numbers; what sluice_safetensors_open() returns.
 */
SLUICE_API sluice_status
sluice_normalization_read(const char *path, const sluice_allocator *allocator,
                          double *mean, double *deviation, sluice_diag *why);

/*
 * How the parameters of a model are named in a file, and how they lie there.
 *
 * SLUICE   by their names, "1.weight", the weights of linear layers and of
 *          attention as [in, out].
 * PYTORCH  as in the state_dict() of PyTorch's network.  A model of the preset
 *          gpt2 has the names of GPT2LMHeadModel in `transformers`, with and
 *          without "transformer."; llama those of LlamaForCausalLM, resnet
 *          those of torchvision.  Any other model has the names of a
 *          torch.nn.Sequential, in which an activation is a module of its own.
 *          Weights that a layer lists in its `products` lie as [out, in],
 *          except those of GPT-2, whose Conv1D has [in, out]; a head has
 *          [out, in] in both.
 *
 * AUTO     of a file that is read: as it says itself, which files that the
 *          library wrote do; else the one that names and shapes fit; else
 *          PYTORCH if safetensors.torch wrote it; else SLUICE, and if square
 *          matrices would be other ones in the other layout, that is a warning
 *          to the pipeline's log.
 */
typedef enum sluice_weights_layout {
    SLUICE_LAYOUT_AUTO = 0,
    SLUICE_LAYOUT_SLUICE,
    SLUICE_LAYOUT_PYTORCH,
} sluice_weights_layout;

/* The layout of that name, "auto", "sluice", "pytorch".  Returns SLUICE_OK,
 * SLUICE_NOT_FOUND. */
SLUICE_API sluice_status sluice_weights_layout_find(const char *name,
                                                    sluice_weights_layout *out);

/*
 * As sluice_pipeline_save_model() in the layout `layout`, of which AUTO is
 * SLUICE.  In PYTORCH's a tied parameter is written by each of its names.  What
 * lies in another order, or on several devices, is put together one tensor at a
 * time, in memory of the pipeline's allocator.
 */
SLUICE_API sluice_status sluice_pipeline_save_model_as(
    const sluice_pipeline *pipe, const sluice_preparation *rows,
    sluice_weights_layout layout, const char *path, sluice_diag *why);

/*
 * Set every parameter of the pipeline, which was made from `model`, from the
 * tensor of the same name and shape in a safetensors file.  In a checkpoint the
 * optimizer's states are passed over.  `allocator` serves during the call, for
 * a copy of the parameters that the process holds; NULL: malloc.  The layout is
 * AUTO.
 *
 * Threads  while no step, evaluation or inference is under way.  The log is
 *          called by this thread.
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND naming a tensor that is no parameter;
 *          SLUICE_INVALID naming a tensor of another shape, and saying so if it
 *          fits transposed, or a parameter that the file lacks, or another
 *          `model`; SLUICE_NOT_FINITE naming one
 *          with a value that is NaN or infinite; SLUICE_NO_MEMORY; or what
 *          sluice_safetensors_open() and sluice_safetensors_read() return.
 *          After an error all parameters are as they were.
 */
SLUICE_API sluice_status sluice_pipeline_load_weights(
    sluice_pipeline *pipe, const sluice_model *model, const char *path,
    const sluice_allocator *allocator, sluice_diag *why);

/*
 * The same in the layout `layout`.  In PYTORCH's, tensors that are known to be
 * no parameters are passed over with a note to the log: masks of GPT-2's
 * attention, frequencies of rotary positions, num_batches_tracked of layers
 * that have none.  A tied parameter that is there by several names must be the
 * same each time.
 *
 * Returns  as that; SLUICE_INVALID also if the file says that it has another
 *          layout, or if tied tensors differ.
 */
SLUICE_API sluice_status sluice_pipeline_load_weights_as(
    sluice_pipeline *pipe, const sluice_model *model,
    sluice_weights_layout layout, const char *path,
    const sluice_allocator *allocator, sluice_diag *why);

/*
 * What a checkpoint keeps of a training that the pipeline does not know.  Zero
 * or NULL in the first part: not known, and not compared.
 */
typedef struct sluice_run {
    const char *model; /* its text */
    int64_t n_rows;    /* of an epoch */
    int64_t batch;     /* rows of a step */
    bool shuffles;     /* by `shuffle_seed`; else rows come in their order */
    uint64_t shuffle_seed;
    const char *tokenizer; /* its name, of rows that are tokens of a text */
    const char *rate;      /* the learning-rate rule, and what else its factors
                              depend on, as a text of the caller's */
    const char *augment;   /* of images, as a text of the caller's */

    sluice_position position;
    bool was_tested;      /* after this step; else the next two are 0 */
    double test_loss;     /* of the test rows */
    double test_accuracy; /* of the test rows; 0 if the loss counts no classes
                           */
} sluice_run;

/*
 * Whether a checkpoint of this pipeline can be written and read again, as far
 * as its number of tensors and their names decide it: so that a training learns
 * it before its first step.  Nothing is written, and no value is looked at.
 * `run` may be NULL.
 *
 * Threads  as sluice_checkpoint_save().
 * Returns  SLUICE_OK; SLUICE_INVALID; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_checkpoint_check(const sluice_pipeline *pipe,
                                                 const sluice_run *run,
                                                 sluice_diag *why);

/*
 * Write all that the following steps depend on: parameters, optimizer states,
 * number of steps, learning rate, and `run` (NULL: zeros).  What the bits
 * depend on besides stands in the metadata, and is compared by
 * sluice_checkpoint_load(): the numbers of micro-batches, replicas and copies,
 * the order of the backwards, seed, layers, loss, optimizer, BLAS with its core
 * type, the libraries of matrix products, oneDNN's version.
 *
 * A state of the optimizer is a tensor named "state0.0.weight": the state, then
 * the parameter.
 *
 * Threads, Returns  as sluice_pipeline_save_weights(); SLUICE_INVALID also if
 *          the model's text is not UTF-8.
 */
SLUICE_API sluice_status sluice_checkpoint_save(const sluice_pipeline *pipe,
                                                const sluice_run *run,
                                                const char *path,
                                                sluice_diag *why);

/*
 * Go on from a checkpoint: set parameters, optimizer states, number of steps
 * and learning rate, and fill in the second part of `run` (may be NULL).  Then
 *
 *     sluice_checkpoint_load(pipe, path, &run, NULL, &why)
 *
 * and the same rows give the same bits as if the training had not stopped, with
 * any number of devices, cut, queue capacity, rematerialization, and any
 * synchronous schedule that adds up the gradients in the same order.
 *
 * Where they may be other bits, as with another number of micro-batches or
 * another BLAS, the call succeeds, and each difference is a warning to the
 * pipeline's log; `*n_differences` (may be NULL) counts them.  The first part
 * of `run` is what this training is: where it is known and the checkpoint knows
 * it too, both are compared.
 *
 * Threads  while no step, evaluation or inference is under way; the log is
 *          called by this thread.
 * Returns  SLUICE_OK; SLUICE_FORMAT if the file is damaged, with the place, or
 *          is no checkpoint; SLUICE_NOT_FOUND or SLUICE_INVALID naming a tensor
 *          that the pipeline or the file lacks, or one of another shape;
 *          SLUICE_NOT_FINITE naming a parameter with a value that is NaN or
 *          infinite; SLUICE_IO; SLUICE_NO_MEMORY.  After an error the pipeline
 *          and `run` are as they were.
 */
SLUICE_API sluice_status sluice_checkpoint_load(sluice_pipeline *pipe,
                                                const char *path,
                                                sluice_run *run,
                                                int *n_differences,
                                                sluice_diag *why);

/*
 * Only read the second part of `run`, and the number of steps.  The header is
 * checked, the tensors are not read.  `allocator` NULL: malloc.
 *
 * Threads  any.
 * Returns  SLUICE_OK; SLUICE_FORMAT; SLUICE_IO; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status
sluice_checkpoint_inspect(const char *path, sluice_run *run, uint64_t *n_steps,
                          const sluice_allocator *allocator, sluice_diag *why);

#ifdef __cplusplus
}
#endif

#endif
