#!/usr/bin/perl
# Countries, languages, booleans and genders as people and programs write them, from the cell to the user at the provider.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Encode qw(decode_utf8 encode_utf8);
use Test::More;
use KycTest;

my @columns = qw(country nationalities language gender pep_status);
my %usual = (country => 'US', nationalities => 'US', language => 'en', gender => 'female', pep_status => 'no');

# One row for each value of a field. Returns what explain shows of each: the normalized value, the rule of its verdict, all of it.
sub read_values
{
    my ($provider, $field, @values) = @_;
    my $folder = scratch_folder();
    my @header = (qw(id mail first last born street city zip phone state birth_city birth_country occupation), @columns);
    my $rows = join ',', @header;
    my $n = 0;
    for my $value (@values) {
        my %cell = (id => 'c-' . ++$n, mail => "c$n\@example.com", first => 'Ann', last => 'Morgan', born => '1990-04-15', street => '1 Market St', city => 'Oakland',
            zip => '94607', phone => '+14155550101', state => 'CA', birth_city => 'Oakland', birth_country => 'US', occupation => 'other', %usual, $field => $value);
        $rows .= "\n" . join ',', map { '"' . s/"/""/gr . '"' } @cell{@header};
    }
    write_file("$folder/in.csv", encode_utf8("$rows\n"));
    my %credentials = (payward => 'api_key: env:A, api_secret: env:A', kira => 'api_key: env:A, client_id: env:A, password: env:A', payso => 'token: env:A');
    write_file("$folder/job.yaml", "job: words\ninput: {path: in.csv}\nprovider: {name: $provider, credentials: {$credentials{$provider}}}\nledger: sqlite:l\nreport: report\nfields:\n"
        . "  external_id: id\n  email: mail\n  first_name: first\n  last_name: last\n  date_of_birth: born\n  address_line1: street\n  city: city\n  postal_code: zip\n  phone: phone\n  state: state\n"
        . ($provider eq 'payward' ? "  birth_city: birth_city\n  birth_country: birth_country\n  occupation: occupation\n" : '')
        . join('', map { "  $_: $_\n" } $provider eq 'kira' ? @columns : $provider eq 'payward' ? @columns[0 .. 2] : @columns[0, 1]));
    my @got;
    for my $row (1 .. $n) {
        my ($status, $out, $err) = run_program(program('kyc-import'), 'explain', "$folder/job.yaml", '--row', $row, '--unmask');
        is($status, 0, "explain row $row") or diag $err;
        $out = decode_utf8($out);
        my ($normalized) = $out =~ /^Normalized\n.*?^  \Q$field\E +(.*?)(?:  |$)/ms;
        my ($rule) = $out =~ m{^Verdicts\n.*?^  (?:\w+ +)?\Q$field\E/(\w+)}ms;
        push @got, {text => $normalized, rule => $rule // '', out => $out};
    }
    return @got;
}

# [field, [value, want], …]: the normal form, or !RULE.
sub all_are
{
    my ($provider, $field, @cases) = @_;
    my @got = read_values($provider, $field, map { $_->[0] } @cases);
    for my $i (0 .. $#cases) {
        my ($value, $want) = @{$cases[$i]};
        my $got = $got[$i]{rule} ? "!$got[$i]{rule}" : $got[$i]{text};
        is($got, $want, encode_utf8("$provider, $field: $value")) or diag encode_utf8($got[$i]{out});
    }
    return @got;
}

subtest 'countries' => sub {
    all_are('payward', 'country', map { [split /\|/] } 'Sverige|SE', 'Szwecja|SE', '日本|JP', 'საქართველო|GE', 'SE (Sweden)|SE', 'Sweden - SE|SE', 'CH (Sweden)|!ambiguous',
        'Georgia|GE', 'NA|NA', 'UK|GB', 'Wales|GB', 'Jersey|JE', 'Macedonia|MK', 'Guinea|GN', 'Congo|!ambiguous', 'Korea (KR)|KR', 'American|US', 'Sweeden|!country');
    my @got = all_are('payward', 'nationalities', map { [split /\|/] } 'British|GB', 'Swiss|CH', 'Dominican|!ambiguous', 'American Indian|!ambiguous', 'Stateless|!country', 'Kosovar|XK', 'Germna|!country');
    like($got[2]{out}, qr/"Dominican" can be several countries \(Dominica \(DM\), Dominican Republic \(DO\)\)/, 'both are named');
    like($got[6]{out}, qr/"Germna" is not a known country; the nearest is Germany \(DE\)/, 'so is the nearest');
};

subtest 'Kosovo' => sub {
    all_are('payward', 'country', map { [$_, 'XK'] } 'XK', 'xkx', 'Kosovo', 'Kosovë', 'Косово', 'XK - Kosovo');
    my ($got) = all_are('kira', 'country', ['Kosovo', 'XK']);
    like($got->{out}, qr/"address_country": "XKX"/, 'kira is sent three letters');
    my ($warned) = read_values('payso', 'country', 'Kosovo');
    like($warned->{out}, qr/warn.*country\/country.*Kosovo \(XK\) is not in ISO 3166-1/, 'at payso, whose page asks for ISO 3166-1, with a warning');
    like($warned->{out}, qr/"country": "XK"/, 'and is sent');
};

subtest 'languages' => sub {
    all_are('payward', 'language', map { [split /\|/] } 'en-US|en', 'es_MX|es', 'pt-br|pt', 'zh-Hans-CN|zh', 'en_US.UTF-8|en', 'English|en', 'Deutsch|de', 'español|es', 'ger|de', 'deu|de',
        'English (UK)|en', 'Klingon|!enum', 'en-ZZ|!enum', 'en,fr|!enum', 'POSIX|!enum');
    all_are('kira', 'language', ['en-US', 'en'], ['es_MX', 'es'], ['de-DE', '!enum'], ['Deutsch', '!enum']);
};

subtest 'booleans and genders' => sub {
    all_are('kira', 'pep_status', map { [split /\|/] } 't|true', 'f|false', 'T|true', 'on|true', 'OFF|false', 'yes|true', '0|false', 'x|!format', 'tr|!format');
    all_are('kira', 'gender', map { [split /\|/] } 'M|male', 'f|female', 'Male|male', 'FEMALE|female', 'H|!enum', 'mf|!enum', 'W|!enum');
};

subtest 'guess' => sub {
    my $folder = scratch_folder();
    my $guessed = sub {
        write_file("$folder/e.csv", encode_utf8("id,email,first name,last name,gender,language\n" . join '', map { "$_,c$_\@example.com,Ann,Morgan,$_[$_ - 1]\n" } 1 .. @_));
        my ($status, $out, $err) = run_program(program('kyc-import'), 'guess', "$folder/e.csv", '--provider', 'kira');
        is($status, 0, 'guess') or diag $err;
        return decode_utf8($out);
    };
    my $out = $guessed->('M,en-US', 'F,Español', 'F,es_MX');
    like($out, qr/^  gender: gender\b.*\n/m, 'letters that are known need no values');
    like($out, qr/^  language: language\b.*\n/m, 'nor do locales and names');
    $out = $guessed->('M,en', 'H,klingon', 'M,en');
    like($out, qr/^    #   M: WORD    # 2 rows\n    #   H: WORD    # 1 row\n/m, 'beside a letter that is not, a person says what each stands for');
    like($out, qr/^    #   klingon: WORD    # 1 row\n/m, 'a language that is none is listed');
    unlike($out, qr/^    #   en:/m, 'one that is known is not');
};

done_testing();
