#include "core/memory.h"

#include <stdlib.h>
#include <unistd.h>

static _Noreturn void memory_end(void)
{
    static const char message[] =
        "kyc-import: out of memory; the ledger has all that was done: run again to resume\n";
    ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
    (void)ignored;
    abort();
}

void *memory_new(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size ? size : 1);
    if (!made)
        memory_end();
    return made;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        memory_end();
    void *made = realloc(old, bytes ? bytes : 1);
    if (!made)
        memory_end();
    return made;
}

char *memory_copy(struct slice text)
{
    char *copy = memory_resize(NULL, text.len + 1, 1);
    if (text.len)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}
