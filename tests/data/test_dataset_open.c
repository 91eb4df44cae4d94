/* Data sets by name: what comes with the library, what is installed, and
 * directories. */
#include <sluice/dataset.h>

#include "data/sets/embedded.h"
#include "data/formats/idx.h"
#include "fixture.h"
#include "support/runner.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static const char fashion[] = "/usr/share/datasets/fashion-mnist";

/* Mean and deviation of all features as they are gathered. */
static void measure(const sluice_dataset *dataset, double *mean,
                    double *deviation)
{
    static float x[28 * 28];
    int32_t y;
    double sum = 0, squares = 0;
    double n = 28 * 28 * (double)sluice_dataset_rows(dataset);
    for (int64_t i = 0; i < sluice_dataset_rows(dataset); i++) {
        ck_assert_int_eq(sluice_dataset_gather(dataset, &i, 1, x, &y, NULL),
                         SLUICE_OK);
        for (int k = 0; k < 28 * 28; k++) {
            sum += (double)x[k];
            squares += (double)x[k] * (double)x[k];
        }
    }
    *mean = sum / n;
    *deviation = sqrt(squares / n - *mean * *mean);
}

/* Rows of 28 x 28 in ten classes; the rows of each are counted. */
static void check_images(const sluice_dataset *dataset, int64_t n,
                         int count[10])
{
    float x[28 * 28];
    int32_t y;
    sluice_shape row = sluice_dataset_input(dataset);
    ck_assert_int_eq(sluice_dataset_rows(dataset), n);
    ck_assert(row.n_dims == 2 && row.dims[0] == 28 && row.dims[1] == 28);
    ck_assert_int_eq(sluice_dataset_classes(dataset), 10);
    ck_assert_uint_eq(sluice_dataset_target_bytes(dataset), sizeof y);
    memset(count, 0, 10 * sizeof *count);
    for (int64_t i = 0; i < n; i++) {
        ck_assert_int_eq(sluice_dataset_gather(dataset, &i, 1, x, &y, NULL),
                         SLUICE_OK);
        count[y]++;
    }
}

START_TEST(embedded_images_need_no_file)
{
    sluice_dataset *train, *test;
    double mean, deviation, test_mean, test_deviation;
    int count[10], test_count[10];
    ck_assert_int_eq(sluice_dataset_open("embedded", NULL, &train, &test, NULL),
                     SLUICE_OK);
    check_images(train, 800, count);
    check_images(test, 200, test_count);
    for (int i = 0; i < 10; i++)
        ck_assert(count[i] >= 60 && test_count[i] >= 10);
    measure(train, &mean, &deviation);
    ck_assert_double_eq_tol(mean, 0, 1e-6);
    ck_assert_double_eq_tol(deviation, 1, 1e-6);
    sluice_dataset_normalization(train, &mean, &deviation);
    sluice_dataset_normalization(test, &test_mean, &test_deviation);
    ck_assert(mean == test_mean && deviation == test_deviation);
    sluice_dataset_destroy(train);
    sluice_dataset_destroy(test);
}
END_TEST

static bool is_installed(void)
{
    if (!access(fashion, F_OK))
        return true;
    puts("dataset-fashion-mnist is not installed: not compared with it");
    return false;
}

static void check_embedded(struct sl_embedded file, const char *installed)
{
    char path[FIXTURE_PATH];
    sluice_array all, first;
    sluice_diag why;
    snprintf(path, sizeof path, "%s/%s", fashion, installed);
    sluice_status st = sluice_idx_read(path, NULL, &all, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    struct sl_source *source =
        fixture_source(file.bytes, file.n, SL_MAYBE_GZIP);
    ck_assert_int_eq(sl_idx_parse(source, NULL, &first, NULL), SLUICE_OK);
    ck_assert_int_eq(all.shape.dims[0], 10 * first.shape.dims[0]);
    ck_assert_uint_eq(all.bytes, 10 * first.bytes);
    ck_assert_mem_eq(all.data, first.data, first.bytes);
    sl_source_close(source);
    sluice_array_fini(&all);
    sluice_array_fini(&first);
}

START_TEST(embedded_images_are_the_first_thousand_test_images)
{
    if (!is_installed())
        return;
    check_embedded(sl_embedded_images(), "t10k-images-idx3-ubyte.gz");
    check_embedded(sl_embedded_labels(), "t10k-labels-idx1-ubyte.gz");
}
END_TEST

START_TEST(fashion_mnist_is_what_is_published_or_not_found)
{
    sluice_dataset *train = NULL, *test = NULL;
    sluice_diag why;
    double mean, deviation;
    int count[10];
    sluice_status st =
        sluice_dataset_open("fashion-mnist", NULL, &train, &test, &why);
    if (!is_installed() && st == SLUICE_NOT_FOUND) {
        fixture_says(&why, SLUICE_NOT_FOUND, "install");
        return;
    }
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    check_images(train, 60000, count);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(count[i], 6000);
    check_images(test, 10000, count);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(count[i], 1000);
    sluice_dataset_normalization(train, &mean, &deviation);
    ck_assert_double_eq_tol(mean, 0.2860, 0.00005);
    ck_assert_double_eq_tol(deviation, 0.3530, 0.00005);
    sluice_dataset_destroy(train);
    sluice_dataset_destroy(test);
}
END_TEST

/* The four files of a small data set: 2 and 1 images of 1 x 2. */
static const struct part {
    const char *name;
    const char *bytes;
    size_t n;
} parts[] = {
#define FILE_OF(s) s, sizeof s - 1
    {"train-images-idx3-ubyte",
     FILE_OF("\0\0\x08\3\0\0\0\2\0\0\0\1\0\0\0\2\0\0\xff\xff")},
    {"train-labels-idx1-ubyte", FILE_OF("\0\0\x08\1\0\0\0\2\0\3")},
    {"t10k-images-idx3-ubyte",
     FILE_OF("\0\0\x08\3\0\0\0\1\0\0\0\1\0\0\0\2\x33\xff")},
    {"t10k-labels-idx1-ubyte", FILE_OF("\0\0\x08\1\0\0\0\1\1")},
};

enum { N_PARTS = sizeof parts / sizeof *parts };

static void write_parts(void)
{
    char path[FIXTURE_PATH];
    for (int i = 0; i < N_PARTS; i++)
        fixture_file(parts[i].name, parts[i].bytes, parts[i].n, path);
}

static void opened(void)
{
    sluice_dataset *train, *test;
    sluice_diag why;
    const int64_t row = 0;
    float x[2];
    int32_t y;
    sluice_status st =
        sluice_dataset_open(fixture_directory(), NULL, &train, &test, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    ck_assert_int_eq(sluice_dataset_rows(train), 2);
    ck_assert_int_eq(sluice_dataset_classes(train), 4);
    ck_assert_int_eq(sluice_dataset_gather(train, &row, 1, x, &y, NULL),
                     SLUICE_OK);
    ck_assert(x[0] == -1 && x[1] == -1 && y == 0);
    /* 0.2 and 1, by the training part's mean and deviation of 0.5 */
    ck_assert_int_eq(sluice_dataset_gather(test, &row, 1, x, &y, NULL),
                     SLUICE_OK);
    ck_assert_float_eq_tol(x[0], -0.6f, 1e-6f);
    ck_assert(x[1] == 1 && y == 1);
    sluice_dataset_destroy(train);
    sluice_dataset_destroy(test);
}

static void refused(const char *name, sluice_status status, const char *says)
{
    sluice_dataset *train = NULL, *test = NULL;
    sluice_diag why = {.status = SLUICE_OK};
    ck_assert_int_eq(sluice_dataset_open(name, NULL, &train, &test, &why),
                     status);
    fixture_says(&why, status, says);
    ck_assert(!train && !test);
}

START_TEST(a_directory_is_read_gzipped_or_plain)
{
    char path[FIXTURE_PATH], name[64];
    size_t n;
    write_parts();
    opened();
    void *packed = fixture_gzip(parts[0].bytes, parts[0].n, &n);
    snprintf(name, sizeof name, "%s.gz", parts[0].name);
    fixture_file(parts[0].name, "", 0, path);
    fixture_file(name, packed, n, path);
    opened();
    unlink(path);
    free(packed);
}
END_TEST

START_TEST(a_missing_file_is_not_found_and_named)
{
    char path[FIXTURE_PATH];
    for (int i = 0; i < N_PARTS; i++) {
        write_parts();
        unlink(fixture_file(parts[i].name, "", 0, path));
        refused(fixture_directory(), SLUICE_NOT_FOUND, parts[i].name);
    }
    refused("no-such-directory", SLUICE_NOT_FOUND, "no-such-directory");
    refused("/", SLUICE_NOT_FOUND, "directory '/' has no file train-images");
    refused("", SLUICE_NOT_FOUND,
            "'' does not exist, and is not the name of a data set: embedded, "
            "fashion-mnist");
}
END_TEST

START_TEST(a_path_too_long_for_the_system_is_not_found)
{
    static char name[10000];
    memset(name, 'd', sizeof name - 1);
    refused(name, SLUICE_NOT_FOUND, "does not exist");
}
END_TEST

START_TEST(a_malformed_file_is_named)
{
    char path[FIXTURE_PATH];
    for (int i = 0; i < N_PARTS; i++) {
        write_parts();
        fixture_file(parts[i].name, parts[i].bytes, parts[i].n - 1, path);
        refused(fixture_directory(), SLUICE_FORMAT, parts[i].name);
    }
}
END_TEST

START_TEST(files_that_do_not_fit_each_other_are_refused)
{
    char path[FIXTURE_PATH];
    write_parts();
    fixture_file(parts[1].name, "\0\0\x08\1\0\0\0\1\0", 9, path);
    refused(fixture_directory(), SLUICE_FORMAT,
            "training part: there are 2 rows of features but 1 targets");
    write_parts();
    fixture_file(parts[3].name, "\0\0\x08\1\0\0\0\2\0\0", 10, path);
    refused(fixture_directory(), SLUICE_FORMAT, "test part: there are 1 rows");
    write_parts();
    fixture_file(parts[2].name, "\0\0\x08\3\0\0\0\1\0\0\0\2\0\0\0\1\x33\xff",
                 18, path);
    refused(fixture_directory(), SLUICE_FORMAT, "differ in shape");
    write_parts();
    fixture_file(parts[3].name, "\0\0\x0c\1\0\0\0\1\xff\xff\xff\xff", 12, path);
    refused(fixture_directory(), SLUICE_FORMAT, "label -1");
}
END_TEST

SLUICE_TEST_MAIN("data.dataset_open", embedded_images_need_no_file,
                 embedded_images_are_the_first_thousand_test_images,
                 fashion_mnist_is_what_is_published_or_not_found,
                 a_directory_is_read_gzipped_or_plain,
                 a_missing_file_is_not_found_and_named,
                 a_path_too_long_for_the_system_is_not_found,
                 a_malformed_file_is_named,
                 files_that_do_not_fit_each_other_are_refused)
