/* Names and sizes of element types. */
#include <sluice/element.h>

#include "support/runner.h"

START_TEST(every_type_has_its_name)
{
    ck_assert_str_eq(sluice_element_name(SLUICE_UNTYPED), "untyped");
    ck_assert_str_eq(sluice_element_name(SLUICE_U8), "uint8");
    ck_assert_str_eq(sluice_element_name(SLUICE_F32), "float32");
    ck_assert_str_eq(sluice_element_name(SLUICE_I32), "int32");
}
END_TEST

START_TEST(a_value_that_is_no_type_has_a_name_too)
{
    ck_assert_str_eq(sluice_element_name((sluice_element)(SLUICE_I32 + 1)),
                     "?");
    ck_assert_str_eq(sluice_element_name((sluice_element)-1), "?");
}
END_TEST

START_TEST(every_type_has_its_size_and_what_is_none_has_none)
{
    ck_assert_uint_eq(sluice_element_bytes(SLUICE_U8), 1);
    ck_assert_uint_eq(sluice_element_bytes(SLUICE_F32), 4);
    ck_assert_uint_eq(sluice_element_bytes(SLUICE_I32), 4);
    ck_assert_uint_eq(sluice_element_bytes(SLUICE_UNTYPED), 0);
    ck_assert_uint_eq(sluice_element_bytes((sluice_element)(SLUICE_I32 + 1)),
                      0);
    ck_assert_uint_eq(sluice_element_bytes((sluice_element)-1), 0);
}
END_TEST

SLUICE_TEST_MAIN("base.element", every_type_has_its_name,
                 every_type_has_its_size_and_what_is_none_has_none,
                 a_value_that_is_no_type_has_a_name_too)
