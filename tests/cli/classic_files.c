/* The weights and data of the classic demonstration. */
#include "cli/classic_files.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    INPUT = 128,
    WIDTH = 256,
    OUTPUT = 10,
    HEADER = 8192,
    NPY_HEADER = 128, /* of a .npy file in all */
    NPY_START = 10,   /* magic, version, length of the rest */
};

/* Knuth's MMIX sequence; continues from one array to the next. */
static float next_uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return (float)(*state >> 40) * 0x1p-23f - 1;
}

static FILE *open_in(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return fopen(path, "wb");
}

static bool close_written(FILE *file)
{
    bool failed = ferror(file);
    return !(fclose(file) || failed);
}

/* values[rows][stride], of which the first `cols` of a row are written. */
static bool write_npy(const char *directory, const char *name,
                      const float *values, int cols, int stride)
{
    char header[NPY_HEADER + 1];
    FILE *file = open_in(directory, name);
    if (!file)
        return false;
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", NPY_START);
    int n = snprintf(header + NPY_START, NPY_HEADER - NPY_START,
                     "{'descr': '<f4', 'fortran_order': False, "
                     "'shape': (%d, %d), }",
                     CLASSIC_ROWS, cols);
    memset(header + NPY_START + n, ' ', (size_t)(NPY_HEADER - NPY_START - n));
    header[NPY_HEADER - 1] = '\n';
    fwrite(header, 1, NPY_HEADER, file);
    for (int r = 0; r < CLASSIC_ROWS; r++)
        fwrite(values + r * stride, sizeof *values, (size_t)cols, file);
    return close_written(file);
}

static int layer_in(int layer)
{
    return layer == 0 ? INPUT : WIDTH;
}

static int layer_out(int layer)
{
    return layer + 1 == CLASSIC_LAYERS ? OUTPUT : WIDTH;
}

static void write_header(FILE *file)
{
    char text[HEADER];
    size_t n = 0;
    size_t at = 0;
    for (int i = 0; i < CLASSIC_LAYERS; i++) {
        size_t bias = at + sizeof(float) * (size_t)(layer_in(i) * layer_out(i));
        size_t end = bias + sizeof(float) * (size_t)layer_out(i);
        n += (size_t)snprintf(
            text + n, sizeof text - n,
            "%s\"%d.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],"
            "\"data_offsets\":[%zu,%zu]},"
            "\"%d.bias\":{\"dtype\":\"F32\",\"shape\":[%d],"
            "\"data_offsets\":[%zu,%zu]}",
            i ? "," : "{", i, layer_in(i), layer_out(i), at, bias, i,
            layer_out(i), bias, end);
        at = end;
    }
    text[n++] = '}';
    uint64_t length = n; /* little-endian, as all that we run on */
    fwrite(&length, sizeof length, 1, file);
    fwrite(text, 1, n, file);
}

static bool write_weights(const char *directory, uint64_t *state)
{
    FILE *file = open_in(directory, "weights.safetensors");
    if (!file)
        return false;
    write_header(file);
    for (int i = 0; i < CLASSIC_LAYERS; i++) {
        const float scale = layer_in(i) == INPUT ? 7 / 32.0f : 5 / 32.0f;
        const float zero = 0;
        for (int e = 0; e < layer_in(i) * layer_out(i); e++) {
            float value = next_uniform(state) * scale;
            fwrite(&value, sizeof value, 1, file);
        }
        for (int e = 0; e < layer_out(i); e++)
            fwrite(&zero, sizeof zero, 1, file);
    }
    return close_written(file);
}

bool classic_files_write(const char *directory)
{
    static float x[CLASSIC_ROWS * INPUT];
    uint64_t state = 1;
    for (int i = 0; i < CLASSIC_ROWS * INPUT; i++)
        x[i] = next_uniform(&state);
    return write_npy(directory, "x.npy", x, INPUT, INPUT) &&
           write_npy(directory, "y.npy", x, OUTPUT, INPUT) &&
           write_weights(directory, &state);
}

void classic_files_remove(const char *directory)
{
    static const char *const names[] = {"x.npy", "y.npy", "weights.safetensors",
                                        "errors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
}
