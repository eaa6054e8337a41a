# KycSeededDefects: an export with planted defects, as CSV and as NDJSON, and the findings it must cause.
#
#   my $planted = planted_export(20_000, 'csv');
#   # {text, read, rules => {'email/format' => N}, warnings => {...}, rejects => [[row, line, 'email/format;...'], ...],
#   #  broken => [the raw text of malformed records, ...]}
#
# Every 29th record has a defect, each kind in its turn; the rest is clean, some of it over several lines. All people are
# invented.
package KycSeededDefects;

use strict;
use warnings;
use Encode qw(encode_utf8);
use Exporter 'import';
use JSON::PP;

our @EXPORT = qw(planted_export planted_fields planted_rules);

my @columns = qw(id given family email mobile dob birth_city birth_country street city zip country nats job employer lang kind);
my $json = JSON::PP->new->canonical;

# The `fields` of the job, and its `rules`.
sub planted_fields
{
    return <<'YAML';
  external_id: id
  first_name: given
  last_name: family
  email: email
  phone: mobile
  date_of_birth: dob
  birth_city: birth_city
  birth_country: birth_country
  address_line1: street
  city: city
  postal_code: zip
  country: country
  nationalities: {column: nats, split: "|"}
  occupation: job
  employer_name: employer
  language: lang
  customer_type: kind
YAML
}

sub planted_rules
{
    return <<'YAML';
rules:
  - {rule: min_age, years: 18}
  - {field: email, must_match: '@(?!mailinator\.com$)', rule: disposable}
  - {field: postal_code, when: {country: US}, must_match: '^\d{5}(-\d{4})?$'}
  - {field: employer_name, must_not_match: '(?i)^test', level: warn, rule: test_data}
  - {field: employer_name, must_not_match: '^(a+)+$'}
  - {rule: unique, field: email, level: warn}
YAML
}

# Each: the change to a row, and its expected verdicts; a warning begins with `~`.
my @cells = (
    [{email => ''}, 'email/required'], [{given => ''}, 'first_name/required'], [{family => " \t "}, 'last_name/required'],
    [{mobile => ''}, 'phone/required'], [{city => ''}, 'city/required'], [{email => 'nobody'}, 'email/format'],
    [{email => 'a@@example.com'}, 'email/format'], [{email => 'x#@mailinator.com'}, 'email/disposable'],
    [{mobile => 'call me'}, 'phone/format'], [{mobile => '+1 212 555 0123 ext. 4'}, 'phone/format'],
    [{dob => '1990-02-30'}, 'date_of_birth/format'], [{dob => '03/04/1990'}, 'date_of_birth/ambiguous'],
    [{dob => '2099-01-01'}, 'date_of_birth/future'], [{dob => '1850-01-01'}, 'date_of_birth/too_old'],
    [{dob => '2020-01-01'}, 'date_of_birth/min_age'], [{dob => '1980-02-12T23:00:00.000Z'}, 'date_of_birth/time'],
    [{dob => '1980-02-12 14:30:00'}, 'date_of_birth/time'], [{family => "O\x{92}Brien"}, 'last_name/encoding'],
    [{city => "San\x{e000}"}, 'city/encoding'], [{birth_country => 'Atlantis'}, 'birth_country/country'],
    [{birth_country => 'Congo'}, 'birth_country/ambiguous'], [{country => 'Narnia'}, 'country/country'],
    [{nats => 'US|Atlantis'}, 'nationalities/country'], [{nats => ''}, 'nationalities/required'],
    [{zip => 'ABC'}, 'postal_code/format'], [{job => 'Astronaut'}, 'occupation/enum'], [{lang => 'xx'}, 'language/enum'],
    [{kind => 'business'}, 'customer_type/enum'], [{id => "id with \x{e9}"}, 'external_id/format'],
    [{id => 'x' x 129}, 'external_id/too_long'], [{city => "San\0Jose"}, 'city/encoding'],
    [{city => "San \x{fffd}"}, 'city/encoding'], [{email => 'none', mobile => 'none', dob => 'none'},
        'email/format', 'phone/format', 'date_of_birth/format'],
    [{employer => 'a' x 45 . '!'}, 'employer_name/expensive'],
    [{given => "Al\x{200b}ex"}, '~first_name/invisible'], [{mobile => '(555) 555-0100'}, '~phone/valid'],
    [{employer => 'Test Works'}, '~employer_name/test_data'], [{city => "San\x{202e} Jose", lang => 'zz'}, '~city/invisible', 'language/enum'],
);

sub cell
{
    my ($text) = @_;
    return $text if $text !~ /[",\r\n]/;
    $text =~ s/"/""/g;
    return qq{"$text"};
}

sub text_of
{
    my ($format, $row) = @_;
    return encode_utf8($format eq 'csv' ? join ',', map { cell($row->{$_}) } @columns : $json->encode($row));
}

# Malformed records, by format: the text and the rule.
my %malformed = (
    csv => [
        [sub { $_[0] . ',one more' }, 'record/columns'], [sub { $_[0] =~ s/,[^,]*\z//r }, 'record/columns'],
        [sub { $_[0] =~ s/,/,"quo"te,/r }, 'record/malformed'], [sub { $_[0] =~ s/,/,5" pipe,/r }, 'record/malformed'],
        [sub { $_[0] . 'x' x 70_000 }, 'record/too_long'],
    ],
    ndjson => [
        [sub { substr $_[0], 0, -1 }, 'record/malformed'], [sub { $_[0] =~ s/\A\{/{"id":"twice",/r }, 'record/malformed'],
        [sub { "[$_[0]]" }, 'record/malformed'], [sub { $_[0] . ' x' }, 'record/malformed'],
        [sub { $_[0] =~ s/\}\z/,"long":"@{['x' x 70_000]}"}/r }, 'record/too_long'],
    ],
);

sub clean_row
{
    my ($i) = @_;
    my %row = (id => "cust-$i", given => 'Alex', family => "Morgan$i", email => "cust-$i\@example.com",
        mobile => '+1415555' . sprintf('%04d', 100 + $i % 9000), dob => '1990-04-15', birth_city => 'Berlin', birth_country => 'Germany',
        street => '1 Market St', city => 'San Francisco', zip => '94103', country => 'United States', nats => 'US|de', job => 'computers and IT',
        employer => 'Example Works', lang => 'en', kind => 'individual');
    $row{street} = "1 Market St\nFloor 2\r\n\"B\"" if $i % 17 == 0;
    $row{family} = "M\x{fc}ller-\x{141}" if $i % 13 == 0;
    return \%row;
}

sub planted_export
{
    my ($count, $format) = @_;
    my $planted = {text => $format eq 'csv' ? join(',', @columns) . "\n" : '', rejects => [], broken => [], read => $count, rejected => 0};
    my $line = 1 + ($format eq 'csv');
    my $kinds = @cells + @{$malformed{$format}} + 3;
    my @lines;
    for my $i (1 .. $count) {
        my ($row, $turn) = (clean_row($i), $i % 29 == 0 ? int($i / 29) % $kinds : -1);
        my ($raw, @verdicts);
        if ($turn >= 0 && $turn < @cells) {
            my ($change, @want) = @{$cells[$turn]};
            @$row{keys %$change} = values %$change;
            $row->{email} =~ s/#/$i/;
            @verdicts = @want;
        } elsif ($turn == @cells) {
            $row->{id} = 'cust-' . ($i - 28);
            @verdicts = ('external_id/unique');
        } elsif ($turn == @cells + 1) {
            $row->{email} = 'cust-' . ($i - 27) . '@EXAMPLE.com';
            @verdicts = ('~email/unique');
        } elsif ($turn == @cells + 2) {
            $row->{id} = "person$i\@example.com";
            @verdicts = ('~external_id/identifying');
        } elsif ($turn > 0) {
            my ($break, $rule) = @{$malformed{$format}[$turn - @cells - 3]};
            $row->{street} = '1 Market St';
            $raw = $break->(text_of($format, $row));
            @verdicts = ($rule);
            push @{$planted->{broken}}, $raw if $rule ne 'record/too_long';
        }
        $raw = text_of($format, $row) if !defined $raw;
        my @rejects = grep { !/^~/ } @verdicts;
        $planted->{rules}{$_}++ for @rejects;
        /^~(.*)/ and $planted->{warnings}{$1}++ for @verdicts;
        push @{$planted->{rejects}}, [$i, $line, join(';', sort @rejects), $row->{id}] if @rejects && $rejects[0] !~ /^record/;
        $planted->{rejected}++ if @rejects;
        push @lines, "$raw\n";
        my $newlines = () = $raw =~ /\r\n|\n|\r/g;
        $line += 1 + $newlines;
        if ($i % 101 == 0) {    # a blank line is not a record
            push @lines, "\n";
            $line++;
        }
    }
    $planted->{text} .= join '', @lines;
    return $planted;
}

1;
