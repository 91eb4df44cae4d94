/*
 * Types of the elements of arrays.
 */
#ifndef SLUICE_ELEMENT_H
#define SLUICE_ELEMENT_H

#include <stddef.h>

#include <sluice/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sluice_element {
    SLUICE_UNTYPED = 0, /* no type is given; no array has it */
    SLUICE_U8,
    SLUICE_F32,
    SLUICE_I32,
} sluice_element;

/*
 * The type's name, "float32".
 *
 * Threads  any.
 * Returns  a constant string; "?" for a value that is no type.
 */
SLUICE_API const char *sluice_element_name(sluice_element type);

/*
 * Bytes of an element.
 *
 * Threads  any.
 * Returns  0 for SLUICE_UNTYPED, and for a value that is no type.
 */
SLUICE_API size_t sluice_element_bytes(sluice_element type);

#ifdef __cplusplus
}
#endif

#endif
