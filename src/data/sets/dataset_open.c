/* Data sets by name.  Any thread. */
#include <sluice/outline.h>

#include "base/memory.h"
#include "data/sets/dataset.h"
#include "data/formats/array.h"
#include "data/sets/embedded.h"
#include "data/formats/idx.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    PATH_BYTES = 4096,
    EMBEDDED_TRAIN = 800, /* rows; the rest is for testing */
};

/* Names that stand for directories, each looked for in this order. */
static const struct {
    const char *name;
    const char *directory;
} places[] = {
    {"fashion-mnist", "/usr/share/datasets/fashion-mnist"},
    {"fashion-mnist", "/usr/local/share/datasets/fashion-mnist"},
};

/* The four arrays of a data set with a part for training and one for tests. */
struct parts {
    sluice_array train_images;
    sluice_array train_labels;
    sluice_array test_images;
    sluice_array test_labels;
};

static void parts_fini(struct parts *parts)
{
    sluice_array_fini(&parts->train_images);
    sluice_array_fini(&parts->train_labels);
    sluice_array_fini(&parts->test_images);
    sluice_array_fini(&parts->test_labels);
}

/* What does not fit together comes from files, so it is their format that is
 * wrong. */
static sluice_status refuse_part(const char *name, const char *part,
                                 const sluice_diag *inner, sluice_diag *why)
{
    if (inner->status != SLUICE_INVALID)
        return sluice_diag_set(why, inner->status, "%s", inner->text);
    return sluice_diag_set(why, SLUICE_FORMAT, "data set '%.100s', %s: %s",
                           name, part, inner->text);
}

/* Make one data set of the images and labels of a part. */
static sluice_status make_part(const char *name, const char *part,
                               const sluice_dataset_config *config,
                               sluice_array *images, sluice_array *labels,
                               sluice_dataset **out, sluice_diag *why)
{
    sluice_diag inner;
    sluice_status st =
        sluice_dataset_create(config, images, labels, out, &inner);
    return st ? refuse_part(name, part, &inner, why) : SLUICE_OK;
}

/* Whether both parts have rows of one shape. */
static bool parts_agree(const struct parts *parts)
{
    sluice_shape train = parts->train_images.shape;
    sluice_shape test = parts->test_images.shape;
    train.dims[0] = test.dims[0] = 1;
    return sluice_shape_equal(&train, &test);
}

/* Takes the arrays, if OK. */
static sluice_status make_sets(const char *name, struct parts *parts,
                               const sluice_allocator *allocator,
                               sluice_dataset **train, sluice_dataset **test,
                               sluice_diag *why)
{
    sluice_dataset *first, *second;
    sluice_dataset_config config = {.measure = true, .allocator = allocator};
    if (!parts_agree(parts))
        return sluice_diag_set(why, SLUICE_FORMAT,
                               "data set '%.100s': the images for training "
                               "and testing differ in shape",
                               name);
    sluice_status st =
        make_part(name, "training part", &config, &parts->train_images,
                  &parts->train_labels, &first, why);
    if (st)
        return st;
    config.measure = false;
    sluice_dataset_normalization(first, &config.mean, &config.deviation);
    st = make_part(name, "test part", &config, &parts->test_images,
                   &parts->test_labels, &second, why);
    if (st) {
        sluice_dataset_destroy(first);
        return st;
    }
    *train = first;
    *test = second;
    return SLUICE_OK;
}

/* The path of a file that may be gzipped, or false if neither is there. */
static bool find_file(const char *directory, const char *file,
                      char path[PATH_BYTES])
{
    static const char *const endings[] = {".gz", ""};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        int n =
            snprintf(path, PATH_BYTES, "%s/%s%s", directory, file, endings[i]);
        if (n > 0 && n < PATH_BYTES && !access(path, F_OK))
            return true;
    }
    return false;
}

static sluice_status read_file(const char *directory, const char *file,
                               const sluice_allocator *allocator,
                               sluice_array *out, sluice_diag *why)
{
    char path[PATH_BYTES];
    if (find_file(directory, file, path))
        return sluice_idx_read(path, allocator, out, why);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "directory '%.160s' has no file %s or %s.gz",
                           directory, file, file);
}

/* Which of them are read. */
struct wanted {
    bool images;
    bool labels;
};

static sluice_status read_directory(const char *directory, struct wanted wanted,
                                    const sluice_allocator *allocator,
                                    struct parts *out, sluice_diag *why)
{
    const struct {
        const char *file;
        sluice_array *array;
        bool wanted;
    } files[] = {
        {"train-images-idx3-ubyte", &out->train_images, wanted.images},
        {"train-labels-idx1-ubyte", &out->train_labels, wanted.labels},
        {"t10k-images-idx3-ubyte", &out->test_images, wanted.images},
        {"t10k-labels-idx1-ubyte", &out->test_labels, wanted.labels},
    };
    sluice_status st = SLUICE_OK;
    for (size_t i = 0; i < sizeof files / sizeof *files && !st; i++)
        if (files[i].wanted)
            st = read_file(directory, files[i].file, allocator, files[i].array,
                           why);
    return st;
}

/* Read a name that stands for a directory, or a directory. */
static sluice_status read_named(const char *name, struct wanted wanted,
                                const sluice_allocator *allocator,
                                struct parts *out, sluice_diag *why)
{
    bool known = false;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (strcmp(name, places[i].name))
            continue;
        known = true;
        if (!access(places[i].directory, F_OK))
            return read_directory(places[i].directory, wanted, allocator, out,
                                  why);
    }
    if (!known && access(name, F_OK))
        return sluice_diag_set(why, SLUICE_NOT_FOUND,
                               "'%.160s' does not exist, and is not the name "
                               "of a data set: embedded, %s (images), "
                               "king-james, genesis (texts)",
                               name, places[0].name);
    if (!known)
        return read_directory(name, wanted, allocator, out, why);
    return sluice_diag_set(why, SLUICE_NOT_FOUND,
                           "data set '%s' is not installed: install Debian's "
                           "package dataset-fashion-mnist, name a directory, "
                           "or use 'embedded'",
                           name);
}

static sluice_status read_memory(const char *name, struct sl_embedded file,
                                 const sluice_allocator *allocator,
                                 sluice_array *out, sluice_diag *why)
{
    struct sl_source *source;
    sluice_status st = sl_source_open_memory(
        name, file.bytes, file.n, SL_MAYBE_GZIP, allocator, &source, why);
    if (st)
        return st;
    st = sl_idx_parse(source, allocator, out, why);
    sl_source_close(source);
    return st;
}

static sluice_status split(struct sl_embedded file, const char *name,
                           const sluice_allocator *allocator,
                           sluice_array *train, sluice_array *test,
                           sluice_diag *why)
{
    sluice_array all;
    sluice_status st = read_memory(name, file, allocator, &all, why);
    if (st)
        return st;
    int64_t n_test = all.shape.dims[0] - EMBEDDED_TRAIN;
    st = sl_array_copy_rows(&all, 0, EMBEDDED_TRAIN, train, why);
    if (!st)
        st = sl_array_copy_rows(&all, EMBEDDED_TRAIN, n_test, test, why);
    sluice_array_fini(&all);
    return st;
}

static sluice_status read_embedded(struct wanted wanted,
                                   const sluice_allocator *allocator,
                                   struct parts *out, sluice_diag *why)
{
    sluice_status st = SLUICE_OK;
    if (wanted.images)
        st = split(sl_embedded_images(), "embedded images", allocator,
                   &out->train_images, &out->test_images, why);
    if (st || !wanted.labels)
        return st;
    return split(sl_embedded_labels(), "embedded labels", allocator,
                 &out->train_labels, &out->test_labels, why);
}

static sluice_status read_parts(const char *name, struct wanted wanted,
                                const sluice_allocator *allocator,
                                struct parts *out, sluice_diag *why)
{
    return strcmp(name, "embedded")
               ? read_named(name, wanted, allocator, out, why)
               : read_embedded(wanted, allocator, out, why);
}

sluice_status sluice_dataset_open(const char *name,
                                  const sluice_allocator *allocator,
                                  sluice_dataset **train, sluice_dataset **test,
                                  sluice_diag *why)
{
    struct parts parts = {0};
    const struct wanted both = {true, true};
    sluice_status st = read_parts(name, both, allocator, &parts, why);
    if (!st)
        st = make_sets(name, &parts, allocator, train, test, why);
    parts_fini(&parts);
    return st;
}

static sluice_status fill_part(const char *name, const char *part,
                               sluice_dataset *dataset, struct wanted wanted,
                               sluice_array *images, sluice_array *labels,
                               sluice_diag *why)
{
    sluice_diag inner;
    sluice_status st =
        sluice_dataset_fill(dataset, wanted.images ? images : NULL,
                            wanted.labels ? labels : NULL, &inner);
    return st ? refuse_part(name, part, &inner, why) : SLUICE_OK;
}

sluice_status sluice_dataset_fill_named(const char *name, bool features,
                                        bool targets, sluice_dataset *train,
                                        sluice_dataset *test, sluice_diag *why)
{
    struct parts parts = {0};
    const struct wanted wanted = {features, targets};
    sluice_status st = read_parts(name, wanted, train->allocator, &parts, why);
    if (!st)
        st = fill_part(name, "training part", train, wanted,
                       &parts.train_images, &parts.train_labels, why);
    if (!st)
        st = fill_part(name, "test part", test, wanted, &parts.test_images,
                       &parts.test_labels, why);
    parts_fini(&parts);
    return st;
}
