/* Every allocation of every reader fails once, alone and with all that follow:
 * a clean status, nothing leaked, no descriptor left open. */
#include <sluice/dataset.h>

#include "fixture.h"
#include "support/allocator.h"
#include "support/runner.h"

#include <unistd.h>

/* Something that allocates; frees all again, also if it is OK. */
typedef sluice_status operation(const sluice_allocator *allocator,
                                sluice_diag *why);

static int lowest_descriptor(void)
{
    int fd = dup(0);
    close(fd);
    return fd;
}

/* Run with call `at` failing; returns whether it was reached. */
static bool run(operation *attempt, long at, bool on)
{
    struct sl_test_allocator allocator;
    sluice_diag why = {.status = SLUICE_OK};
    sl_test_allocator_init(&allocator);
    sl_test_allocator_arm(&allocator, at, on);
    int fd = lowest_descriptor();
    sluice_status st = attempt(&allocator.hooks, &why);
    bool failed = sl_test_allocator_failed(&allocator);
    ck_assert_int_eq(st, failed ? SLUICE_NO_MEMORY : SLUICE_OK);
    if (failed)
        fixture_says(&why, SLUICE_NO_MEMORY, "out of memory");
    ck_assert_int_eq(allocator.n_live, 0);
    ck_assert_int_eq(allocator.n_wrong, 0);
    ck_assert_int_eq(lowest_descriptor(), fd);
    return failed;
}

/* Fail each call in turn; there are `least` at least. */
static void sweep(operation *attempt, long least)
{
    for (int on = 0; on < 2; on++) {
        long at = 1;
        while (run(attempt, at, on))
            at++;
        ck_assert_int_ge(at - 1, least);
    }
}

static sluice_status read_idx(const sluice_allocator *allocator,
                              sluice_diag *why)
{
    static const char file[] = "\0\0\x08\1\0\0\0\3abc";
    char path[FIXTURE_PATH];
    sluice_array array;
    size_t n;
    void *packed = fixture_gzip(file, sizeof file - 1, &n);
    fixture_file("idx.gz", packed, n, path);
    free(packed);
    sluice_status st = sluice_idx_read(path, allocator, &array, why);
    if (!st)
        sluice_array_fini(&array);
    return st;
}

START_TEST(idx_gzipped)
{
    sweep(read_idx, 5); /* source, gunzip, inflate, its window, data */
}
END_TEST

static sluice_status read_npy(const sluice_allocator *allocator,
                              sluice_diag *why)
{
    char path[FIXTURE_PATH];
    sluice_array array;
    sluice_status st =
        sluice_npy_read(fixture_stored("f8.npy", path), allocator, &array, why);
    if (!st)
        sluice_array_fini(&array);
    return st;
}

START_TEST(npy)
{
    sweep(read_npy, 3); /* source, header, data */
}
END_TEST

static sluice_status read_safetensors(const sluice_allocator *allocator,
                                      sluice_diag *why)
{
    char path[FIXTURE_PATH];
    float bias[24];
    sluice_safetensors *file;
    sluice_status st = sluice_safetensors_open(
        fixture_stored("types.safetensors", path), 0, allocator, &file, why);
    if (st)
        return st;
    st = sluice_safetensors_read(file, "0.bias", bias, 24, why);
    sluice_safetensors_close(file);
    return st;
}

START_TEST(safetensors)
{
    sweep(read_safetensors, 5); /* source, file, text and two of the list */
}
END_TEST

static sluice_status make_dataset(const sluice_allocator *allocator,
                                  sluice_diag *why)
{
    sluice_shape shape = sluice_shape_vector(4);
    sluice_dataset_config config = {.measure = true, .allocator = allocator};
    sluice_array x = {0}, y = {0};
    sluice_dataset *dataset = NULL;
    sluice_status st =
        sluice_array_init(&x, SLUICE_F32, &shape, allocator, why);
    if (!st)
        st = sluice_array_init(&y, SLUICE_U8, &shape, allocator, why);
    if (!st)
        st = sluice_dataset_create(&config, &x, &y, &dataset, why);
    sluice_array_fini(&x);
    sluice_array_fini(&y);
    sluice_dataset_destroy(dataset);
    return st;
}

START_TEST(dataset_of_arrays)
{
    sweep(make_dataset, 4); /* two arrays, the set, labels made wider */
}
END_TEST

static sluice_status open_embedded(const sluice_allocator *allocator,
                                   sluice_diag *why)
{
    sluice_dataset *train, *test;
    sluice_status st =
        sluice_dataset_open("embedded", allocator, &train, &test, why);
    if (st)
        return st;
    sluice_dataset_destroy(train);
    sluice_dataset_destroy(test);
    return SLUICE_OK;
}

START_TEST(dataset_embedded)
{
    sweep(open_embedded, 18); /* two files in two parts, two sets */
}
END_TEST

SLUICE_TEST_MAIN("data.faults", idx_gzipped, npy, safetensors,
                 dataset_of_arrays, dataset_embedded)
