/*
 * Data sets and files of tensors.  Every file is treated as hostile: each
 * declared size is checked against the length of the file before memory is
 * allocated, and a bad file yields SLUICE_FORMAT with the place of the error.
 */
#ifndef SLUICE_DATASET_H
#define SLUICE_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sluice/element.h>
#include <sluice/export.h>
#include <sluice/memory.h>
#include <sluice/shape.h>
#include <sluice/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * An array read from a file.  `shape.dims[0]` is the number of rows.
 */
typedef struct sluice_array {
    sluice_shape shape;
    sluice_element type;
    void *data; /* elements in C order, owned by the array */
    size_t bytes;
    const sluice_allocator *allocator;
} sluice_array;

/*
 * Allocate an array of zeros, to be filled for a data set of your own.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID if the shape has no elements or too many,
 *          or `type` is not a type; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_array_init(sluice_array *array,
                                           sluice_element type,
                                           const sluice_shape *shape,
                                           const sluice_allocator *allocator,
                                           sluice_diag *why);

/* Free what sluice_array_init() or a reader allocated, and set the struct to
 * zeros.  A struct of zeros is allowed. */
SLUICE_API void sluice_array_fini(sluice_array *array);

/*
 * Read an IDX file, gzipped or plain (the format of MNIST: unsigned bytes,
 * 32-bit integers or floats, big-endian, 1 to SLUICE_MAX_DIMS dims).
 *
 * Returns  SLUICE_OK; SLUICE_IO if `path` is not a regular file that can be
 *          read; SLUICE_FORMAT, naming the byte, if its content is malformed,
 *          of another type, empty, too short or too long;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_idx_read(const char *path,
                                         const sluice_allocator *allocator,
                                         sluice_array *out, sluice_diag *why);

/*
 * Read a .npy file (versions 1 to 3; little-endian float32, float64, int32,
 * int64 or uint8, C order, 1 to SLUICE_MAX_DIMS dims).  Float64 is rounded to
 * float32; int64 becomes int32.  A finite float64 that would become infinite is
 * refused, and so is an int64 that does not fit.
 *
 * Returns  as sluice_idx_read().
 */
SLUICE_API sluice_status sluice_npy_read(const char *path,
                                         const sluice_allocator *allocator,
                                         sluice_array *out, sluice_diag *why);

/*
 * Write data[shape] as a .npy file of version 1.0, whole or not at all as the
 * files of sluice/checkpoint.h.  `allocator` NULL: malloc.
 *
 * Returns  SLUICE_OK; SLUICE_INVALID for a shape without dims or elements, or
 *          no type; SLUICE_IO; SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_npy_write(const char *path, sluice_element type,
                                          const sluice_shape *shape,
                                          const void *data,
                                          const sluice_allocator *allocator,
                                          sluice_diag *why);

/* A safetensors file, opened: names and shapes are known, data is read on
 * demand. */
typedef struct sluice_safetensors sluice_safetensors;

enum {
    SLUICE_SAFETENSORS_HEADER = 1 << 20, /* default bound of its header */
    SLUICE_SAFETENSORS_TENSORS = 65536,
    SLUICE_TENSOR_NAME = 256, /* bytes of a name, terminating 0 included */
};

/*
 * Open a safetensors file and check its header: strict JSON, names of
 * [A-Za-z0-9_.-], offsets that cover the data without gap or overlap, sizes
 * that equal shape times type, no empty tensors; and, if the library wrote it,
 * the header's checksum.
 *
 * `max_header` 0 means SLUICE_SAFETENSORS_HEADER.  Parsing the JSON of the
 * header takes memory of the C library, up to 80 times the header's size, and
 * frees it before this call returns.
 *
 * Threads  an open file belongs to one thread at a time.
 * Returns  as sluice_idx_read().
 */
SLUICE_API sluice_status sluice_safetensors_open(
    const char *path, size_t max_header, const sluice_allocator *allocator,
    sluice_safetensors **out, sluice_diag *why);

/* Close the file; NULL is allowed. */
SLUICE_API void sluice_safetensors_close(sluice_safetensors *file);

/* Number of tensors. */
SLUICE_API int sluice_safetensors_count(const sluice_safetensors *file);

/* Name and (unless `shape` is NULL) shape of tensor `i`, in the order of the
 * data; NULL past the last one. */
SLUICE_API const char *sluice_safetensors_name(const sluice_safetensors *file,
                                               int i, sluice_shape *shape);

/*
 * Read tensor `name` (F32; F64, F16 and BF16 are converted, and I64 from 0 to
 * 2^24) into values[n], which are undefined if this fails.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND; SLUICE_INVALID if n is not its number
 *          of elements; SLUICE_FORMAT for another type, an F64 or I64 too large
 *          for a float, or values that do not agree with the checksum that a
 * file of sluice_pipeline_save_weights() has for them; SLUICE_IO.
 */
SLUICE_API sluice_status sluice_safetensors_read(sluice_safetensors *file,
                                                 const char *name,
                                                 float *values, int64_t n,
                                                 sluice_diag *why);

/*
 * A data set: rows of features, each with a target.  Features are kept in the
 * type of the file.  When rows are gathered, bytes and floats become floats:
 * (value * scale - mean) / deviation.  Integers (int32) stay integers, for a
 * model with integer input, unless the config asks for floats: by a scale (1
 * keeps the values), a mean, a deviation, or `measure`.
 */
typedef struct sluice_dataset sluice_dataset;

typedef struct sluice_dataset_config {
    double scale;     /* 0: 1/255 for bytes, else 1 */
    double mean;      /* of the scaled features */
    double deviation; /* of the scaled features; 0 means 1 */
    bool measure;     /* compute mean and deviation from the features */
    bool negative;    /* labels may be negative, for a loss that ignores some */
    const sluice_allocator *allocator;
} sluice_dataset_config;

/*
 * Make a data set of features[n][...] and targets: labels[n] (u8 or i32; they
 * become int32_t), labels[n][...] (i32), one for each position, or
 * values[n][...] (f32).  `config` NULL means all zeros.
 *
 * Takes    both arrays, if OK: the caller's structs are set to zeros.
 * Returns  SLUICE_OK; SLUICE_INVALID if the numbers of rows differ, labels of
 *          u8 have more than one dim or labels are negative, a number of the
 *          config is not finite, or a feature is not finite and `measure` is
 *          set;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_dataset_create(
    const sluice_dataset_config *config, sluice_array *features,
    sluice_array *targets, sluice_dataset **out, sluice_diag *why);

/*
 * Open a data set by name:
 *
 *     "fashion-mnist"  the four files that Debian's package installs
 *     "embedded"       the 1,000 images that come with the library: 800 rows to
 *                      train, 200 to test
 *     other names      a directory with IDX files that are named as MNIST's
 *
 * Both parts are normalized by mean and deviation of the training part.
 *
 * Returns  SLUICE_OK; SLUICE_NOT_FOUND if a file does not exist; SLUICE_IO;
 *          SLUICE_FORMAT, also if the sizes of the files contradict each other;
 *          SLUICE_NO_MEMORY.
 */
SLUICE_API sluice_status sluice_dataset_open(const char *name,
                                             const sluice_allocator *allocator,
                                             sluice_dataset **train,
                                             sluice_dataset **test,
                                             sluice_diag *why);

/* Free a data set; NULL is allowed. */
SLUICE_API void sluice_dataset_destroy(sluice_dataset *dataset);

/* Number of rows of an epoch: all there are. */
SLUICE_API int64_t sluice_dataset_rows(const sluice_dataset *dataset);

/* Shape of a row's features; {1} if a row has one number. */
SLUICE_API sluice_shape sluice_dataset_input(const sluice_dataset *dataset);

/* Type of the features that rows are gathered in: SLUICE_F32 or SLUICE_I32. */
SLUICE_API sluice_element
sluice_dataset_input_type(const sluice_dataset *dataset);

/* Largest label plus one; 0 if the targets are values, or all negative. */
SLUICE_API int sluice_dataset_classes(const sluice_dataset *dataset);

/* Mean and deviation in (value * scale - mean) / deviation. */
SLUICE_API void sluice_dataset_normalization(const sluice_dataset *dataset,
                                             double *mean, double *deviation);

/* Type of a target's elements: SLUICE_I32 for labels, SLUICE_F32 for values. */
SLUICE_API sluice_element
sluice_dataset_target_type(const sluice_dataset *dataset);

/* Bytes of one row's target, as a loss takes it. */
SLUICE_API size_t sluice_dataset_target_bytes(const sluice_dataset *dataset);

/*
 * Gather rows: x[n][input], of sluice_dataset_input_type(), and targets[n] of
 * the rows index[n]; NULL: those are not wanted.  The row i of a text
 * (sluice/text.h) is the window that begins at its token i.
 *
 * Threads  any number at once.
 * Returns  SLUICE_OK; SLUICE_INVALID if an index is out of range.
 */
SLUICE_API sluice_status sluice_dataset_gather(const sluice_dataset *dataset,
                                               const int64_t *index, int64_t n,
                                               void *x, void *targets,
                                               sluice_diag *why);

/*
 * The order of an epoch: a permutation of 0..n-1 in index[n].  All permutations
 * are equally likely; the one chosen depends only on (seed, epoch).
 *
 * Threads  any.
 */
SLUICE_API void sluice_shuffle(uint64_t seed, uint64_t epoch, int64_t n,
                               int64_t *index);

/*
 * The order in which an epoch takes the rows of a data set: index[rows], for
 * sluice_dataset_gather().  It depends only on (seed, epoch), as
 * sluice_shuffle(); the windows of a text lie end to end, and begin at a token
 * that is drawn too.
 *
 * Threads  any.
 */
SLUICE_API void sluice_dataset_order(const sluice_dataset *dataset,
                                     uint64_t seed, uint64_t epoch,
                                     int64_t *index);

/* The same from the first row to the last; windows begin at the first token. */
SLUICE_API void sluice_dataset_in_order(const sluice_dataset *dataset,
                                        int64_t *index);

/* Where a training over epochs stands: its next row is number `rows_done` of
 * the order of the epoch. */
typedef struct sluice_position {
    int epoch;         /* from 1; 0: nothing is done yet, as 1 with no rows */
    int64_t rows_done; /* of this epoch; all: it lacks its evaluation */
    double loss_sum;   /* of those rows, a row counting as its mean loss, in so
                          far as its terms count */
    int64_t correct;   /* terms of those rows, if the loss counts classes */
    int64_t ignored;   /* terms of those rows that do not count */
} sluice_position;

#ifdef __cplusplus
}
#endif

#endif
