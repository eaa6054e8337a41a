#include "report/html_frame.h"

#include "core/clock.h"
#include "report/html.h"
#include "report/html_style.h"

void html_frame_begin(struct buffer *out, const char *job, const char *kind)
{
    buffer_append_text(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>");
    html_text(out, slice_from(job));
    buffer_printf(out, ": %s</title>\n<style>\n", kind);
    buffer_append_text(out, html_style);
    buffer_append_text(out, "</style>\n</head>\n<body>\n<div class=\"page\">\n");
}

void html_frame_begin_status(struct buffer *out, int status, const char *meaning)
{
    const char *tone = status == 0 ? "good" : status == 1 ? "warn" : status == 6 ? "info" : "bad";

    buffer_printf(
        out,
        "<div class=\"status %s\"><p><strong>Status <data value=\"%d\" data-figure=\"status\">%d</data>: %s.</strong></p>\n",
        tone, status, status, meaning);
}

void html_frame_fact(struct buffer *out, const char *label, const char *figure, const char *text)
{
    buffer_printf(out, "<div><dt>%s</dt><dd data-figure=\"%s\">", label, figure);
    html_text(out, slice_from(text));
    buffer_append_text(out, "</dd></div>\n");
}

void html_frame_time(struct buffer *out, const char *label, const char *figure, uint64_t real_ns)
{
    enum { DATE = 10, TIME_OFFSET = 11, TIME = 8 };
    char text[CLOCK_RFC3339_SIZE];

    clock_rfc3339(real_ns, text);
    buffer_printf(
        out, "<div><dt>%s</dt><dd><time datetime=\"%s\" data-figure=\"%s\">%.*s %.*s UTC</time></dd></div>\n",
        label, text, figure, DATE, text, TIME, text + TIME_OFFSET);
}

void html_frame_link(struct buffer *out, const char *id, const char *label)
{
    buffer_printf(out, "<li><a href=\"#%s\">%s</a></li>\n", id, label);
}

void html_frame_end(struct buffer *out, const char *note)
{
    buffer_printf(out,
                  "</main>\n<footer>\n<p>kyc-import " KYC_VERSION
                  ". %s</p>\n</footer>\n</div>\n</body>\n</html>\n",
                  note);
}
