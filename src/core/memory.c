#include "core/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

void memory_out(void)
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
        memory_out();
    return made;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        memory_out();
    void *made = realloc(old, bytes ? bytes : 1);
    if (!made)
        memory_out();
    return made;
}

char *memory_copy(struct slice text)
{
    char *copy = memory_resize(NULL, text.len + 1, 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

void *memory_wiped_new(size_t size)
{
    return memory_resize(NULL, size, 1);
}

void *memory_wiped_zeroed(size_t count, size_t size)
{
    return memory_new(count, size);
}

void *memory_wiped_resize(void *old, size_t size)
{
    size_t capacity = old ? malloc_usable_size(old) : 0;
    /* What fits stays where it is, unless that would waste more than half of it. */
    if (old && size <= capacity && size >= capacity / 2)
        return old;
    void *made = memory_resize(NULL, size, 1);
    if (old)
        memcpy(made, old, size < capacity ? size : capacity);
    memory_wiped_free(old);
    return made;
}

char *memory_wiped_copy(const char *text)
{
    return memory_copy(slice_from(text));
}

void memory_wiped_free(void *old)
{
    if (old)
        explicit_bzero(old, malloc_usable_size(old));
    free(old);
}
