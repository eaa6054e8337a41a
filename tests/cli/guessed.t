#!/usr/bin/perl
# What guess writes always loads, and shows no value of a customer: random columns, values, shapes and providers. A failing case is
# repeated by its number: SEED=N prove tests/cli/guessed.t
use strict;
use warnings;
use utf8;

use Encode qw(encode encode_utf8);
use FindBin;
use JSON::PP;
use Test::More;

use lib "$FindBin::Bin/../lib";
use KycTest;

use constant CASES => 160;

chdir "$FindBin::Bin/../.." or die "$!\n";
my $folder = scratch_folder();
my @providers = qw(payward kira payso kraken-embed);

my @columns = ('id', 'ID', 'Customer ID', 'uuid', 'Record ID', 'Email', 'E-mail 1 - Value', 'EMAIL_ADR', 'Name', 'Full Name', 'First Name', 'FIRST_NM',
    'Last Name', 'MAILINGSTREET', 'Mailing City', 'Default Address Zip', 'billing_country', 'Card Address Line1', 'State/Region', 'Country/Region',
    'Date of Birth (DD/MM/YYYY)', 'dob', 'BIRTH_DT', 'Phone (home)', 'MobilePhone', 'nationality', 'Job Title', 'occupation', 'language', 'gender',
    'status', 'is_deleted', 'deleted_at', 'tax_id', 'pep_status', 'tos_version', 'source_of_funds', 'customer_type', 'company',
    'a: b', '#hash', 'yes', 'null', '~', '"quoted"', "it's", 'x{braces}', '- dash', '* star', '&anchor', '!tag', '%percent', '@at', '`tick`',
    'Größe', '名前', 'Имя', ' padded ', '1', '2024-01-01', '0x10', 'with,comma', 'with;semicolon', "tab\there", 'x' x 200, '', 'a.b', 'a[0].b', 'TODO', 'CHECK');
my %values = (
    name     => sub { pick(qw(Quentinalba Zarathustra Öhmchen Wałęska)) },
    names    => sub { join ' ', map { pick(qw(Quentinalba Zarathustra Wałęska van der Xanthippe)) } 1 .. 1 + int rand 4 },
    comma    => sub { 'Zarathustra, Quentinalba' },
    email    => sub { 'quentinalba' . int(rand 1e6) . '@example.com' },
    phone    => sub { pick("+14155550" . (100 + int rand 100), "'+14155550110", '(415) 555-0110', '4155550110.0') },
    date     => sub { sprintf pick('%2$02d/%3$02d/%1$04d', '%3$02d.%2$02d.%1$04d', '%1$04d-%2$02d-%3$02d', '%1$04d-%2$02d-%3$02dT00:00:00Z', '%3$d-%2$d-%1$04d'),
        1930 + int rand 80, 1 + int rand 12, 1 + int rand 28 },
    epoch    => sub { 300000000 + int rand 900000000 },
    country  => sub { pick('US', 'Germany', 'Narnia', 'Deutschland', 'American', '') },
    word     => sub { pick('active', 'closed', 'true', 'false', 't', 'f', 'Engineer', 'a: b', '"x"', '#y', '- z', "it's", '{', '%', 'ß', 'NULL', '\N') },
    number   => sub { int rand 1e9 },
    empty    => sub { '' },
    odd      => sub { pick("line\nbreak", 'say "hi"', "tab\there", 'back\\slash', "=\"007\"", "'00123", "\x{feff}x", "\x{200b}", 'x' x 300) },
);
my @kinds = sort keys %values;

my ($first, $last) = defined $ENV{SEED} ? ($ENV{SEED}, $ENV{SEED}) : (1, CASES);
for my $number ($first .. $last) {
    srand $number;
    my $provider = pick(@providers);
    my ($name, $bytes) = rand() < 0.25 ? ('case.ndjson', ndjson()) : ('case.csv', csv());
    write_file("$folder/$name", $bytes);
    my ($status, $guessed, $err) = run_program(program('kyc-import'), 'guess', "$folder/$name", '--provider', $provider);
    is($status, 0, "$number: guess writes a job for $provider") or diag $err;
    unlike($guessed, qr/quentinalba\d|41555501\d\d|4155550110/, '  that shows no customer');
    write_file("$folder/case.yaml", $guessed);
    ($status, undef, $err) = run_program(program('kyc-import'), 'check', "$folder/case.yaml", '-q', '--report', "$folder/report");
    cmp_ok($status, '<=', 1, '  that loads and runs') or diag $err, $guessed, substr($bytes, 0, 600);
}
done_testing;

sub pick { return $_[rand @_] }

# Names and kinds of the columns of one file.
sub shape
{
    my @names = map { pick(@columns) } 1 .. 1 + int rand 14;
    return (\@names, [map { pick(@kinds) } @names]);
}

sub csv
{
    my ($names, $kinds) = shape();
    my $delimiter = pick(',', ',', ';', "\t", '|');
    my $escaped = rand() < 0.1;
    my $cell = sub {
        my ($text) = @_;
        return $text unless $text =~ /["\r\n\\]|\Q$delimiter\E/;
        $text =~ s/"/$escaped ? '\\"' : '""'/ge;
        return qq{"$text"};
    };
    my @records = map { [map { $values{$_}->() } @$kinds] } 1 .. 1 + int rand 25;
    my @lines = map { join $delimiter, map { $cell->($_) } @$_ } @records;
    unshift @lines, join $delimiter, map { $cell->($_) } @$names if rand() < 0.85 || !@lines || !grep { $_ eq 'email' } @$kinds;
    unshift @lines, 'Customer report', '' if rand() < 0.1;
    push @lines, 'Total' . $delimiter x $#$names if rand() < 0.1;
    my $text = join '', map { "$_" . pick("\n", "\n", "\r\n") } @lines;
    return "\xef\xbb\xbf" . encode_utf8($text) if rand() < 0.1;
    return encode(pick('cp1250', 'cp1252', 'UTF-16'), $text =~ s/[^\x00-\x7f]/ö/gr) if rand() < 0.15;
    return encode_utf8($text);
}

sub ndjson
{
    my ($names, $kinds) = shape();
    my $json = JSON::PP->new->canonical->utf8;
    my @lines;
    for (1 .. 1 + int rand 20) {
        my %object;
        for my $i (0 .. $#$names) {
            my $value = $values{$kinds->[$i]}->();
            my $shape = rand();
            $object{$names->[$i]} = $shape < 0.6 ? $value : $shape < 0.7 ? undef : $shape < 0.8 ? {inner => $value, '$oid' => 1} : $shape < 0.9 ? [$value, $value]
                : [{number => $value}, {number => 1}];
        }
        push @lines, $json->encode(\%object) . "\n";
    }
    return join '', @lines;
}
