/*
 * Writing safetensors: the bytes by the rules of the format, judged by a reader
 * of this file, which shares nothing with the library's.
 */
#include "data/safetensors/safetensors_write.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/safetensors/safetensors.h"
#include "data/safetensors/safetensors_header.h"
#include "support/allocator.h"
#include "support/guarded.h"
#include "support/runner.h"

enum { N_TENSORS = 3, N_PAIRS = 2, FILE_BYTES = 4096 };

static const float weight[6] = {1.5f, -0.0f, 3e-45f, 3.4e38f, -1, 0.1f};
static const int32_t count[2] = {INT32_MIN, 7};
static const unsigned char byte[3] = {0, 128, 255};

static char path[64];

/* Not in the order of their names. */
static void list(struct sl_saved_tensor tensors[N_TENSORS],
                 struct sl_metadata_pair pairs[N_PAIRS])
{
    tensors[0] =
        (struct sl_saved_tensor){"z.weight", SLUICE_F32, {2, {3, 2}}, weight};
    tensors[1] = (struct sl_saved_tensor){"byte", SLUICE_U8, {1, {3}}, byte};
    tensors[2] = (struct sl_saved_tensor){"count", SLUICE_I32, {1, {2}}, count};
    pairs[0] = (struct sl_metadata_pair){"sluice.step", "12"};
    pairs[1] = (struct sl_metadata_pair){"model", "a\n\"b\\c\"\x1f \xc3\xa4"};
}

static sluice_status save(const sluice_allocator *allocator, sluice_diag *why)
{
    struct sl_saved_tensor tensors[N_TENSORS];
    struct sl_metadata_pair pairs[N_PAIRS];
    struct sl_saved_file file = {tensors, N_TENSORS, pairs, N_PAIRS};
    list(tensors, pairs);
    return sl_safetensors_write(path, &file, allocator, why);
}

static void enter(void)
{
    strcpy(path, "/tmp/sluice-write-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static size_t read_bytes(unsigned char bytes[FILE_BYTES])
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t n = fread(bytes, 1, FILE_BYTES, file);
    fclose(file);
    ck_assert_uint_lt(n, FILE_BYTES);
    return n;
}

/* A tensor of the header: its type, and where its bytes are. */
static const unsigned char *tensor_of(const json_t *header,
                                      const unsigned char *data,
                                      const char *name, const char *dtype,
                                      size_t *at, size_t bytes)
{
    json_t *tensor = json_object_get(header, name);
    json_t *offsets = json_object_get(tensor, "data_offsets");
    ck_assert_str_eq(json_string_value(json_object_get(tensor, "dtype")),
                     dtype);
    ck_assert_uint_eq((size_t)json_integer_value(json_array_get(offsets, 0)),
                      *at);
    *at += bytes;
    ck_assert_uint_eq((size_t)json_integer_value(json_array_get(offsets, 1)),
                      *at);
    return data + *at - bytes;
}

START_TEST(the_bytes_are_as_the_format_has_them)
{
    unsigned char bytes[FILE_BYTES];
    enter();
    ck_assert_int_eq(save(NULL, NULL), SLUICE_OK);
    size_t n = read_bytes(bytes);
    size_t length = 0;
    for (int i = 8; i-- > 0;)
        length = length << 8 | bytes[i];
    ck_assert_uint_eq(length % 8, 0);
    ck_assert_int_eq(bytes[8], '{');
    json_t *header =
        json_loadb((char *)bytes + 8, length, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(header);
    ck_assert_uint_eq(json_object_size(header), N_TENSORS + 1);
    const unsigned char *data = bytes + 8 + length;
    size_t at = 0;
    ck_assert_mem_eq(tensor_of(header, data, "byte", "U8", &at, sizeof byte),
                     byte, sizeof byte);
    ck_assert_mem_eq(tensor_of(header, data, "count", "I32", &at, sizeof count),
                     count, sizeof count);
    ck_assert_mem_eq(
        tensor_of(header, data, "z.weight", "F32", &at, sizeof weight), weight,
        sizeof weight);
    ck_assert_uint_eq(8 + length + at, n);
    json_t *shape =
        json_object_get(json_object_get(header, "z.weight"), "shape");
    ck_assert_uint_eq(json_array_size(shape), 2);
    ck_assert_int_eq(json_integer_value(json_array_get(shape, 0)), 3);
    ck_assert_int_eq(json_integer_value(json_array_get(shape, 1)), 2);
    json_t *pairs = json_object_get(header, "__metadata__");
    ck_assert_str_eq(json_string_value(json_object_get(pairs, "sluice.step")),
                     "12");
    ck_assert_str_eq(json_string_value(json_object_get(pairs, "model")),
                     "a\n\"b\\c\"\x1f \xc3\xa4");
    json_decref(header);
    unlink(path);
}
END_TEST

START_TEST(the_same_content_makes_the_same_bytes)
{
    unsigned char first[FILE_BYTES], second[FILE_BYTES];
    enter();
    ck_assert_int_eq(save(NULL, NULL), SLUICE_OK);
    size_t n = read_bytes(first);
    struct sl_saved_tensor tensors[N_TENSORS], turned[N_TENSORS];
    struct sl_metadata_pair pairs[N_PAIRS];
    list(tensors, pairs);
    for (int i = 0; i < N_TENSORS; i++)
        turned[i] = tensors[N_TENSORS - 1 - i];
    struct sl_saved_file file = {turned, N_TENSORS, pairs, N_PAIRS};
    ck_assert_int_eq(sl_safetensors_write(path, &file, NULL, NULL), SLUICE_OK);
    ck_assert_uint_eq(read_bytes(second), n);
    ck_assert_mem_eq(first, second, n);
    unlink(path);
}
END_TEST

START_TEST(what_is_written_is_read_again_bit_for_bit)
{
    sluice_safetensors *file;
    float values[6];
    enter();
    ck_assert_int_eq(save(NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_open(path, 0, NULL, &file, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_count(file), N_TENSORS);
    ck_assert_int_eq(sluice_safetensors_read(file, "z.weight", values, 6, NULL),
                     SLUICE_OK);
    ck_assert_mem_eq(values, weight, sizeof values);
    ck_assert_str_eq(sl_safetensors_metadata(file, "model"),
                     "a\n\"b\\c\"\x1f \xc3\xa4");
    ck_assert_ptr_null(sl_safetensors_metadata(file, "none"));
    sluice_safetensors_close(file);
    unlink(path);
}
END_TEST

static void assert_refused(const char *name, sluice_shape shape,
                           const char *key, const char *value, const char *text)
{
    struct sl_saved_tensor tensors[N_TENSORS];
    struct sl_metadata_pair pairs[N_PAIRS];
    struct sl_saved_file file = {tensors, N_TENSORS, pairs, N_PAIRS};
    sluice_diag why;
    list(tensors, pairs);
    tensors[1].name = name;
    tensors[1].shape = shape;
    pairs[1] = (struct sl_metadata_pair){key, value};
    enter();
    ck_assert_int_eq(sl_safetensors_write(path, &file, NULL, &why),
                     SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, text), "\"%s\"", why.text);
    unsigned char bytes[FILE_BYTES];
    ck_assert_uint_eq(read_bytes(bytes), 0); /* the older file is as it was */
    unlink(path);
}

START_TEST(what_could_not_be_read_again_is_not_written)
{
    char name[300];
    static char value[(1 << 20) + 1];
    const sluice_shape three = {1, {3}};
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    memset(value, 'a', sizeof value - 1);
    assert_refused(name, three, "model", "", "cannot be written: a name is");
    assert_refused("a/b", three, "model", "", "'a/b' cannot be written");
    assert_refused("", three, "model", "", "a name is 1 to 255");
    assert_refused("count", three, "model", "",
                   "two tensors are named 'count'");
    assert_refused("byte", (sluice_shape){1, {0}}, "model", "", "no elements");
    assert_refused("byte", three, "a b", "", "a key is 1 to 255");
    assert_refused("byte", three, "model", "a\x7f", "is not UTF-8");
    assert_refused("byte", three, "model", "\xff", "is not UTF-8");
    assert_refused("byte", three, "model", value, "at most 1048576 are read");
}
END_TEST

/* As many as may be, whose names are all different. */
START_TEST(as_many_tensors_as_are_read_again_are_allowed_and_no_more)
{
    enum { MOST = SLUICE_SAFETENSORS_TENSORS };
    char(*names)[8] = malloc((MOST + 1) * sizeof *names);
    struct sl_saved_tensor *tensors = malloc((MOST + 1) * sizeof *tensors);
    sluice_diag why;
    ck_assert(names && tensors);
    for (int i = 0; i <= MOST; i++) {
        snprintf(names[i], sizeof names[i], "%d", i);
        tensors[i] =
            (struct sl_saved_tensor){names[i], SLUICE_U8, {1, {1}}, byte};
    }
    struct sl_saved_file file = {tensors, MOST, NULL, 0};
    ck_assert_int_eq(sl_header_check(&file, &why), SLUICE_OK);
    file.n_tensors++;
    ck_assert_int_eq(sl_header_check(&file, &why), SLUICE_INVALID);
    ck_assert_msg(strstr(why.text, "65537 tensors"), "%s", why.text);
    free(tensors);
    free(names);
}
END_TEST

/* The lists and the text end where memory does. */
START_TEST(a_header_of_any_length_stays_in_its_memory)
{
    char value[65] = "";
    struct sl_saved_tensor *tensors =
        guarded_allocate(NULL, N_TENSORS * sizeof *tensors, 8);
    struct sl_metadata_pair *pairs =
        guarded_allocate(NULL, N_PAIRS * sizeof *pairs, 8);
    struct sl_saved_file file = {tensors, N_TENSORS, pairs, N_PAIRS};
    for (size_t n = 0; n < sizeof value; n++) {
        char *header;
        size_t bytes, measured;
        memset(value, ' ', n);
        value[n] = '\0';
        list(tensors, pairs);
        pairs[1].value = value;
        ck_assert(!sl_header_check(&file, NULL));
        ck_assert(!sl_header_measure(&file, &measured, NULL));
        ck_assert(!sl_header_make(&file, &guarded, &header, &bytes, NULL));
        ck_assert_uint_eq(bytes, 8 + measured);
        ck_assert_uint_eq(strlen(header + 8), measured);
        ck_assert_ptr_nonnull(strstr(header + 8, value)); /* not escaped */
        sl_free(&guarded, header, bytes + 1, 1);
    }
    guarded_release(NULL, tensors, N_TENSORS * sizeof *tensors);
    guarded_release(NULL, pairs, N_PAIRS * sizeof *pairs);
}
END_TEST

START_TEST(the_longest_header_that_is_read_again_is_allowed)
{
    enum { MOST = SLUICE_SAFETENSORS_HEADER };
    static char value[MOST + 1];
    struct sl_metadata_pair pair = {"model", value};
    struct sl_saved_file file = {NULL, 0, &pair, 1};
    size_t n;
    ck_assert(!sl_header_measure(&file, &n, NULL));
    memset(value, 'a', MOST - n);
    ck_assert(!sl_header_measure(&file, &n, NULL));
    ck_assert_uint_eq(n, MOST);
}
END_TEST

START_TEST(a_name_of_255_bytes_is_read_again)
{
    char name[256];
    struct sl_saved_tensor tensor = {name, SLUICE_F32, {0}, weight};
    struct sl_saved_file saved = {&tensor, 1, NULL, 0};
    sluice_safetensors *file;
    float value;
    memset(name, 'a', sizeof name - 1);
    name[255] = '\0';
    enter();
    ck_assert_int_eq(sl_safetensors_write(path, &saved, NULL, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_open(path, 0, NULL, &file, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_read(file, name, &value, 1, NULL),
                     SLUICE_OK);
    ck_assert_float_eq(value, weight[0]);
    sluice_safetensors_close(file);
    unlink(path);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    struct sl_test_allocator memory;
    sluice_status st = SLUICE_NO_MEMORY;
    long at = 0;
    unsigned char bytes[FILE_BYTES];
    enter();
    sl_test_allocator_init(&memory);
    while (st == SLUICE_NO_MEMORY && at++ < 100) {
        ck_assert_uint_eq(read_bytes(bytes), 0);
        sl_test_allocator_arm(&memory, at, false);
        st = save(&memory.hooks, NULL);
        ck_assert_int_eq(memory.n_live, 0);
    }
    ck_assert_int_eq(st, SLUICE_OK);
    ck_assert_int_gt(at, 2);
    ck_assert_int_eq(memory.n_wrong, 0);
    unlink(path);
}
END_TEST

SLUICE_TEST_MAIN("data.safetensors_write", the_bytes_are_as_the_format_has_them,
                 the_same_content_makes_the_same_bytes,
                 what_is_written_is_read_again_bit_for_bit,
                 what_could_not_be_read_again_is_not_written,
                 as_many_tensors_as_are_read_again_are_allowed_and_no_more,
                 a_header_of_any_length_stays_in_its_memory,
                 the_longest_header_that_is_read_again_is_allowed,
                 a_name_of_255_bytes_is_read_again, every_allocation_may_fail)
