/* Damage to a file.  One thread. */
#include "damage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A file, as it should be. */
struct sound {
    const char *path;
    unsigned char *bytes;
    size_t n;
};

static void put(const struct sound *sound, size_t n, size_t n_more)
{
    FILE *file = fopen(sound->path, "wb");
    fwrite(sound->bytes, 1, n, file);
    for (size_t i = 0; i < n_more; i++)
        fputc(i & 1 ? ' ' : 0, file);
    fclose(file);
}

static bool take(struct sound *sound)
{
    FILE *file = fopen(sound->path, "rb");
    fseek(file, 0, SEEK_END);
    sound->n = (size_t)ftell(file);
    rewind(file);
    sound->bytes = malloc(sound->n);
    bool whole = fread(sound->bytes, 1, sound->n, file) == sound->n;
    fclose(file);
    return whole;
}

static size_t header_bytes(const struct sound *sound)
{
    size_t n = 0;
    for (int i = 8; i-- > 0;)
        n = n << 8 | sound->bytes[i];
    return n + 8;
}

/* The file stays the same one: it is opened once. */
static bool turned_is_refused(const struct sound *sound, size_t bit,
                              sl_test_refused *refused, void *context)
{
    unsigned char turned =
        sound->bytes[bit / 8] ^ (unsigned char)(1 << bit % 8);
    FILE *file = fopen(sound->path, "r+b");
    fseek(file, (long)(bit / 8), SEEK_SET);
    fputc(turned, file);
    fflush(file);
    bool is = refused(context);
    fseek(file, (long)(bit / 8), SEEK_SET);
    fputc(sound->bytes[bit / 8], file);
    fclose(file);
    return is;
}

long sl_test_damage(const char *path, long n_bits, sl_test_refused *refused,
                    void *context, long *n)
{
    struct sound sound = {.path = path};
    long missed = 0;
    uint64_t draw = 1;
    *n = 0;
    if (!take(&sound)) {
        free(sound.bytes);
        return -1;
    }
    for (size_t k = 0; k < sound.n; k++, ++*n) {
        put(&sound, k, 0);
        missed += !refused(context);
    }
    for (size_t k = 1; k <= 16; k++, ++*n) {
        put(&sound, sound.n, k);
        missed += !refused(context);
    }
    put(&sound, sound.n, 0);
    size_t header = 8 * header_bytes(&sound);
    size_t data = 8 * sound.n - header;
    for (size_t bit = 0; bit < header; bit++, ++*n)
        missed += !turned_is_refused(&sound, bit, refused, context);
    bool all = data <= (size_t)n_bits;
    for (size_t i = 0; i < (all ? data : (size_t)n_bits); i++, ++*n) {
        draw = draw * 6364136223846793005u + 1442695040888963407u;
        size_t bit = header + (all ? i : (size_t)(draw >> 16) % data);
        missed += !turned_is_refused(&sound, bit, refused, context);
    }
    free(sound.bytes);
    return missed;
}
