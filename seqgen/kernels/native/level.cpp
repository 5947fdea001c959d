// Whether this processor runs the code of the library that this file is compiled into.
#include <cstdint>

extern "C" __attribute__((visibility("default"))) int64_t runs_here() {
#if defined(__AVX2__)
    __builtin_cpu_init();
#endif
#if defined(__AVX512VNNI__) && defined(__AVX512BF16__)
    if (!__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("avx512bf16")) return 0;
#endif
#if defined(__AVX512F__)
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return 0;
#endif
#if defined(__AVX2__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return 1;
#endif
}
