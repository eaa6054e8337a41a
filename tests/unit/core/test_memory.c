#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/utf8.h"

static void a_copy_ends_in_nul_and_new_memory_is_zero(void **state)
{
    (void)state;
    char *copy = memory_copy(slice_make("abc", 2));
    assert_string_equal(copy, "ab");
    free(copy);
    copy = memory_copy(slice_make(NULL, 0));
    assert_string_equal(copy, "");
    free(copy);
    unsigned char *zeros = memory_new(100, 3);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(zeros[i], 0);
    zeros = memory_resize(zeros, 0, 3);
    free(zeros);
    free(memory_new(0, 0));
}

static void allocations_of_an_arena_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    unsigned char *made[200];
    size_t len[200];
    for (size_t i = 0; i < 200; i++) {
        len[i] = i * 7 % 300 + (i % 50 == 49 ? 5000 : 0);
        made[i] = i % 3 ? arena_alloc(&arena, len[i]) : (void *)arena_bytes(&arena, len[i]);
        if (i % 3)
            assert_int_equal((uintptr_t)made[i] % 16, 0);
        memset(made[i], (int)i, len[i]);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t byte = 0; byte < len[i]; byte++)
            assert_int_equal(made[i][byte], i);
    arena_clear(&arena);
}

static void a_reset_arena_keeps_one_ordinary_chunk(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1000);
    arena_reset(&arena);
    char *first = arena_bytes(&arena, 10);
    arena_reset(&arena);
    for (size_t round = 0; round < 3; round++) {
        assert_ptr_equal(arena_bytes(&arena, 10), first);
        arena_bytes(&arena, 100000);
        /* The large one has its own: the room of the first chunk is still in use. */
        assert_ptr_equal(arena_bytes(&arena, 10), first + 10);
        arena_reset(&arena);
    }
    arena_clear(&arena);
    arena_bytes(&arena, 100000);
    arena_reset(&arena);
    assert_null(arena.chunks);
    arena_clear(&arena);
}

static void texts_in_an_arena_end_in_nul(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    struct slice copy = arena_copy(&arena, slice_make("abc", 2));
    assert_int_equal(copy.len, 2);
    assert_string_equal(copy.data, "ab");
    assert_string_equal(arena_copy(&arena, slice_make(NULL, 0)).data, "");
    for (int width = 0; width < 1000; width += 17) {
        struct slice text = arena_printf(&arena, "%*dx", width, 7);
        assert_int_equal(text.len, strlen(text.data));
        assert_int_equal(text.len, width < 1 ? 2 : width + 1);
        assert_int_equal(text.data[text.len - 1], 'x');
    }
    arena_clear(&arena);
}

static void a_buffer_holds_its_maximum_and_not_a_byte_more(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    assert_null(buffer.data);
    buffer_append_text(&buffer, "12345");
    buffer_printf(&buffer, "%s", "67890");
    assert_false(buffer.overflowed);
    assert_string_equal(buffer.data, "1234567890");
    buffer_append_text(&buffer, "");
    assert_false(buffer.overflowed);
    buffer_append_char(&buffer, 'x');
    assert_true(buffer.overflowed);
    assert_string_equal(buffer.data, "1234567890");

    buffer_reset(&buffer);
    assert_int_equal(buffer.len, 0);
    buffer_append_text(&buffer, "12345678901");
    assert_true(buffer.overflowed);
    buffer_append_char(&buffer, 'x');
    assert_int_equal(buffer.len, 0);
    buffer_clear(&buffer);
    assert_null(buffer.data);
}

static void a_buffer_grows_to_its_maximum_exactly(void **state)
{
    (void)state;
    for (size_t max = 0; max < 1200; max += 51) {
        struct buffer buffer;
        buffer_init(&buffer, max);
        for (size_t i = 0; i < max; i++)
            buffer_append_char(&buffer, 'x');
        assert_false(buffer.overflowed);
        assert_int_equal(buffer.len, max);
        buffer_append_char(&buffer, 'x');
        assert_true(buffer.overflowed);
        buffer_clear(&buffer);

        char whole[1200] = "";
        buffer_append(&buffer, slice_make(whole, max));
        assert_false(buffer.overflowed);
        buffer_clear(&buffer);
        buffer_append(&buffer, slice_make(whole, max + 1));
        assert_true(buffer.overflowed);
        buffer_clear(&buffer);
    }
}

static void a_buffer_grows_and_keeps_what_it_holds(void **state)
{
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 1000000);
    for (int i = 0; i < 20000; i++)
        buffer_printf(&buffer, "%d;", i);
    buffer_printf(&buffer, "%0*d", 5000, 1);
    char *cursor = buffer.data;
    for (long i = 0; i < 20000; i++) {
        assert_int_equal(strtol(cursor, &cursor, 10), i);
        assert_int_equal(*cursor++, ';');
    }
    assert_int_equal(strlen(cursor), 5000);
    buffer_clear(&buffer);
}

static void an_error_is_cut_between_characters_and_may_quote_itself(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(error_set(&error, ERROR_INPUT, "%s at %d\n", "bad", 7), -1);
    assert_int_equal(error.scope, ERROR_INPUT);
    assert_string_equal(error.text, "bad at 7");
    error_set(&error, ERROR_USAGE, "job: %s", error.text);
    assert_string_equal(error.text, "job: bad at 7");

    char text[ERROR_TEXT_MAX + 10];
    for (size_t before = 0; before < 4; before++) {
        memset(text, 'a', sizeof text);
        memcpy(text + ERROR_TEXT_MAX - 1 - before, "\xf0\x9f\x98\x80", 4);
        text[sizeof text - 1] = '\0';
        error_set(&error, ERROR_USAGE, "%s", text);
        /* The character is cut off where only a part of it and the ellipsis would find room. */
        assert_true(utf8_is_valid(slice_from(error.text)));
        assert_string_equal(error.text + ERROR_TEXT_MAX - 4, "…");
    }
}

static void the_worse_status_counts(void **state)
{
    (void)state;
    static const int order[] = {2, 5, 7, 4, 3, 6, 1, 0};
    for (size_t a = 0; a < 8; a++)
        for (size_t b = 0; b < 8; b++)
            assert_int_equal(error_worse_status(order[a], order[b]), order[a < b ? a : b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_ends_in_nul_and_new_memory_is_zero),
        cmocka_unit_test(allocations_of_an_arena_are_aligned_and_apart),
        cmocka_unit_test(a_reset_arena_keeps_one_ordinary_chunk),
        cmocka_unit_test(texts_in_an_arena_end_in_nul),
        cmocka_unit_test(a_buffer_holds_its_maximum_and_not_a_byte_more),
        cmocka_unit_test(a_buffer_grows_to_its_maximum_exactly),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_it_holds),
        cmocka_unit_test(an_error_is_cut_between_characters_and_may_quote_itself),
        cmocka_unit_test(the_worse_status_counts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
