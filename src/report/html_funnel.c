#include "report/html_funnel.h"

#include <assert.h>
#include <stddef.h>

#include "report/format_number.h"
#include "report/html.h"

enum { WIDTH = 1000, HEIGHT = 10, VISIBLE = 4 };

static const struct {
    const char *label, *note, *tone;
} states[REFRESH_STATES] = {
    [VERIFICATION_UNKNOWN] = {"not read yet", NULL, "idle"},
    [VERIFICATION_PENDING] = {"pending", "at the provider", "info"},
    [VERIFICATION_ACTION_NEEDED] = {"action needed", "by the customer", "warn"},
    [VERIFICATION_VERIFIED] = {"verified", NULL, "good"},
    [VERIFICATION_REJECTED] = {"rejected", NULL, "bad"},
    [REFRESH_DELETED] = {"deleted", "at the provider", "refused"},
};

const char *html_funnel_state(unsigned state)
{
    assert(state < REFRESH_STATES);
    return states[state].label;
}

const char *html_funnel_tone(unsigned state)
{
    assert(state < REFRESH_STATES);
    return states[state].tone;
}

/* A part of the whole that begins after `before`. */
static void write_bar(struct buffer *out, uint64_t before, uint64_t part, uint64_t whole, const char *tone)
{
    double position = whole ? WIDTH * (double)before / (double)whole : 0;
    double width = whole ? WIDTH * (double)part / (double)whole : 0;

    if (part && width < VISIBLE)
        width = VISIBLE;
    if (position + width > WIDTH)
        position = WIDTH - width;
    buffer_printf(
        out, "<svg class=\"bar %s\" role=\"img\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><title>",
        tone, WIDTH, HEIGHT);
    html_share(out, part, whole);
    buffer_printf(out,
                  " of the users</title><rect class=\"track\" width=\"%d\" height=\"%d\"/>"
                  "<rect class=\"fill\" x=\"%.1f\" width=\"%.1f\" height=\"%d\"/></svg>",
                  WIDTH, HEIGHT, position, width, HEIGHT);
}

static void write_share(struct buffer *out, uint64_t part, uint64_t whole)
{
    buffer_append_text(out, "</td><td class=\"number\">");
    html_share(out, part, whole);
    buffer_append_text(out, "</td>");
}

/* The whole, or those of it with a state. */
static void write_step(struct buffer *out, const struct html_funnel *funnel, const char *label, uint64_t part,
                       uint64_t whole)
{
    char number[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "<tr class=\"step\"><th scope=\"row\">%s", label);
    write_bar(out, 0, part, whole, "idle");
    buffer_printf(out, "</th><td class=\"number\">%s", format_number_count(part, number));
    write_share(out, part, whole);
    if (funnel->changed)
        buffer_append_text(out, "<td></td>");
    buffer_append_text(out, "</tr>\n");
}

static void write_state(struct buffer *out, const struct html_funnel *funnel, unsigned state, uint64_t before,
                        uint64_t whole)
{
    buffer_printf(out, "<tr><th scope=\"row\">%s", states[state].label);
    if (states[state].note)
        buffer_printf(out, " <span class=\"soft\">%s</span>", states[state].note);
    write_bar(out, before, funnel->customers[state], whole, states[state].tone);
    buffer_append_text(out, "</th><td class=\"number\">");
    html_count(out, funnel->path, refresh_report_state(state), funnel->customers[state]);
    write_share(out, funnel->customers[state], whole);
    if (funnel->changed) {
        buffer_append_text(out, "<td class=\"number\">");
        html_count(out, "changed", refresh_report_state(state), funnel->changed[state]);
        buffer_append_text(out, "</td>");
    }
    buffer_append_text(out, "</tr>\n");
}

void html_funnel_write(struct buffer *out, const struct html_funnel *funnel, const char *caption)
{
    static const unsigned order[] = {VERIFICATION_VERIFIED, VERIFICATION_PENDING, VERIFICATION_ACTION_NEEDED,
                                     VERIFICATION_REJECTED, REFRESH_DELETED,      VERIFICATION_UNKNOWN};
    uint64_t whole = 0, before = 0;

    for (unsigned state = 0; state < REFRESH_STATES; state++)
        whole += funnel->customers[state];
    buffer_printf(
        out,
        "<table class=\"funnel\">\n<caption>%s</caption>\n<thead><tr><th scope=\"col\">Customers</th><th scope=\"col\" class=\"number\">Count</th><th scope=\"col\" class=\"number\">Share</th>%s</tr></thead>\n<tbody>\n",
        caption, funnel->changed ? "<th scope=\"col\" class=\"number\">Changed</th>" : "");
    write_step(out, funnel, "with a user", whole, whole);
    write_step(out, funnel, "whose state is known", whole - funnel->customers[VERIFICATION_UNKNOWN], whole);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        write_state(out, funnel, order[i], before, whole);
        before += funnel->customers[order[i]];
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
}
