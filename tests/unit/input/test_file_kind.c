#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "input/file_kind.h"

/* The magic bytes as file(1) has them; the start of a ZIP by PKWARE's APPNOTE (name at byte 30). */
#define ZIP_HEAD "PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0aaaabbbbcccc\x13\0\0\0"
#define OLE      "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

static const struct {
    const char *sentence;
    struct slice start;
    bool is_inflated;
    const char *what, *hint; /* what: NULL: it may be text */
} examples[] = {
    {"xlsx of Excel", SLICE_LITERAL(ZIP_HEAD "[Content_Types].xml"), false, "an Excel workbook (.xlsx)",
     "CSV"},
    {"xlsx of openpyxl", SLICE_LITERAL(ZIP_HEAD "docProps/app.xml"), false, "an Excel workbook (.xlsx)",
     "soffice"},
    {"xlsx of another writer", SLICE_LITERAL(ZIP_HEAD "xl/workbook.xml"), false, "an Excel workbook",
     "soffice"},
    {"ods", SLICE_LITERAL(ZIP_HEAD "mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), false,
     "an OpenDocument file", "soffice"},
    {"a zip", SLICE_LITERAL(ZIP_HEAD "export.csv"), false, "a ZIP archive", "unzip -p FILE"},
    {"the start of a zip", SLICE_LITERAL("PK\x03\x04"), false, "a ZIP archive", "unzip -p FILE"},
    {"xls", SLICE_LITERAL(OLE "\0\0"), false, "an old Excel workbook (.xls) or one with a password",
     "soffice"},
    {"xz",
     SLICE_LITERAL("\xfd"
                   "7zXZ\0\0\x04"),
     false, "compressed with xz", "xz -dc FILE | gzip"},
    {"bzip2", SLICE_LITERAL("BZh91AY&SY\x12\x34"), false, "compressed with bzip2", "bzip2 -dc FILE | gzip"},
    {"zstd", SLICE_LITERAL("\x28\xb5\x2f\xfd\x04"), false, "compressed with zstd", "zstd -dc FILE | gzip"},
    {"gzip in gzip", SLICE_LITERAL("\x1f\x8b\x08\0"), true, "compressed with gzip twice", "gunzip -c FILE"},
    {"gzip", SLICE_LITERAL("\x1f\x8b\x08\0"), false, NULL, NULL},
    {"pdf", SLICE_LITERAL("%PDF-1.7\n"), false, "a PDF document", "export the records"},
    {"parquet", SLICE_LITERAL("PAR1\x15\x04"), false, "a Parquet file", "duckdb"},
    {"sqlite", SLICE_LITERAL("SQLite format 3\0\x10"), false, "an SQLite database",
     "sqlite3 -header -csv FILE"},
    {"html", SLICE_LITERAL("<!DOCTYPE html>\n<html>"), false, "a web page", "head -c 1000 FILE"},
    {"html without its type", SLICE_LITERAL("\n  <HTML lang=en>"), false, "a web page", "login page"},
    {"html after a mark", SLICE_LITERAL("\xef\xbb\xbf<html>"), false, "a web page", "login page"},
    {"a table that is called .xls", SLICE_LITERAL("<table border=1>"), true, "a web page", "login page"},
    {"xhtml", SLICE_LITERAL("<?xml version=\"1.0\"?>\n<html xmlns="), false, "a web page", "login page"},
    {"an error in XML", SLICE_LITERAL("<?xml version=\"1.0\"?>\n<Error><Code>"), false, "XML",
     "error of a server"},
    {"Excel's XML", SLICE_LITERAL("<?xml version=\"1.0\"?>\r\n<?mso-application progid=\"Excel.Sheet\"?>"),
     false, "an Excel workbook in XML", "soffice"},
    {"an empty zip", SLICE_LITERAL("PK\x05\x06\0\0"), false, "a ZIP archive", "unzip -p FILE"},
    {"lzma", SLICE_LITERAL("\x5d\0\0\x80\0\xff"), false, "compressed with lzma", "xz -dc FILE | gzip"},
    {"Access", SLICE_LITERAL("\0\1\0\0Standard Jet DB"), false, "an Access database", "mdb-export FILE"},
    {"pg_dump -Fc", SLICE_LITERAL("PGDMP\1\16"), false, "a dump of PostgreSQL", "\\copy"},
    {"pg_dump", SLICE_LITERAL("--\n-- PostgreSQL database dump\n--\n"), false, "a dump of PostgreSQL",
     "\\copy"},
    {"mysqldump", SLICE_LITERAL("-- MySQL dump 10.13  Distrib"), false, "a dump of MySQL", "mysql --batch"},
    {"curl -i", SLICE_LITERAL("HTTP/1.1 200 OK\r\n"), false, "a reply of a server", "curl -fsS"},
    {"PGP", SLICE_LITERAL("-----BEGIN PGP MESSAGE-----\n\nhQ"), false, "encrypted with PGP", "gpg -d FILE"},
    {"html after a comment", SLICE_LITERAL("<!-- proxy -->\n<html>"), false, "a web page", "login page"},
    {"a header", SLICE_LITERAL("id,name\n1,Ada\n"), false, NULL, NULL},
    {"a header in angle brackets", SLICE_LITERAL("<ID>,<NAME>\n"), false, NULL, NULL},
    {"a header that begins like bzip2", SLICE_LITERAL("BZh,name,born\n"), false, NULL, NULL},
    {"a header that begins like Parquet", SLICE_LITERAL("PAR1,name\n"), false, NULL, NULL},
    {"a header that begins like a zip", SLICE_LITERAL("PK,name\n"), false, NULL, NULL},
    {"nothing", SLICE_LITERAL(""), false, NULL, NULL},
};

static void a_file_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct file_kind *kind = file_kind_find(examples[i].start, examples[i].is_inflated);
        if (!kind != !examples[i].what ||
            (kind && (!strstr(kind->what, examples[i].what) || !strstr(kind->hint, examples[i].hint))))
            fail_msg("%s: got %s", examples[i].sentence, kind ? kind->what : "text");
    }
}

static void a_tar_is_known_by_its_mark(void **state)
{
    (void)state;
    char block[512] = "export.csv";
    memcpy(block + 257, "ustar", 5);
    const struct file_kind *kind = file_kind_find(slice_make(block, sizeof block), true);
    assert_non_null(kind);
    assert_non_null(strstr(kind->hint, "tar -xOf FILE"));
    memcpy(block + 257, "usual", 5);
    assert_null(file_kind_find(slice_make(block, sizeof block), true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_known_by_its_first_bytes),
        cmocka_unit_test(a_tar_is_known_by_its_mark),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("file_kind", tests, NULL, NULL);
}
