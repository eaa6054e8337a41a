/* format: the formats of strings in requests, one function per format.
 *
 * Written from the providers' pages alone, not from the importer's rules. Thread: any; pure but for the
 * clock of format_is_birth_date.
 */
#ifndef KYC_SANDBOX_FORMAT_H
#define KYC_SANDBOX_FORMAT_H

#include <stdbool.h>

#include "core/slice.h"

/* Any text but true and false: an answer is `yes` or `no`. */
bool format_is_answer(struct slice text);
/* No control characters, and not only blanks. */
bool format_is_text(struct slice text);
/* 1–128 printable ASCII characters without blanks around. */
bool format_is_reference(struct slice text);
/* ASCII: an RFC 5321 dot-string of at most 64, `@`, a domain of two labels or more. */
bool format_is_email(struct slice text);
/* ^\+?[1-9]\d{1,14}$ */
bool format_is_phone(struct slice text);
/* A day that exists, YYYY-MM-DD, not after today (UTC) and not before 1900. */
bool format_is_birth_date(struct slice text);
/* The same written DD/MM/YYYY. */
bool format_is_day_first_birth_date(struct slice text);
/* Any day that exists, YYYY-MM-DD. */
bool format_is_day(struct slice text);
/* RFC 3339 with a zone. */
bool format_is_date_time(struct slice text);
/* One of the 249 of ISO 3166-1 alpha-2, or XK, which no page excludes; in capitals. */
bool format_is_country(struct slice text);
/* The same with three letters. */
bool format_is_country3(struct slice text);
/* Alpha-2, and the 13 more that payward lists for nationalities. */
bool format_is_nationality(struct slice text);
/* ISO 639-1, lower case. */
bool format_is_language(struct slice text);
/* A CONCAT of Regulation (EU) 2017/590, Article 6, with or without the country in front. */
bool format_is_concat(struct slice text);
/* A URI with a scheme, without blanks; not javascript:, data: or file:. */
bool format_is_uri(struct slice text);
/* The digits of an integer that fits 32 bits. */
bool format_is_int32(struct slice number);
/* An https:// address of at most 4096 characters, whose path ends in a file name with an extension of the
 * kinds that are accepted. */
bool format_is_file_url(struct slice text);
/* True for the content of a JPEG, PNG or PDF, as its media type and the extension of its name say. */
bool format_is_file_of_type(struct slice content, struct slice type, struct slice name);
/* A data URI in base64 of the JPEG, PNG or PDF that it says, or an https:// address. */
bool format_is_document(struct slice text);

#endif
