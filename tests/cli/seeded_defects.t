#!/usr/bin/perl
# An export with planted defects: check counts exactly these, by rule, and reports the right row, line and column.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Compress::Gzip qw(gzip);
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;
use KycSeededDefects;

my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my $count = $ENV{KYC_PLANTED_ROWS} || 20_000;

# The records of a CSV text, each a list of cells.
sub csv_records
{
    my ($text) = @_;
    my (@records, @cells);
    while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n)/gc) {
        my ($quoted, $plain, $end) = ($1, $2, $3);
        push @cells, defined $quoted ? $quoted =~ s/""/"/gr : $plain;
        next if $end eq ',';
        push @records, [@cells];
        @cells = ();
    }
    return @records;
}

# [row, line, verdicts, id] of each reject.
sub rejects_of
{
    my ($format, $text) = @_;
    if ($format eq 'csv') {
        my ($header, @records) = csv_records($text);
        my %at = map { $header->[$_] => $_ } 0 .. $#$header;
        return map { [@$_[@at{qw(kyc_row kyc_line kyc_verdicts id)}]] } @records;
    }
    return map { my $object = JSON::PP->new->utf8->decode($_); [map { "$_" } @$object{qw(kyc_row kyc_line kyc_verdicts id)}] } split /\n/, $text;
}

for my $format (qw(csv ndjson)) {
    my $planted = planted_export($count, $format);
    my $case = case_new($nowhere, rows => 1);
    my $job = read_file("$case->{folder}/job.yaml");
    $job =~ s/^fields:\n.*/"fields:\n" . planted_fields() . planted_rules()/mse;
    $job =~ s/path: export.csv/path: export.$format.gz, max_record: 64KiB/;
    write_file("$case->{folder}/job.yaml", $job);
    gzip(\$planted->{text}, \my $packed);
    write_file("$case->{folder}/export.$format.gz", $packed);
    my ($status, $out, $err) = case_run($case, 'check', '-q');
    is($status, 1, "$format: status 1") or diag $err;
    my $summary = case_summary($case);
    is($summary->{read}, $planted->{read}, "$format: every record was read");
    is($summary->{rejected}, $planted->{rejected}, "$format: as many rejected as were planted");
    is_deeply($summary->{rejects_by_rule}, $planted->{rules}, "$format: by rule, no more and no less");
    is_deeply($summary->{warnings_by_rule}, $planted->{warnings}, "$format: warnings too");
    my @found = map { $_->[2] = join ';', sort split /;/, $_->[2]; $_ } rejects_of($format, case_rejects($case, "rejects.$format.gz"));
    my @want = @{$planted->{rejects}};
    is(scalar @found, scalar @want, "$format: as many in the reject file");
    my @wrong;
    for my $i (0 .. $#want) {
        my ($found, $want) = ($found[$i] || ['nothing'], $want[$i]);
        push @wrong, "@$found[0 .. 2] instead of @$want[0 .. 2]" if join('|', @$found[0 .. 2]) ne join('|', @$want[0 .. 2]);
        last if @wrong > 5;
    }
    is(join("\n", @wrong), '', "$format: each with its row, line and verdicts, in input order");
    my $broken = case_rejects($case, "broken.$format.gz");
    my @missing = grep { index($broken, "$_\n") < 0 } @{$planted->{broken}};
    is(scalar @missing, 0, "$format: the bytes of what is no record are in broken.$format.gz") or diag substr $missing[0], 0, 300;
}
done_testing;
