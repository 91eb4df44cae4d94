/* Files as PyTorch writes them.  One thread. */
#include "torch_file.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"

uint32_t torch_hash(uint32_t seed, int64_t i)
{
    return ((uint32_t)(i + 1) * 2654435761U + seed * 40503U) >> 16;
}

float torch_value(uint32_t seed, int64_t i)
{
    return (float)((int)torch_hash(seed, i) - 32768) / 32768;
}

static void read_tensor(const char *line, struct torch_tensor *t)
{
    int n = 0;
    ck_assert_int_eq(sscanf(line, "tensor %95s %7s %u %d%n", t->name, t->kind,
                            &t->seed, &t->middle, &n),
                     4);
    t->shape = (sluice_shape){.n_dims = 0};
    for (const char *at = line + n; *at == ' '; at += n) {
        long dim;
        ck_assert_int_eq(sscanf(at, " %ld%n", &dim, &n), 1);
        t->shape.dims[t->shape.n_dims++] = dim;
    }
}

static void read_y(const char *line, struct torch_case *c)
{
    int n;
    ck_assert_int_eq(sscanf(line, "y %d%n", &c->n_y, &n), 1);
    ck_assert_int_le(c->n_y, TORCH_Y);
    for (int i = 0; i < c->n_y; i++) {
        int more;
        ck_assert_int_eq(sscanf(line + n, " %lf%n", &c->y[i], &more), 1);
        n += more;
    }
}

void torch_case_read(struct torch_case *made, int index)
{
    char line[4096];
    FILE *file = fopen(SL_TEST_EXCHANGE_FILE, "r");
    int at = -1;
    ck_assert_ptr_nonnull(file);
    *made = (struct torch_case){.n_tensors = 0};
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        at += !strncmp(line, "case ", 5);
        if (at != index)
            continue;
        if (!strncmp(line, "case ", 5))
            snprintf(made->model, sizeof made->model, "%.159s", line + 5);
        else if (!strncmp(line, "tensor ", 7))
            read_tensor(line, &made->tensors[made->n_tensors++]);
        else
            read_y(line, made);
    }
    fclose(file);
    ck_assert_int_gt(made->n_y, 0);
}

struct torch_tensor *torch_case_find(struct torch_case *c, const char *name)
{
    int i = 0;
    while (i < c->n_tensors && strcmp(c->tensors[i].name, name) != 0)
        i++;
    ck_assert_int_lt(i, c->n_tensors);
    return &c->tensors[i];
}

static size_t bytes_of(const struct torch_tensor *t)
{
    size_t n = (size_t)sluice_shape_elements(&t->shape);
    return n * (t->kind[0] == 'I' ? 8 : t->kind[0] == 'B' ? 1 : 4);
}

static void write_header(const struct torch_case *c, const char *lacks,
                         const char *metadata, char *header, size_t size)
{
    size_t n = (size_t)snprintf(header, size, "{%s", metadata), at = 0;
    for (int i = 0; i < c->n_tensors; i++) {
        const struct torch_tensor *t = &c->tensors[i];
        size_t skip = strlen(lacks);
        const char *name =
            strncmp(t->name, lacks, skip) != 0 ? t->name : t->name + skip;
        n += (size_t)snprintf(header + n, size - n,
                              "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                              n > 1 ? "," : "", name, t->kind);
        for (int d = 0; d < t->shape.n_dims; d++)
            n += (size_t)snprintf(header + n, size - n, "%s%lld", d ? "," : "",
                                  (long long)t->shape.dims[d]);
        n += (size_t)snprintf(header + n, size - n,
                              "],\"data_offsets\":[%zu,%zu]}", at,
                              at + bytes_of(t));
        at += bytes_of(t);
    }
    ck_assert_int_lt((int)n + 2, (int)size);
    snprintf(header + n, size - n, "}");
}

static void write_tensor(const struct torch_tensor *t, FILE *file)
{
    int64_t n = sluice_shape_elements(&t->shape);
    int64_t count = t->seed;
    for (int64_t i = 0; i < n; i++) {
        float value = (float)t->middle + 0.5F * torch_value(t->seed, i);
        if (t->kind[0] == 'F')
            fwrite(&value, sizeof value, 1, file);
        else if (t->kind[0] == 'I')
            fwrite(&count, sizeof count, 1, file);
        else
            fputc(1, file);
    }
}

void torch_file_write(const struct torch_case *c, const char *path,
                      const char *lacks, const char *metadata)
{
    static char header[16384];
    write_header(c, lacks, metadata, header, sizeof header);
    uint64_t bytes = strlen(header);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fwrite(&bytes, sizeof bytes, 1, file);
    fwrite(header, 1, bytes, file);
    for (int i = 0; i < c->n_tensors; i++)
        write_tensor(&c->tensors[i], file);
    ck_assert_int_eq(fclose(file), 0);
}
