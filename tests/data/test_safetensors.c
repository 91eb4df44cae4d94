/* The safetensors format. */
#include "data/safetensors/safetensors.h"

#include "fixture.h"
#include "support/runner.h"

#include <math.h>
#include <stdio.h>

/* A file of that header and data, in memory; `file` is opened if it is OK. */
static sluice_status parse(const char *header, const void *data, size_t n_data,
                           size_t max_header, sluice_safetensors **file,
                           sluice_diag *why)
{
    static unsigned char bytes[128 * 1024];
    size_t n = strlen(header);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(bytes + 8, header, n);
    memcpy(bytes + 8 + n, data, n_data);
    struct sl_source *source = fixture_source(bytes, 8 + n + n_data, SL_PLAIN);
    *file = NULL;
    sluice_status st =
        sl_safetensors_parse(source, max_header, NULL, file, why);
    ck_assert((st == SLUICE_OK) == (*file != NULL));
    if (st)
        sl_source_close(source);
    return st;
}

static void check_read(sluice_safetensors *file, const char *name,
                       const float *expected, int64_t n)
{
    float values[64];
    sluice_diag why;
    sluice_status st = sluice_safetensors_read(file, name, values, n, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    ck_assert_mem_eq(values, expected, (size_t)n * sizeof *values);
}

static sluice_safetensors *open_types(void)
{
    char path[FIXTURE_PATH];
    sluice_safetensors *file = NULL;
    sluice_diag why;
    sluice_status st = sluice_safetensors_open(
        fixture_stored("types.safetensors", path), 0, NULL, &file, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    return file;
}

START_TEST(names_and_shapes_come_in_the_order_of_the_data)
{
    static const struct {
        const char *name;
        sluice_shape shape;
    } tensors[] = {
        {"0.weight", {3, {2, 3, 4}}}, {"0.bias", {1, {24}}},
        {"half", {1, {7}}},           {"brain", {2, {2, 3}}},
        {"scalar", {0, {0}}},         {"count", {1, {3}}},
    };
    const int n = sizeof tensors / sizeof *tensors;
    sluice_safetensors *file = open_types();
    ck_assert_int_eq(sluice_safetensors_count(file), n);
    for (int i = 0; i < n; i++) {
        sluice_shape shape;
        ck_assert_str_eq(sluice_safetensors_name(file, i, &shape),
                         tensors[i].name);
        ck_assert(sluice_shape_equal(&shape, &tensors[i].shape));
        ck_assert_str_eq(sluice_safetensors_name(file, i, NULL),
                         tensors[i].name);
    }
    ck_assert(!sluice_safetensors_name(file, n, NULL));
    ck_assert(!sluice_safetensors_name(file, -1, NULL));
    sluice_safetensors_close(file);
    sluice_safetensors_close(NULL);
}
END_TEST

START_TEST(all_four_types_become_floats_in_any_order)
{
    const float half[] = {1.5f,     -2.25f, 0x1p-24f, 65504,
                          INFINITY, -0.0f,  0x3p-20f};
    const float brain[] = {1.5f, -2.25f, 0x1p-126f, 0x1p100f, -INFINITY, 0};
    const float scalar = 0.5f;
    float exact[24], thirds[24];
    for (int i = 0; i < 24; i++) {
        exact[i] = (float)(i * 37 % 101 - 50) / 8;
        thirds[i] = (float)((i + 1) / 3.0);
    }
    sluice_safetensors *file = open_types();
    check_read(file, "scalar", &scalar, 1);
    check_read(file, "brain", brain, 6);
    check_read(file, "0.weight", exact, 24);
    check_read(file, "half", half, 7);
    check_read(file, "0.bias", thirds, 24);
    check_read(file, "0.weight", exact, 24);
    sluice_safetensors_close(file);
}
END_TEST

START_TEST(what_cannot_be_read_is_told_by_name)
{
    float values[24];
    sluice_diag why;
    sluice_safetensors *file = open_types();
    sluice_safetensors_read(file, "1.weight", values, 24, &why);
    fixture_says(&why, SLUICE_NOT_FOUND, "no tensor '1.weight'");
    sluice_safetensors_read(file, "0.weight", values, 23, &why);
    fixture_says(&why, SLUICE_INVALID,
                 "'0.weight' has 24 elements, but 23 were asked for");
    sluice_safetensors_close(file);
}
END_TEST

START_TEST(halves_of_all_kinds_are_exact)
{
    char header[128];
    static uint16_t bits[65536];
    static float values[65536];
    sluice_safetensors *file;
    for (int i = 0; i < 65536; i++)
        bits[i] = (uint16_t)i;
    snprintf(header, sizeof header,
             "{\"a\":{\"dtype\":\"F16\",\"shape\":[%d],\"data_offsets\":"
             "[0,%zu]}}",
             65536 / 2, sizeof bits / 2);
    for (int side = 0; side < 2; side++) {
        ck_assert_int_eq(
            parse(header, bits + side * 32768, sizeof bits / 2, 0, &file, NULL),
            SLUICE_OK);
        ck_assert_int_eq(sluice_safetensors_read(
                             file, "a", values + side * 32768, 32768, NULL),
                         SLUICE_OK);
        sluice_safetensors_close(file);
    }
    for (int i = 0; i < 65536; i++) {
        int exponent = i >> 10 & 31, fraction = i & 1023;
        double value = exponent ? ldexp(1024 + fraction, exponent - 25)
                                : ldexp(fraction, -24);
        if (exponent == 31)
            value = fraction ? NAN : INFINITY;
        value = i >> 15 ? -value : value;
        ck_assert(isnan(value) ? isnan(values[i]) : values[i] == value);
        ck_assert_int_eq(!signbit(values[i]), !(i >> 15));
    }
}
END_TEST

/* PyTorch's counters; other integers are no weights. */
START_TEST(integers_are_read_as_far_as_floats_count_exactly)
{
    static const int64_t ends[] = {1 << 24, (1 << 24) + 1, -1};
    static const char header[] =
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]}}";
    static const char narrow[] =
        "{\"a\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    float value, values[2], counts[3];
    sluice_diag why;
    sluice_safetensors *file = open_types();
    ck_assert_int_eq(sluice_safetensors_read(file, "count", counts, 3, NULL),
                     SLUICE_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_float_eq(counts[i], (float)(i + 1));
    sluice_safetensors_close(file);
    for (int i = 0; i < 3; i++) {
        ck_assert(!parse(header, &ends[i], sizeof *ends, 0, &file, NULL));
        sluice_status st = sluice_safetensors_read(file, "a", &value, 1, &why);
        if (i == 0)
            ck_assert(!st && value == 0x1p24f);
        else
            fixture_says(&why, SLUICE_FORMAT, "too large for a float");
        sluice_safetensors_close(file);
    }
    ck_assert(!parse(narrow, &ends[0], sizeof *ends, 0, &file, NULL));
    sluice_safetensors_read(file, "a", values, 2, &why);
    fixture_says(&why, SLUICE_FORMAT,
                 "'a' is of type I32: only F32, F64, F16, BF16 and I64 are");
    sluice_safetensors_close(file);
}
END_TEST

#define F32(shape, begin, end)                                                 \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin         \
    "," #end "]}"

static const struct {
    const char *header;
    const char *says;
} malformed[] = {
    {"", "byte 8: the header is not a JSON object"},
    {"{", "the header is not a JSON object"},
    {"[]", "byte 8: the header is not a JSON object"},
    {" {}", "it does not begin with {"},
    {"{} {}", "byte 11: the header is not a JSON object"},
    {"{'a':1}", "the header is not a JSON object"},
    {"{\"a\":01}", "the header is not a JSON object"},
    {"{\"\xff\":1}", "the header is not a JSON object"},
    {"{\"a\":" F32("[2]", 0, 8) ",\"a\":" F32("[2]", 0, 8) "}",
     "tensor 'a': its name is there twice"},
    {"{\"a\":" F32("[1]", 0, 4) ",\"\\u0061\":" F32("[1]", 4, 8) "}",
     "tensor 'a': its name is there twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}",
     "tensor '__metadata__': its name is there twice"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "each name once"},
    {"{\"a\":1}", "tensor 'a': not an object of"},
    {"{\"a\":{}}", "tensor 'a': not an object of"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],"
     "\"x\":1}}",
     "alone"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"offsets\":[0,8]}}",
     "is missing"},
    {"{\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}",
     "its dtype is not known"},
    {"{\"a\":{\"dtype\":32,\"shape\":[2],\"data_offsets\":[0,8]}}",
     "its dtype is not known"},
    {"{\"a\":" F32("2", 0, 8) "}", "its shape is not a list"},
    {"{\"a\":" F32("[1,1,1,1,1,1,1,1,2]", 0, 8) "}", "not a list of 0"},
    {"{\"a\":" F32("[2.0]", 0, 8) "}", "a dim is not an integer"},
    {"{\"a\":" F32("[\"2\"]", 0, 8) "}", "a dim is not an integer"},
    {"{\"a\":" F32("[-2]", 0, 8) "}", "empty, negative"},
    {"{\"a\":" F32("[0]", 0, 0) "}", "empty, negative"},
    {"{\"a\":" F32("[4294967296,4294967296]", 0, 8) "}", "beyond any"},
    {"{\"a\":" F32("[2]", 8, 0) "}", "not [begin, end]"},
    {"{\"a\":" F32("[2]", -8, 0) "}", "not [begin, end]"},
    {"{\"a\":" F32("[2]", 0, 8.0) "}", "not [begin, end]"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}",
     "not [begin, end]"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}",
     "not [begin, end]"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":{}}}",
     "not [begin, end]"},
    {"{\"a\":" F32("[2]", 0, 7) "}", "not as far apart as"},
    {"{\"a\":" F32("[2]", 4, 4) "}", "not as far apart as"},
    {"{\"a\":" F32("[1]", 0, 4) "}", "lists 4 bytes of data, but there"},
    {"{\"a\":" F32("[3]", 0, 12) "}", "lists 12 bytes of data, but there"},
    {"{\"a\":" F32("[1]", 4, 8) "}", "there is a gap before its data"},
    {"{\"a\":" F32("[2]", 0, 8) ",\"b\":" F32("[1]", 4, 8) "}",
     "its data overlaps"},
    {"{\"a b\":" F32("[2]", 0, 8) "}", "a name is 1 to 255"},
    {"{\"../a\":" F32("[2]", 0, 8) "}", "a name is 1 to 255"},
    {"{\"\":" F32("[2]", 0, 8) "}", "a name is 1 to 255"},
    {"{\"a\":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}", "not an object of"},
    {"{\"a\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}", "lists in lists"},
    {"{\"__metadata__\":1}", "not an object of strings"},
    {"{\"__metadata__\":{\"sluice.step\":\"1\"},\"a\":" F32("[2]", 0, 8) "}",
     "the header has lost its checksum"},
    {"{\"__metadata__\":{\"a\":1}}", "not an object of strings"},
};

START_TEST(each_malformed_header_is_refused)
{
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        sluice_safetensors *file;
        sluice_diag why = {.status = SLUICE_OK};
        parse(malformed[i].header, "abcdefgh", 8, 0, &file, &why);
        fixture_says(&why, SLUICE_FORMAT, malformed[i].says);
        fixture_says(&why, SLUICE_FORMAT, "input: byte ");
    }
}
END_TEST

START_TEST(metadata_and_empty_files_are_allowed)
{
    sluice_safetensors *file;
    ck_assert_int_eq(parse("{}", "", 0, 0, &file, NULL), SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_count(file), 0);
    ck_assert_int_eq(sluice_safetensors_read(file, "a", NULL, 1, NULL),
                     SLUICE_NOT_FOUND);
    sluice_safetensors_close(file);
    ck_assert_int_eq(
        parse("{\"__metadata__\":{\"a\":\"b\"}}   ", "", 0, 0, &file, NULL),
        SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_count(file), 0);
    sluice_safetensors_close(file);
}
END_TEST

START_TEST(the_header_has_a_bound_that_can_be_set)
{
    static char header[1024];
    sluice_safetensors *file;
    sluice_diag why;
    memset(header, ' ', sizeof header - 1);
    memcpy(header, "{}", 2);
    ck_assert_int_eq(parse(header, "", 0, sizeof header - 1, &file, NULL),
                     SLUICE_OK);
    sluice_safetensors_close(file);
    parse(header, "", 0, sizeof header - 2, &file, &why);
    fixture_says(&why, SLUICE_FORMAT,
                 "byte 0: a header of 1023 bytes: at most 1022");
    struct sl_source *source =
        fixture_source("\1\0\x10\0\0\0\0\0{}", 10, SL_PLAIN);
    sl_safetensors_parse(source, 0, NULL, &file, &why);
    fixture_says(&why, SLUICE_FORMAT, "of 1048577 bytes: at most 1048576");
    sl_source_close(source);
    source = fixture_source("\0\0\x10\0\0\0\0\0{}", 10, SL_PLAIN);
    sl_safetensors_parse(source, 0, NULL, &file, &why);
    fixture_says(&why, SLUICE_FORMAT,
                 "byte 8: the header should have 1048576 bytes, but there "
                 "are 2");
    sl_source_close(source);
}
END_TEST

START_TEST(a_name_may_have_255_bytes_and_no_more)
{
    char name[SLUICE_TENSOR_NAME + 1], header[512];
    sluice_safetensors *file;
    sluice_diag why;
    for (int n = SLUICE_TENSOR_NAME - 1; n <= SLUICE_TENSOR_NAME; n++) {
        memset(name, 'n', sizeof name);
        name[n] = 0;
        snprintf(header, sizeof header, "{\"%s\":%s}", name, F32("[2]", 0, 8));
        sluice_status st = parse(header, "abcdefgh", 8, 0, &file, &why);
        ck_assert_int_eq(st,
                         n < SLUICE_TENSOR_NAME ? SLUICE_OK : SLUICE_FORMAT);
        if (st) {
            fixture_says(&why, SLUICE_FORMAT, "a name is 1 to 255");
            continue;
        }
        ck_assert_str_eq(sluice_safetensors_name(file, 0, NULL), name);
        sluice_safetensors_close(file);
    }
}
END_TEST

/* A file of `n` tensors of one byte each. */
static sluice_status parse_many(size_t n, sluice_safetensors **file,
                                sluice_diag *why)
{
    enum { ENTRY = 80 };
    size_t room = 8 + n * (ENTRY + 1) + 2, at = 9;
    char *bytes = calloc(room, 1);
    ck_assert(bytes != NULL);
    bytes[8] = '{';
    for (size_t i = 0; i < n; i++)
        at += (size_t)sprintf(bytes + at,
                              "%s\"%zx\":{\"dtype\":\"U8\",\"shape\":[],"
                              "\"data_offsets\":[%zu,%zu]}",
                              i ? "," : "", i, i, i + 1);
    bytes[at++] = '}';
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)((at - 8) >> 8 * i);
    struct sl_source *source = fixture_source(bytes, at + n, SL_PLAIN);
    sluice_status st = sl_safetensors_parse(source, room, NULL, file, why);
    if (st)
        sl_source_close(source);
    free(bytes);
    return st;
}

START_TEST(there_may_be_65536_tensors_and_no_more)
{
    sluice_safetensors *file;
    sluice_diag why;
    ck_assert_int_eq(parse_many(SLUICE_SAFETENSORS_TENSORS, &file, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(sluice_safetensors_count(file), 65536);
    ck_assert_str_eq(sluice_safetensors_name(file, 65535, NULL), "ffff");
    sluice_safetensors_close(file);
    parse_many(SLUICE_SAFETENSORS_TENSORS + 1, &file, &why);
    fixture_says(&why, SLUICE_FORMAT, "65537 tensors: at most 65536");
}
END_TEST

START_TEST(a_double_too_large_for_a_float_is_refused)
{
    const double values[2] = {1, -1e300};
    float x[2];
    sluice_safetensors *file;
    sluice_diag why;
    ck_assert_int_eq(parse("{\"a\":{\"dtype\":\"F64\",\"shape\":[2],"
                           "\"data_offsets\":[0,16]}}",
                           values, sizeof values, 0, &file, NULL),
                     SLUICE_OK);
    sluice_safetensors_read(file, "a", x, 2, &why);
    fixture_says(&why, SLUICE_FORMAT, "a number is too large for a float");
    sluice_safetensors_close(file);
}
END_TEST

START_TEST(a_path_that_leads_nowhere_is_an_io_error)
{
    sluice_safetensors *file = NULL;
    ck_assert_int_eq(sluice_safetensors_open("/none", 0, NULL, &file, NULL),
                     SLUICE_IO);
    ck_assert_int_eq(sluice_safetensors_open("/", 0, NULL, &file, NULL),
                     SLUICE_IO);
    ck_assert(!file);
}
END_TEST

START_TEST(a_file_that_is_cut_after_opening_is_an_io_error)
{
    char path[FIXTURE_PATH];
    float values[2];
    sluice_safetensors *file;
    sluice_diag why;
    static const char header[] = "{\"a\":" F32("[2]", 0, 8) "}";
    char bytes[8 + sizeof header - 1 + 8] = {sizeof header - 1};
    memcpy(bytes + 8, header, sizeof header - 1);
    fixture_file("cut", bytes, sizeof bytes, path);
    ck_assert_int_eq(sluice_safetensors_open(path, 0, NULL, &file, &why),
                     SLUICE_OK);
    fixture_file("cut", bytes, sizeof bytes - 1, path);
    ck_assert_int_eq(sluice_safetensors_read(file, "a", values, 2, &why),
                     SLUICE_IO);
    fixture_says(&why, SLUICE_IO, "the file has become shorter");
    sluice_safetensors_close(file);
}
END_TEST

START_TEST(a_file_that_is_cut_before_its_header_is_an_io_error)
{
    static const char bytes[] = "\2\0\0\0\0\0\0\0{}";
    char path[FIXTURE_PATH];
    struct sl_source *source;
    sluice_safetensors *file = NULL;
    sluice_diag why;
    fixture_file("cut", bytes, sizeof bytes - 1, path);
    ck_assert(!sl_source_open(path, SL_PLAIN, NULL, &source, NULL));
    fixture_file("cut", bytes, 8, path);
    ck_assert_int_eq(sl_safetensors_parse(source, 0, NULL, &file, &why),
                     SLUICE_IO);
    fixture_says(&why, SLUICE_IO, "the file has become shorter");
    ck_assert_ptr_null(file);
    sl_source_close(source);
}
END_TEST

SLUICE_TEST_MAIN("data.safetensors",
                 names_and_shapes_come_in_the_order_of_the_data,
                 all_four_types_become_floats_in_any_order,
                 what_cannot_be_read_is_told_by_name,
                 integers_are_read_as_far_as_floats_count_exactly,
                 halves_of_all_kinds_are_exact,
                 each_malformed_header_is_refused,
                 metadata_and_empty_files_are_allowed,
                 the_header_has_a_bound_that_can_be_set,
                 a_name_may_have_255_bytes_and_no_more,
                 there_may_be_65536_tensors_and_no_more,
                 a_double_too_large_for_a_float_is_refused,
                 a_path_that_leads_nowhere_is_an_io_error,
                 a_file_that_is_cut_after_opening_is_an_io_error,
                 a_file_that_is_cut_before_its_header_is_an_io_error)
