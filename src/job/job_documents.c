#include "job/job_documents.h"

#include "core/ascii.h"

#define EXAMPLE "{type: {value: passport}, number: passport_no, files: {front: passport_picture}}"

/* In the order of enum entry_part. Each is a field of its own (job_documents_define), so no row is read here.
 */
const struct job_key job_document_keys[] = {
    {"type", .form = "source, as of a field", .absent = "the document is rejected",
     .help = "what the document is, in the provider's word", .example = EXAMPLE},
    {"number", .form = "source, as of a field", .absent = "number or files is required",
     .help = "its number; without it and without a file a record does not have the document",
     .example = "{type: {value: ssn}, number: ssn, country: {value: US}}"},
    {"country", .form = "source, as of a field", .absent = "none", .help = "the country that issued it",
     .example = "{type: {value: passport}, number: passport_no, country: passport_country}"},
    {"expiry", .form = "source, as of a field", .absent = "none", .help = "the date on which it expires",
     .example = "{type: id_type, number: id_no, expiry: {column: id_expiry, format: DD/MM/YYYY}}"},
    {"files", .form = "mapping of words and sources", .absent = "number or files is required",
     .help =
         "its files, each by what it shows in the provider's word: an https:// URL, a path below provider.documents, or a data URI in base64",
     .example = "{type: {value: utility_bill}, files: {file_proof_of_address: bill}}"},
    {0},
};

/* The fields while they are defined. */
struct parts {
    struct field_entry list[FIELD_ENTRY_PARTS_MAX];
    size_t count;
};

static int add_part(struct job_reader *reader, const struct job_node *source, struct field_entry part,
                    struct parts *parts)
{
    if (parts->count == FIELD_ENTRY_PARTS_MAX)
        return job_keys_fail(
            reader, source,
            "the entries of `documents` have more than %d parts together\nhint: remove what the provider does not need",
            FIELD_ENTRY_PARTS_MAX);
    parts->list[parts->count++] = part;
    return 0;
}

static bool is_file_word(struct slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!(word.data[i] >= 'a' && word.data[i] <= 'z') && word.data[i] != '_' &&
            !(i > 0 && ascii_is_digit(word.data[i])))
            return false;
    return word.len > 0 && word.len <= FIELD_ENTRY_FILE_MAX;
}

static int define_files(struct job_reader *reader, const struct job_node *files, size_t index,
                        struct parts *parts)
{
    if (files->kind != JOB_NODE_MAPPING || files->count == 0)
        return job_keys_fail(
            reader, files,
            "`files` is a mapping of what a file shows to its source\nhint: as in {front: id_front, back: id_back}");
    for (const struct job_node *file = files->first; file; file = file->next) {
        if (!is_file_word(file->key))
            return job_keys_fail_at_key(
                reader, file,
                "`%s` is not a word for a file\nhint: it is the provider's: front, back, selfie, file_proof_of_address; lower-case letters, digits and _, at most %d",
                file->key.data, FIELD_ENTRY_FILE_MAX);
        const struct field_entry part = {.index = index, .part = ENTRY_FILE, .file = file->key};
        if (add_part(reader, file, part, parts) != 0)
            return -1;
    }
    return 0;
}

static int check_keys(struct job_reader *reader, const struct job_node *entry)
{
    for (const struct job_node *member = entry->first; member; member = member->next) {
        if (job_keys_find(job_document_keys, member->key))
            continue;
        struct slice message =
            arena_printf(&reader->job->arena, "an entry of `documents` has no `%s`", member->key.data);
        return job_keys_fail_key(reader, member, true, message.data, job_document_keys);
    }
    return 0;
}

static int define_entry(struct job_reader *reader, const struct job_node *entry, size_t index,
                        struct parts *parts)
{
    if (entry->kind != JOB_NODE_MAPPING)
        return job_keys_fail(reader, entry, "an entry of `documents` is a mapping\nhint: as in " EXAMPLE);
    if (check_keys(reader, entry) != 0)
        return -1;
    for (enum entry_part part = ENTRY_TYPE; part < ENTRY_FILE; part++) {
        const struct job_node *source = job_yaml_member(entry, slice_from(job_document_keys[part].name));
        const struct field_entry defined = {.index = index, .part = part};
        if (source && add_part(reader, source, defined, parts) != 0)
            return -1;
    }
    const struct job_node *files = job_yaml_member(entry, SLICE_LITERAL("files"));
    if (files && define_files(reader, files, index, parts) != 0)
        return -1;
    if (!files && !job_yaml_member(entry, SLICE_LITERAL("number")))
        return job_keys_fail(
            reader, entry,
            "this entry of `documents` has neither a `number` nor `files`, so it would never be sent\nhint: as in " EXAMPLE);
    if (!job_yaml_member(entry, SLICE_LITERAL("type")))
        job_warn(
            reader->job, entry->place,
            "this entry of `documents` has no `type`: each record with such a document is rejected\nhint: as in " EXAMPLE);
    return 0;
}

int job_documents_define(struct job_reader *reader, const struct job_node *documents)
{
    struct parts parts;
    size_t index = 0;
    parts.count = 0;
    if (!documents)
        return 0;
    if (documents->kind != JOB_NODE_LIST || documents->count == 0)
        return job_keys_fail(reader, documents, "`documents` is a list of entries\nhint: as in - " EXAMPLE);
    if (documents->count > FIELD_ENTRIES_MAX)
        return job_keys_fail(reader, documents,
                             "`documents` has %zu entries; the maximum is %d\nhint: remove some",
                             documents->count, FIELD_ENTRIES_MAX);
    for (const struct job_node *entry = documents->first; entry; entry = entry->next)
        if (define_entry(reader, entry, index++, &parts) != 0)
            return -1;
    field_define_entries(parts.list, parts.count);
    return 0;
}

/* The node of a part that was defined. */
static const struct job_node *find_source(const struct job_node *entry, const struct field_entry *part)
{
    const struct job_node *member = job_yaml_member(entry, slice_from(job_document_keys[part->part].name));
    return part->part == ENTRY_FILE ? job_yaml_member(member, part->file) : member;
}

int job_documents_each(struct job_reader *reader, const struct job_node *documents,
                       int (*read)(struct job_reader *reader, const struct job_node *source,
                                   enum field_id field))
{
    const struct job_node *entry = documents->first;
    size_t index = 0;
    for (enum field_id field = FIELD_COUNT; field < field_count(); field++) {
        const struct field_entry *part = field_entry(field);
        if (!part)
            continue;
        for (; index < part->index; index++)
            entry = entry->next;
        if (read(reader, find_source(entry, part), field) != 0)
            return -1;
    }
    return 0;
}
