/*
 * Classes of characters.
 *
 * Threads: any; const.
 */
#ifndef SL_DATA_TEXT_UNICODE_CLASSES_H
#define SL_DATA_TEXT_UNICODE_CLASSES_H

#include <stdint.h>

enum sl_class {
    SL_OTHER,
    SL_LETTER, /* general category L */
    SL_NUMBER, /* general category N */
    SL_SPACE,  /* White_Space */
};

/* The class of a code point. */
enum sl_class sl_class_of(uint32_t code);

#endif
