#include "input/file_kind.h"

#include "core/ascii.h"

#define AS_CSV                                                                                               \
    "save it as CSV (UTF-8) in the spreadsheet program, or convert it: soffice --headless --convert-to 'csv:Text - txt - csv (StarCalc):44,34,76' FILE"

static const struct file_kind workbook = {"is an Excel workbook (.xlsx), not CSV", AS_CSV};
static const struct file_kind open_document = {"is an OpenDocument file (.ods), not CSV", AS_CSV};
static const struct file_kind xml_workbook = {"is an Excel workbook in XML, not CSV", AS_CSV};
static const struct file_kind zip = {"is a ZIP archive", "unpack it first: unzip -p FILE >export.csv"};
static const struct file_kind tar = {"is a tar archive", "unpack it first: tar -xOf FILE >export.csv"};
static const struct file_kind web_page = {
    "is a web page (HTML), not an export",
    "look at it (head -c 1000 FILE): often it is a login page or an error that was saved in place of the export; then export again"};
static const struct file_kind xml = {
    "is XML, not CSV or NDJSON",
    "look at it (head -c 1000 FILE): often it is the error of a server that was saved in place of the export; then export again as CSV or NDJSON"};

/* What no text begins with. */
static const struct {
    struct slice magic;
    struct file_kind kind;
} magics[] = {
    {SLICE_LITERAL("\xfd\x37zXZ\0"),
     {"is compressed with xz", "use gzip, which is read as it is: xz -dc FILE | gzip >export.csv.gz"}},
    {SLICE_LITERAL("\x28\xb5\x2f\xfd"),
     {"is compressed with zstd", "use gzip, which is read as it is: zstd -dc FILE | gzip >export.csv.gz"}},
    {SLICE_LITERAL("\x04\x22\x4d\x18"),
     {"is compressed with lz4", "use gzip, which is read as it is: lz4 -dc FILE | gzip >export.csv.gz"}},
    {SLICE_LITERAL("\x1f\x9d"),
     {"is compressed with compress (.Z)",
      "use gzip, which is read as it is: gzip -dc FILE | gzip >export.csv.gz"}},
    {SLICE_LITERAL("7z\xbc\xaf\x27\x1c"), {"is a 7z archive", "unpack it first: 7z x -so FILE >export.csv"}},
    {SLICE_LITERAL("Rar!\x1a\x07"), {"is a RAR archive", "unpack it first: unrar p -inul FILE >export.csv"}},
    {SLICE_LITERAL("%PDF-"),
     {"is a PDF document, not an export", "export the records as CSV or NDJSON from where it was made"}},
    {SLICE_LITERAL("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
     {"is an old Excel workbook (.xls) or one with a password, not CSV", AS_CSV}},
    {SLICE_LITERAL("\x5d\0\0\x80\0"),
     {"is compressed with lzma", "use gzip, which is read as it is: xz -dc FILE | gzip >export.csv.gz"}},
    {SLICE_LITERAL("\0\1\0\0Standard "),
     {"is an Access database", "export a table: mdb-export FILE TABLE >export.csv"}},
    {SLICE_LITERAL("PGDMP"),
     {"is a dump of PostgreSQL (pg_dump)",
      "export a query: psql -c '\\copy (SELECT ...) TO export.csv WITH (FORMAT csv, HEADER)'"}},
    {SLICE_LITERAL("--\n-- PostgreSQL database dump"),
     {"is a dump of PostgreSQL (pg_dump)",
      "export a query: psql -c '\\copy (SELECT ...) TO export.csv WITH (FORMAT csv, HEADER)'"}},
    {SLICE_LITERAL("-- MySQL dump"),
     {"is a dump of MySQL (mysqldump)",
      "export a query: mysql --batch -e 'SELECT ...' DATABASE >export.tsv"}},
    {SLICE_LITERAL("-- MariaDB dump"),
     {"is a dump of MariaDB (mariadb-dump)",
      "export a query: mariadb --batch -e 'SELECT ...' DATABASE >export.tsv"}},
    {SLICE_LITERAL("HTTP/1."),
     {"is a reply of a server with its headers, not an export alone",
      "download it without them (curl without -i): curl -fsS -o export.csv URL"}},
    {SLICE_LITERAL("HTTP/2 "),
     {"is a reply of a server with its headers, not an export alone",
      "download it without them (curl without -i): curl -fsS -o export.csv URL"}},
    {SLICE_LITERAL("-----BEGIN PGP MESSAGE-----"),
     {"is encrypted with PGP", "decrypt it first: gpg -d FILE >export.csv"}},
    {SLICE_LITERAL("PAR1\x15"),
     {"is a Parquet file", "convert it first: duckdb -c \"COPY (FROM 'FILE') TO 'export.csv'\""}},
    {SLICE_LITERAL("Obj\x01"),
     {"is an Avro file", "convert it first: java -jar avro-tools.jar tojson FILE >export.ndjson"}},
    {SLICE_LITERAL("SQLite format 3\0"),
     {"is an SQLite database",
      "export a table: sqlite3 -header -csv FILE 'SELECT * FROM TABLE' >export.csv"}},
};

static const struct file_kind bzip2 = {
    "is compressed with bzip2", "use gzip, which is read as it is: bzip2 -dc FILE | gzip >export.csv.gz"};
static const struct file_kind gzip_twice = {"is compressed with gzip twice",
                                            "unpack it once: gunzip -c FILE >export.csv.gz"};

/* By the name of the first file in it, which begins at byte 30. */
static const struct file_kind *find_in_zip(struct slice start)
{
    static const char *const office[] = {"[Content_Types].xml", "_rels/", "docProps/", "xl/"};
    if (start.len < 30)
        return &zip;
    struct slice name = slice_skip(start, 30);
    for (size_t i = 0; i < sizeof office / sizeof *office; i++)
        if (slice_begins(name, slice_from(office[i])))
            return &workbook;
    return slice_begins(name, SLICE_LITERAL("mimetypeapplication/vnd.oasis.opendocument")) ? &open_document
                                                                                           : &zip;
}

static bool begins_with_word(struct slice text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && ascii_is_word(slice_make(text.data, len), word);
}

static struct slice skip_blanks(struct slice text)
{
    while (text.len > 0 && memchr(" \t\r\n", text.data[0], 4))
        text = slice_skip(text, 1);
    return text;
}

/* Not every `<`: some programs put the names of columns in angle brackets. */
static const struct file_kind *find_markup(struct slice start)
{
    static const char *const tags[] = {"<!doctype html", "<html",   "<head>", "<body",
                                       "<table",         "<script", "<!--"};
    static const struct slice mark = SLICE_LITERAL("\xef\xbb\xbf"),
                              excel = SLICE_LITERAL("progid=\"Excel.Sheet\"");
    struct slice text = skip_blanks(slice_begins(start, mark) ? slice_skip(start, mark.len) : start);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (begins_with_word(text, tags[i]))
            return &web_page;
    if (!begins_with_word(text, "<?xml"))
        return NULL;
    if (memmem(text.data, text.len, excel.data, excel.len))
        return &xml_workbook;
    return memmem(text.data, text.len, "<html", 5) ? &web_page : &xml;
}

const struct file_kind *file_kind_find(struct slice start, bool is_inflated)
{
    static const struct slice tar_mark = SLICE_LITERAL("ustar");
    enum { TAR_MARK_OFFSET = 257 };
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if (slice_begins(start, magics[i].magic))
            return &magics[i].kind;
    if (slice_begins(start, SLICE_LITERAL("PK\x03\x04")))
        return find_in_zip(start);
    if (slice_begins(start, SLICE_LITERAL("PK\x05\x06"))) /* without any file */
        return &zip;
    if (start.len >= 10 && slice_begins(start, SLICE_LITERAL("BZh")) &&
        memcmp(start.data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0)
        return &bzip2;
    if (is_inflated && slice_begins(start, SLICE_LITERAL("\x1f\x8b\x08")))
        return &gzip_twice;
    if (start.len > TAR_MARK_OFFSET && slice_begins(slice_skip(start, TAR_MARK_OFFSET), tar_mark))
        return &tar;
    return find_markup(start);
}
