/* Names and sizes of element types.  Any thread. */
#include <sluice/element.h>

#include <stdint.h>

const char *sluice_element_name(sluice_element type)
{
    static const char *const names[] = {
        [SLUICE_UNTYPED] = "untyped",
        [SLUICE_U8] = "uint8",
        [SLUICE_F32] = "float32",
        [SLUICE_I32] = "int32",
    };
    return (size_t)type < sizeof names / sizeof *names ? names[type] : "?";
}

size_t sluice_element_bytes(sluice_element type)
{
    static const size_t bytes[] = {
        [SLUICE_U8] = sizeof(uint8_t),
        [SLUICE_F32] = sizeof(float),
        [SLUICE_I32] = sizeof(int32_t),
    };
    return (size_t)type < sizeof bytes / sizeof *bytes ? bytes[type] : 0;
}
