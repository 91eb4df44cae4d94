/* In place of onednn.c where oneDNN was not there to build with. */
#include "tensor/gemm/backend.h"

const struct sl_gemm_backend *sl_gemm_onednn(void)
{
    return NULL;
}

const struct sl_gemm_backend *sl_gemm_onednn_bf16(void)
{
    return NULL;
}

bool sl_gemm_onednn_bf16_is_slow(void)
{
    return false;
}

int sl_gemm_one_thread(void)
{
    return 0;
}

void sl_gemm_restore_threads(int before)
{
    (void)before;
}
