#!/usr/bin/perl
# The samples: their script produces the committed files; the clean one has no finding, and in the dirty one check finds
# the planted defects, by rule and number, and nothing else.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use Test::More;

chdir dirname(__FILE__) . '/../..' or die "$!\n";
my $build = $ENV{KYC_BUILD} // 'build';
my $temp  = tempdir(CLEANUP => 1);

ok(system('scripts/make-samples', $temp) == 0, 'the samples can be made again') or BAIL_OUT('no samples');
for my $name (map { "$_.gz" } qw(customers.csv customers-dirty.csv customers.ndjson customers-dirty.ndjson bank.csv saas.ndjson every-defect.csv)) {
    # What gzip makes of them may differ by its version: the rows may not.
    ok(unpacked("samples/$name") eq unpacked("$temp/$name"), "$name is committed as its script makes it");
}

my $clean = check('jobs/payward.yaml');
is($clean->{status}, 0, 'the clean sample has status 0');
is_deeply([@$clean{qw(read valid rejected warned)}], [200, 200, 0, 0], 'every row of it is valid, without a warning');

my $dirty = check('jobs/demo.yaml');
is($dirty->{status}, 1, 'the dirty sample has status 1');
is($dirty->{read}, $dirty->{valid} + $dirty->{rejected}, 'every row of it is valid or rejected');
my %found = (%{$dirty->{rejects_by_rule}}, %{$dirty->{warnings_by_rule}});
ok(delete $found{'phone/valid'}, 'numbers kept for fiction are warned of');
my %planted = map { split } `scripts/make-samples --tally`;
is_deeply(\%found, \%planted, 'check finds what was planted, rule by rule');

for (['samples/customers-ndjson.yaml', 200], ['samples/bank.yaml', 150], ['samples/saas.yaml', 120]) {
    my ($job, $rows) = @$_;
    my $summary = check($job);
    is_deeply([@$summary{qw(status read valid rejected warned)}], [0, $rows, $rows, 0, 0], "$job: every row is valid, without a warning");
}
for (['samples/customers-ndjson.yaml', 'customers-dirty.ndjson', '--input', 'samples/customers-dirty.ndjson.gz'],
    ['samples/every-defect.yaml', 'every-defect.csv']) {
    my ($job, $name, @more) = @$_;
    my $summary = check($job, @more);
    is($summary->{status}, 1, "$name has status 1");
    my %of = (%{$summary->{rejects_by_rule}}, %{$summary->{warnings_by_rule}});
    delete $of{'phone/valid'} unless $name eq 'every-defect.csv';
    my %wanted = map { split } `scripts/make-samples --tally $name`;
    is_deeply(\%of, \%wanted, "$name: check finds what was planted, rule by rule");
}
done_testing;

sub unpacked {
    my ($path) = @_;
    open my $pipe, '-|', 'gunzip', '-c', $path or die "gunzip: $!\n";
    binmode $pipe;
    local $/;
    return <$pipe>;
}

sub check {
    my ($job, @more) = @_;
    open my $pipe, '-|', "$build/kyc-import", 'check', $job, @more, '--json', '-q', '--report', "$temp/report",
        '--set', "ledger=sqlite:$temp/none.ledger"
        or die "$build/kyc-import: $!\n";
    local $/;
    my $summary = decode_json(<$pipe>);
    close $pipe;
    return $summary;
}
