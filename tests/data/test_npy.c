/* The .npy format of NumPy: what NumPy wrote, and what it never would. */
#include "data/formats/npy.h"

#include "data/formats/npy_header.h"
#include "fixture.h"
#include "support/guarded.h"
#include "support/runner.h"

#include <math.h>
#include <stdio.h>

/* The values of files/make.py. */
static int exact(int i)
{
    return i * 37 % 101 - 50;
}

static void read_stored(const char *name, sluice_element type,
                        sluice_shape shape, sluice_array *out)
{
    char path[FIXTURE_PATH];
    sluice_diag why;
    sluice_status st =
        sluice_npy_read(fixture_stored(name, path), NULL, out, &why);
    ck_assert_msg(st == SLUICE_OK, "%s", why.text);
    ck_assert_int_eq(out->type, type);
    ck_assert(sluice_shape_equal(&out->shape, &shape));
}

START_TEST(floats_of_numpy_are_read_in_all_three_versions)
{
    static const struct {
        const char *name;
        sluice_shape shape;
    } files[] = {
        {"f4.npy", {3, {2, 3, 4}}},
        {"f4-v2.npy", {1, {24}}},
        {"f4-v3.npy", {1, {24}}},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        sluice_array array;
        read_stored(files[k].name, SLUICE_F32, files[k].shape, &array);
        for (int i = 0; i < 24; i++)
            ck_assert(((float *)array.data)[i] == (float)exact(i) / 8);
        sluice_array_fini(&array);
    }
}
END_TEST

START_TEST(doubles_are_rounded_to_floats)
{
    sluice_array array;
    read_stored("f8.npy", SLUICE_F32, sluice_shape_matrix(4, 6), &array);
    for (int i = 0; i < 24; i++)
        ck_assert(((float *)array.data)[i] == (float)((i + 1) / 3.0));
    sluice_array_fini(&array);
}
END_TEST

START_TEST(integers_of_numpy_are_read)
{
    sluice_array four, eight, byte;
    read_stored("i4.npy", SLUICE_I32, sluice_shape_vector(24), &four);
    read_stored("i8.npy", SLUICE_I32, sluice_shape_matrix(24, 1), &eight);
    read_stored("u1.npy", SLUICE_U8, sluice_shape_matrix(3, 8), &byte);
    for (int i = 0; i < 24; i++) {
        ck_assert_int_eq(((int32_t *)four.data)[i], exact(i));
        ck_assert_int_eq(((int32_t *)eight.data)[i], exact(i));
        ck_assert_int_eq(((uint8_t *)byte.data)[i], exact(i) + 50);
    }
    sluice_array_fini(&four);
    sluice_array_fini(&eight);
    sluice_array_fini(&byte);
}
END_TEST

START_TEST(arrays_of_numpy_that_are_not_read_are_refused_with_advice)
{
    static const struct {
        const char *name;
        const char *says;
    } files[] = {
        {"fortran.npy", "Fortran order; save numpy.ascontiguousarray()"},
        {"big-endian.npy", "the type is none of"},
        {"record.npy", "records are not read"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[FIXTURE_PATH];
        sluice_array array = {0};
        sluice_diag why;
        fixture_stored(files[i].name, path);
        ck_assert_int_eq(sluice_npy_read(path, NULL, &array, &why),
                         SLUICE_FORMAT);
        fixture_says(&why, SLUICE_FORMAT, files[i].says);
        fixture_says(&why, SLUICE_FORMAT, files[i].name);
        ck_assert(!array.data);
    }
}
END_TEST

START_TEST(a_path_that_leads_nowhere_is_an_io_error)
{
    sluice_array array = {0};
    ck_assert_int_eq(sluice_npy_read("/nowhere.npy", NULL, &array, NULL),
                     SLUICE_IO);
    ck_assert_int_eq(sluice_npy_read("/", NULL, &array, NULL), SLUICE_IO);
}
END_TEST

/* Parse a file with that head, header and data. */
static sluice_status parse(const char *head, size_t n_head, const char *header,
                           const void *data, size_t n_data, sluice_array *out,
                           sluice_diag *why)
{
    char file[512];
    size_t n = strlen(header);
    memcpy(file, head, n_head);
    memcpy(file + n_head, header, n);
    memcpy(file + n_head + n, data, n_data);
    struct sl_source *source =
        fixture_source(file, n_head + n + n_data, SL_PLAIN);
    *out = (sluice_array){0};
    sluice_status st = sl_npy_parse(source, NULL, out, why);
    sl_source_close(source);
    ck_assert(st ? !out->data : out->data != NULL);
    return st;
}

static sluice_status parse_v1(const char *header, const void *data,
                              size_t n_data, sluice_array *out,
                              sluice_diag *why)
{
    char head[10] = "\x93NUMPY\1\0";
    head[8] = (char)strlen(header);
    return parse(head, sizeof head, header, data, n_data, out, why);
}

START_TEST(each_malformed_header_is_refused_with_its_place)
{
#define D "'descr':'<f4'"
#define O "'fortran_order':False"
#define S "'shape':(1,)"
    static const struct {
        const char *header;
        const char *says;
    } headers[] = {
        {"", "byte 10: the header is not a Python dictionary"},
        {"[]", "byte 10: the header is not"},
        {"{" D "," O "," S, "byte 59: a comma or } is missing"},
        {"{" D "," O "," S ",", "the name of an entry should be here"},
        {"{" D " " O "," S "}", "a comma or } is missing"},
        {"{" D "," O "}", "is missing"},
        {"{" D "," O "," S "," D "}", "byte 60: this entry comes twice"},
        {"{" D "," O "," S ",'x':1}", "byte 60: this entry is not of"},
        {"{" D "," O "," S "}x", "there is more after"},
        {"{'descr' '<f4'," O "," S "}", "a colon should be here"},
        {"{'descr':'<f4," O "," S "}", "the type is none of"},
        {"{'descr':'<f\\4'," O "," S "}", "is not a string"},
        {"{'descr':'<c8'," O "," S "}", "byte 19: the type is none of"},
        {"{'descr':['<f4']," O "," S "}", "records are not read"},
        {"{" D ",'fortran_order':0," S "}", "neither True nor False"},
        {"{" D ",'fortran_order':Falsely," S "}", "neither True nor False"},
        {"{" D ",'fortran_order':Falsez," S "}", "neither True nor False"},
        {"{" D ",'fortran_order':FalseA," S "}", "neither True nor False"},
        {"{" D ",'fortran_order':FalseZ," S "}", "neither True nor False"},
        {"{" D "," O ",'shape':1}", "is not a tuple"},
        {"{" D "," O ",'shape':(1)}", "(n) should be (n,)"},
        {"{" D "," O ",'shape':(1 1)}", "a comma or ) is missing"},
        {"{" D "," O ",'shape':(-1,)}", "a dim is not a number"},
        {"{" D "," O ",'shape':(1,,)}", "a dim is not a number"},
        {"{" D "," O ",'shape':(9223372036854775808,)}", "too large"},
        {"{" D "," O ",'shape':(99999999999999999999,)}", "too large"},
        {"{" D "," O ",'shape':()}", "a scalar has no rows"},
        {"{" D "," O ",'shape':(0,)}", "the shape is empty"},
        {"{" D "," O ",'shape':(4611686018427387904,)}", "beyond any memory"},
        {"{" D "," O ",'shape':(1,1,1,1,1,1,1,1,1)}", "more than 8 dims"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        sluice_array array;
        sluice_diag why = {.status = SLUICE_OK};
        parse_v1(headers[i].header, "\0\0\0", 4, &array, &why);
        fixture_says(&why, SLUICE_FORMAT, headers[i].says);
    }
}
END_TEST

START_TEST(there_may_be_8_dims_and_no_more)
{
    sluice_array array;
    sluice_diag why;
    ck_assert_int_eq(parse_v1("{" D "," O ",'shape':(1,1,1,1,1,1,1,1)}",
                              "\0\0\x80\x3f", 4, &array, NULL),
                     SLUICE_OK);
    ck_assert_int_eq(array.shape.n_dims, 8);
    sluice_array_fini(&array);
    parse_v1("{" D "," O ",'shape':(1,1,1,1,1,1,1,1,1)}", "\0\0\x80\x3f", 4,
             &array, &why);
    fixture_says(&why, SLUICE_FORMAT, "more than 8 dims");
}
END_TEST

START_TEST(every_digit_of_a_dim_counts)
{
    static const float zeros[70];
    static const struct {
        const char *header;
        int n;
    } headers[] = {
        {"{" D "," O ",'shape':(9,)}", 9},
        {"{" D "," O ",'shape':(10,)}", 10},
        {"{" D "," O ",'shape':(70,)}", 70},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        sluice_array array;
        ck_assert(!parse_v1(headers[i].header, zeros,
                            (size_t)headers[i].n * sizeof *zeros, &array,
                            NULL));
        ck_assert_int_eq(array.shape.dims[0], headers[i].n);
        sluice_array_fini(&array);
    }
}
END_TEST

/* Nothing may be read behind the text. */
START_TEST(a_header_that_ends_anywhere_is_refused)
{
    static const char *const headers[] = {
        "{" D "," O "," S "}",
        " { \"shape\" : ( 12 , 3 ) ,\n" O "," D "}",
    };
    struct sl_source *source = fixture_source("", 0, SL_PLAIN);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        for (size_t n = 0; n <= strlen(headers[i]); n++) {
            struct sl_npy_header header;
            sluice_diag why;
            char *text = guarded_allocate(NULL, n, 1);
            memcpy(text, headers[i], n);
            ck_assert_int_eq(
                sl_npy_header_parse(source, 0, text, n, &header, &why),
                headers[i][n] ? SLUICE_FORMAT : SLUICE_OK);
            guarded_release(NULL, text, n);
        }
    sl_source_close(source);
}
END_TEST

START_TEST(quotes_blanks_and_order_do_not_matter)
{
    static const char *const headers[] = {
        "{" D "," O "," S "}",
        "{" D "," O "," S ",}\n",
        " { \"shape\" : ( 1 , ) ,\n" O "," D "}   \n",
        "{'shape':(1,1,1,1,1,1,1,1)," O "," D "}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        sluice_array array;
        ck_assert_int_eq(parse_v1(headers[i], "\0\0\x80\x3f", 4, &array, NULL),
                         SLUICE_OK);
        ck_assert(*(float *)array.data == 1);
        sluice_array_fini(&array);
    }
}
END_TEST

START_TEST(magic_version_and_length_are_checked)
{
    static const struct {
        const char *head;
        size_t n;
        const char *says;
    } heads[] = {
        {"\x93NUMP", 6, "byte 6: the data ends here, in the header"},
        {"\x93NUMPZ\1\0", 8, "byte 0: not a .npy file"},
        {"\x93NUMPY\4\0\0\0\0\0", 12, "byte 6: version 4.0"},
        {"\x93NUMPY\1\1\0\0\0\0", 12, "byte 6: version 1.1"},
        {"\x93NUMPY\0\0\0\0\0\0", 12, "byte 6: version 0.0"},
        {"\x93NUMPY\2\0\0\0\1\0{}", 14, "byte 8: a header of 65536 bytes"},
        {"\x93NUMPY\2\0\xff\xff\0\0{}", 14,
         "byte 12: the header should have 65535 bytes, but there are 2"},
        {"\x93NUMPY\1\0\3\0{}", 12, "the header should have 3 bytes"},
        {"\x93NUMPY\2\0\3\0", 10, "byte 10: the data ends here"},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        sluice_array array;
        sluice_diag why = {.status = SLUICE_OK};
        parse(heads[i].head, heads[i].n, "", "", 0, &array, &why);
        fixture_says(&why, SLUICE_FORMAT, heads[i].says);
    }
}
END_TEST

START_TEST(data_is_as_long_as_the_shape_says)
{
    sluice_array array;
    sluice_diag why;
    ck_assert_int_eq(parse_v1("{" D "," O "," S "}", "abc", 3, &array, &why),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "should have 4 bytes, but there are 3");
    ck_assert_int_eq(parse_v1("{" D "," O "," S "}", "abcde", 5, &array, &why),
                     SLUICE_FORMAT);
    fixture_says(&why, SLUICE_FORMAT, "there is more data after the data");
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused_with_their_place)
{
    static const char doubles[] = "{'descr':'<f8'," O ",'shape':(2,)}";
    static const char longs[] = "{'descr':'<i8'," O ",'shape':(2,)}";
    const double fit[2] = {0x1.fffffefffffffp127, -0x1.fffffefffffffp127};
    const double not [2] = {1, 0x1.ffffffp127};
    const int64_t low[2] = {INT32_MIN, INT32_MIN - (int64_t)1};
    const int64_t high[2] = {INT32_MAX + (int64_t)1, 0};
    sluice_array array;
    sluice_diag why;
    ck_assert_int_eq(parse_v1(doubles, fit, sizeof fit, &array, &why),
                     SLUICE_OK);
    ck_assert(((float *)array.data)[0] == 0x1.fffffep127f);
    ck_assert(((float *)array.data)[1] == -0x1.fffffep127f);
    sluice_array_fini(&array);
    parse_v1(doubles, not, sizeof not, &array, &why);
    fixture_says(&why, SLUICE_FORMAT, "byte 68: a number is too large");
    parse_v1(longs, low, sizeof low, &array, &why);
    fixture_says(&why, SLUICE_FORMAT, "a number is too large for 32 bits");
    parse_v1(longs, high, sizeof high, &array, &why);
    fixture_says(&why, SLUICE_FORMAT, "byte 60: a number is too large");
}
END_TEST

START_TEST(infinity_and_nan_pass)
{
    const double values[2] = {__builtin_inf(), __builtin_nan("")};
    sluice_array array;
    ck_assert_int_eq(parse_v1("{'descr':'<f8'," O ",'shape':(2,)}", values,
                              sizeof values, &array, NULL),
                     SLUICE_OK);
    const float *x = array.data;
    ck_assert(x[0] == __builtin_inff() && x[1] != x[1]);
    sluice_array_fini(&array);
}
END_TEST

START_TEST(what_was_written_is_read_again)
{
    const float floats[] = {1, -2.5F, INFINITY, 0, 3, 4};
    const int32_t integers[] = {1, -2, INT32_MIN, INT32_MAX, 0, 7};
    const uint8_t bytes[] = {0, 1, 2, 127, 128, 255};
    const void *data[] = {bytes, floats, integers};
    const sluice_element types[] = {SLUICE_U8, SLUICE_F32, SLUICE_I32};
    const sluice_shape shape = sluice_shape_matrix(3, 2);
    char path[FIXTURE_PATH];
    fixture_file("written.npy", "", 0, path);
    for (int i = 0; i < 3; i++) {
        sluice_array array;
        ck_assert(
            !sluice_npy_write(path, types[i], &shape, data[i], NULL, NULL));
        ck_assert(!sluice_npy_read(path, NULL, &array, NULL));
        ck_assert(array.type == types[i] &&
                  sluice_shape_equal(&array.shape, &shape));
        ck_assert(!memcmp(array.data, data[i], array.bytes));
        sluice_array_fini(&array);
    }
    const sluice_shape scalar = {0, {0}}, empty = sluice_shape_vector(0);
    ck_assert_int_eq(
        sluice_npy_write(path, SLUICE_F32, &scalar, floats, NULL, NULL),
        SLUICE_INVALID);
    ck_assert_int_eq(
        sluice_npy_write(path, SLUICE_F32, &empty, floats, NULL, NULL),
        SLUICE_INVALID);
    ck_assert_int_eq(sluice_npy_write("/no/such/file", SLUICE_F32, &shape,
                                      floats, NULL, NULL),
                     SLUICE_IO);
}
END_TEST

SLUICE_TEST_MAIN("data.npy", floats_of_numpy_are_read_in_all_three_versions,
                 doubles_are_rounded_to_floats, integers_of_numpy_are_read,
                 arrays_of_numpy_that_are_not_read_are_refused_with_advice,
                 a_path_that_leads_nowhere_is_an_io_error,
                 each_malformed_header_is_refused_with_its_place,
                 there_may_be_8_dims_and_no_more, every_digit_of_a_dim_counts,
                 a_header_that_ends_anywhere_is_refused,
                 quotes_blanks_and_order_do_not_matter,
                 magic_version_and_length_are_checked,
                 data_is_as_long_as_the_shape_says,
                 numbers_that_do_not_fit_are_refused_with_their_place,
                 infinity_and_nan_pass, what_was_written_is_read_again)
