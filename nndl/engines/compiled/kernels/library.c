/* The build and the processor, as a build tells of them: the portable one is asked before a faster one is loaded. */

#ifndef NNDL_SOURCES
#define NNDL_SOURCES ""
#endif

/* The fingerprint of the sources that this was built from. */
const char *nndl_sources(void) { return NNDL_SOURCES; }

/* The compiler. */
const char *nndl_compiler(void) {
#if defined(__clang__)
    return __VERSION__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

/* The best instruction set that the processor has. */
const char *nndl_instructions(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return __builtin_cpu_supports("avx512bf16") ? "avx512_bf16" : "avx512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "avx2";
#endif
    return "baseline";
}
