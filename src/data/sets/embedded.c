/* The data that come with the library.  Any thread; const. */
#include "data/sets/embedded.h"

/*
 * The assembler copies the files, whose paths the build gives, into the section
 * of constants.  A C array of them would take the compiler a while.
 */
#define INCLUDE_FILE(symbol, path)                                             \
    __asm__(".pushsection .rodata\n"                                           \
            ".global " #symbol ", " #symbol "_end\n"                           \
            ".hidden " #symbol ", " #symbol "_end\n"                           \
            ".type " #symbol ", %object\n" #symbol ":\n"                       \
            ".incbin \"" path "\"\n"                                           \
            ".size " #symbol ", . - " #symbol "\n" #symbol "_end:\n"           \
            ".byte 0\n"                                                        \
            ".popsection\n");                                                  \
    extern const unsigned char symbol[], symbol##_end[]

INCLUDE_FILE(sl_embedded_image_file, SL_EMBEDDED_IMAGES);
INCLUDE_FILE(sl_embedded_label_file, SL_EMBEDDED_LABELS);
INCLUDE_FILE(sl_embedded_genesis_file, SL_EMBEDDED_GENESIS);

struct sl_embedded sl_embedded_images(void)
{
    const unsigned char *bytes = sl_embedded_image_file;
    return (struct sl_embedded){
        .bytes = bytes,
        .n = (size_t)(sl_embedded_image_file_end - bytes),
    };
}

struct sl_embedded sl_embedded_labels(void)
{
    const unsigned char *bytes = sl_embedded_label_file;
    return (struct sl_embedded){
        .bytes = bytes,
        .n = (size_t)(sl_embedded_label_file_end - bytes),
    };
}

struct sl_embedded sl_embedded_genesis(void)
{
    const unsigned char *bytes = sl_embedded_genesis_file;
    return (struct sl_embedded){
        .bytes = bytes,
        .n = (size_t)(sl_embedded_genesis_file_end - bytes),
    };
}
