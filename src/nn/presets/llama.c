/*
 * Llama (Touvron et al., 2023): as GPT-2, with RMS norms, rotary positions,
 * SwiGLU, no biases, and grouped-query heads if wanted.  Each block is one
 * layer, and so is each of the two ends.
 *
 * Weights start N(0, 0.02), those in front of a residual sum by 1 / sqrt(2 L)
 * smaller, L being the number of blocks.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "nn/presets/preset.h"

struct llama {
    int64_t layers;
    int64_t heads;
    int64_t kv_heads;
    int64_t width;
    int64_t hidden;
    int64_t vocabulary;
    int64_t context;
    float rotary;
};

static const double weight_std = 0.02;

#define SIZE(field, text_name, least, standard, most, text)                    \
    {                                                                          \
        .name = text_name, .help = text, .type = SLUICE_OPTION_INTEGER,        \
        .offset = offsetof(struct llama, field), .bytes = sizeof(int64_t),     \
        .preset = standard, .min = least, .max = most,                         \
    }

static const sluice_option options[] = {
    SIZE(layers, "layers", 1, 32, SLUICE_MODEL_MAX_LAYERS, "blocks"),
    SIZE(heads, "heads", 1, 32, INT32_MAX,
         "heads of attention, which divide the width"),
    SIZE(kv_heads, "kv-heads", 0, 0, INT32_MAX,
         "heads of keys and values; 0: as many as heads"),
    SIZE(width, "width", 1, 4096, INT32_MAX / 4,
         "elements of a token's vector"),
    SIZE(hidden, "hidden", 0, 0, INT32_MAX / 2,
         "elements inside the feed-forward layers; 0: 8 / 3 of the width, "
         "rounded up to a multiple of 256"),
    SIZE(vocabulary, "vocabulary", 1, 32000, INT32_MAX, "tokens are below"),
    SIZE(context, "context", 1, 2048, INT32_MAX,
         "positions of a row where the data do not say it"),
    {
        .name = "rotary",
        .help = "base of the rotary positions",
        .type = SLUICE_OPTION_REAL,
        .offset = offsetof(struct llama, rotary),
        .bytes = sizeof(float),
        .preset = 10000,
        .above_min = true,
        .max = 1e30,
    },
};

static void input(const void *config, sluice_model_config *model)
{
    const struct llama *llama = config;
    model->input = sluice_shape_vector(llama->context);
    model->input_type = SLUICE_I32;
}

static int64_t hidden_of(const struct llama *llama)
{
    return llama->hidden ? llama->hidden
                         : (llama->width * 8 / 3 + 255) / 256 * 256;
}

static void add_block(struct sl_text_out *out, const struct llama *llama)
{
    double n_sums = 2 * (double)llama->layers;
    struct sl_preset_real std = sl_preset_real(weight_std);
    struct sl_preset_real last = sl_preset_real(weight_std / sqrt(n_sums));
    sl_preset_add(out,
                  "sequence{residual{rms_norm(per-position); "
                  "attention(%" PRId64 ", kv-heads=%" PRId64
                  ", causal, rotary=%s, no-bias, std=%s, out-std=%s)}; ",
                  llama->heads, llama->kv_heads,
                  sl_preset_real((double)llama->rotary).text, std.text,
                  last.text);
    sl_preset_add(out,
                  "residual{rms_norm(per-position); linear(%" PRId64
                  ", per-position, no-bias, std=%s); glu(silu); "
                  "linear(%" PRId64 ", per-position, no-bias, std=%s)}}",
                  2 * hidden_of(llama), std.text, llama->width, last.text);
}

static void write(const void *config, int first, struct sl_text_out *out)
{
    const struct llama *llama = config;
    struct sl_preset_real std = sl_preset_real(weight_std);
    (void)first;
    sl_preset_add(out, "embedding(%" PRId64 ", width=%" PRId64 ", std=%s); ",
                  llama->vocabulary, llama->width, std.text);
    add_block(out, llama);
    sl_preset_add(out,
                  " x%" PRId64 "; sequence{rms_norm(per-position); "
                  "head(%" PRId64 ", std=%s)}",
                  llama->layers, llama->vocabulary, std.text);
}

/*
 * Those of LlamaForCausalLM in `transformers`.  Its query and key weights are
 * in the half-split order of rotary positions, as ours are.
 */
static const struct sl_published_row first_names[] = {
    {"weight", {"embed_tokens.weight"}, false, false},
};
static const struct sl_published_row block_names[] = {
    {"0.0.weight", {"input_layernorm.weight"}, false, false},
    {"0.1.qkv_weight",
     {"self_attn.q_proj.weight", "self_attn.k_proj.weight",
      "self_attn.v_proj.weight"},
     true,
     false},
    {"0.1.out_weight", {"self_attn.o_proj.weight"}, true, false},
    {"1.0.weight", {"post_attention_layernorm.weight"}, false, false},
    {"1.1.weight", {"mlp.gate_proj.weight", "mlp.up_proj.weight"}, true, false},
    {"1.3.weight", {"mlp.down_proj.weight"}, true, false},
};
static const struct sl_published_row last_names[] = {
    {"0.weight", {"norm.weight"}, false, false},
    {"1.weight", {"lm_head.weight"}, false, true},
};
static const char *const frequencies[] = {".rotary_emb.inv_freq", NULL};

static const struct sl_published published = {
    .prefix = "model.",
    .first = {first_names, sizeof first_names / sizeof *first_names},
    .last = {last_names, sizeof last_names / sizeof *last_names},
    .blocks = {{block_names, sizeof block_names / sizeof *block_names}},
    .block = "layers",
    .passed_over = frequencies,
};

const struct sl_preset sl_preset_llama = {
    .name = "llama",
    .help = "the layers of Llama: embedding, blocks, output layer",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_bytes = sizeof(struct llama),
    .input = input,
    .write = write,
    .published = &published,
};
