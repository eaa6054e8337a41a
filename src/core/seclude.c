#include "core/seclude.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "core/memory.h"

#ifdef __has_feature
#define SECLUDE_HAS(feature) __has_feature(feature)
#else
#define SECLUDE_HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || SECLUDE_HAS(address_sanitizer) || SECLUDE_HAS(leak_sanitizer)
static const bool is_watched = true;
#else
static const bool is_watched = false;
#endif

static void *openssl_new(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_wiped_new(size);
}

static void *openssl_resize(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_wiped_resize(old, size);
}

static void openssl_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    memory_wiped_free(old);
}

void seclude_process(void)
{
    /* It refuses once something was allocated, harmlessly: then nothing is overwritten. */
    (void)CRYPTO_set_mem_functions(openssl_new, openssl_resize, openssl_free);
    if (is_watched)
        return;
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
