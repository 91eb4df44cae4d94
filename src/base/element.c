/* Names of element types.  Any thread. */
#include <sluice/element.h>

#include <stddef.h>

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
