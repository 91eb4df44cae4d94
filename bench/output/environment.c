/* The machine and the build.  The main thread. */
#include "bench/output/environment.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include <sluice/gemm.h>
#include <sluice/version.h>

#include "bench/commit.h"

enum { LINE_BYTES = 4096 };

/* What /proc/cpuinfo says of the first core. */
struct cpu {
    char model[ENVIRONMENT_TEXT];
    bool avx2;
    bool avx512;
};

/* The value in a line "key : value" without its end, or NULL. */
static const char *value_of(char *line, const char *key)
{
    if (strncmp(line, key, strlen(key)))
        return NULL;
    char *value = strchr(line, ':');
    if (!value)
        return NULL;
    value++;
    value += strspn(value, " \t");
    value[strcspn(value, "\n")] = 0;
    return value;
}

static void read_cpu(struct cpu *cpu)
{
    *cpu = (struct cpu){.model = "unknown"};
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return;
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, file) && line[0] != '\n') {
        const char *model = value_of(line, "model name");
        const char *flags = value_of(line, "flags");
        if (model)
            snprintf(cpu->model, sizeof cpu->model, "%s", model);
        if (flags) {
            cpu->avx2 = strstr(flags, " avx2 ");
            cpu->avx512 = strstr(flags, " avx512f ");
        }
    }
    fclose(file);
}

static int usable_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

/* OpenBLAS falls back to kernels of before AVX2 on a CPU that is newer than
 * itself. */
static const char *faster_core(const struct cpu *cpu, const char *core)
{
    static const char *const old[] = {"Prescott",   "Core2",      "Penryn",
                                      "Dunnington", "Nehalem",    "Sandybridge",
                                      "Katmai",     "Coppermine", "Northwood"};
    for (size_t i = 0; i < sizeof old / sizeof *old && cpu->avx2; i++)
        if (!strcasecmp(core, old[i]))
            return cpu->avx512 ? "SkylakeX" : "Haswell";
    return NULL;
}

void environment_read(struct environment *env)
{
    struct cpu cpu;
    read_cpu(&cpu);
    *env = (struct environment){
        .version = sluice_version(),
        .commit = BENCH_COMMIT,
        .cores = usable_cores(),
        .blas = sluice_blas_description(),
        .blas_core = sluice_blas_core(),
    };
    env->hint = faster_core(&cpu, env->blas_core);
    env->auto_helps =
        sluice_gemm_is_built("packed") && (cpu.avx512 || env->hint);
    memcpy(env->cpu, cpu.model, sizeof env->cpu);
}

/* What `auto` leaves to OpenBLAS, or all of it; other backends use OpenBLAS
 * for little or nothing. */
static void print_hints(const struct environment *env, const char *gemm,
                        FILE *out)
{
    bool is_auto = !strcmp(gemm, "auto"), all = !strcmp(gemm, "openblas");
    if (all && env->auto_helps)
        fprintf(out, "hint      --gemm auto, the default, multiplies by packed "
                     "weights and this processor's widest multiply-adds; other "
                     "bits\n");
    if (env->hint && (all || is_auto))
        fprintf(out,
                "hint      OpenBLAS did not recognise this CPU; setting "
                "OPENBLAS_CORETYPE=%s makes %s faster\n",
                env->hint,
                all ? "its products" : "the products that auto leaves to it");
}

void environment_print(const struct environment *env, const char *gemm,
                       FILE *out)
{
    fprintf(out, "sluice    %s (%s)\n", env->version, env->commit);
    fprintf(out, "cpu       %s, %d core%s\n", env->cpu, env->cores,
            env->cores == 1 ? "" : "s");
    fprintf(out, "blas      %s\n", env->blas);
    print_hints(env, gemm ? gemm : sluice_gemm_name(0), out);
}
