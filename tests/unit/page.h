/* page: the lists of a provider's page, as tests/unit/provider/pages/ keeps them; after cmocka.h.
 *
 * A file has lists of words, each under its name in brackets; a line that begins with `#` is a comment. Every
 * list must be used by a test: page_close fails for one that was not.
 */
#ifndef TESTS_UNIT_PAGE_H
#define TESTS_UNIT_PAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_FOLDER "tests/unit/provider/pages/"

enum { PAGE_LISTS_MAX = 48, PAGE_WORDS_MAX = 320, PAGE_TEXT_MAX = 16384 };

struct page_list {
    const char *name;
    const char *words[PAGE_WORDS_MAX + 1]; /* NULL-terminated */
    size_t count;
    bool is_used;
};

struct page {
    const char *file;
    char text[PAGE_TEXT_MAX];
    struct page_list lists[PAGE_LISTS_MAX];
    size_t count;
};

static inline void page_read_line(struct page *page, char *line)
{
    char *rest = NULL;
    if (line[0] == '[') {
        if (page->count == PAGE_LISTS_MAX)
            fail_msg("%s has too many lists", page->file);
        line[strcspn(line, "]")] = '\0';
        page->lists[page->count++].name = line + 1;
        return;
    }
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct page_list *list = page->count ? &page->lists[page->count - 1] : NULL;
        if (!list || list->count == PAGE_WORDS_MAX)
            fail_msg("%s: `%s` is in no list, or the list is too long", page->file, word);
        list->words[list->count++] = word;
    }
}

/* Of the folder PAGE_FOLDER; the tests run in the root of the repository. */
static inline struct page *page_open(const char *file)
{
    struct page *page = calloc(1, sizeof *page);
    char path[256], *rest = NULL;
    snprintf(path, sizeof path, PAGE_FOLDER "%s", file);
    FILE *stream = fopen(path, "r");
    if (!page || !stream)
        fail_msg("%s cannot be read", path);
    size_t len = fread(page->text, 1, PAGE_TEXT_MAX - 1, stream);
    fclose(stream);
    page->text[len] = '\0';
    page->file = file;
    for (char *line = strtok_r(page->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (line[0] != '#')
            page_read_line(page, line);
    return page;
}

/* Fails without a list of this name. */
static inline const struct page_list *page_find(struct page *page, const char *name)
{
    struct page_list *found = NULL;
    for (size_t i = 0; i < page->count && !found; i++)
        if (strcmp(page->lists[i].name, name) == 0)
            found = &page->lists[i];
    if (!found || found->count == 0)
        fail_msg("%s has no list %s", page->file, name);
    found->is_used = true;
    return found;
}

/* The only word of a list. */
static inline const char *page_word(struct page *page, const char *name)
{
    const struct page_list *list = page_find(page, name);
    if (list->count != 1)
        fail_msg("%s: %s has %zu words", page->file, name, list->count);
    return list->words[0];
}

static inline bool page_has_word(const char *const *words, const char *word)
{
    for (; *words; words++)
        if (strcmp(*words, word) == 0)
            return true;
    return false;
}

/* Fails unless all words of the list are among ours, which ends in NULL. */
static inline void page_check_among(struct page *page, const char *name, const char *const *ours)
{
    const struct page_list *list = page_find(page, name);
    for (size_t i = 0; i < list->count; i++)
        if (!page_has_word(ours, list->words[i]))
            fail_msg("%s: the program lacks `%s` of %s", page->file, list->words[i], name);
}

/* Fails unless both hold the same words, each once. */
static inline void page_check_same(struct page *page, const char *name, const char *const *ours)
{
    const struct page_list *list = page_find(page, name);
    page_check_among(page, name, ours);
    for (size_t i = 0; ours[i]; i++)
        if (!page_has_word(list->words, ours[i]))
            fail_msg("%s: the program has `%s` in %s, the page has not", page->file, ours[i], name);
        else if (page_has_word(ours + i + 1, ours[i]))
            fail_msg("the program has `%s` twice in %s", ours[i], name);
    for (size_t i = 0; i < list->count; i++)
        if (page_has_word(list->words + i + 1, list->words[i]))
            fail_msg("%s has `%s` twice in %s", page->file, list->words[i], name);
}

/* Lists of which name is the beginning are the affair of another test. */
static inline void page_skip(struct page *page, const char *name)
{
    page_find(page, name);
}

static inline void page_close(struct page *page)
{
    for (size_t i = 0; i < page->count; i++)
        if (!page->lists[i].is_used)
            fail_msg("%s: no test compares %s", page->file, page->lists[i].name);
    free(page);
}

#endif
